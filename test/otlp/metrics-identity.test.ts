// Which points are of one time series: by all that describes them, in whatever order it comes.
import { describe, expect, test } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { MetricDecoder } from '../../src/otlp/metrics.ts'
import { MetricJsonDecoder } from '../../src/otlp/metrics-json.ts'
import { requests } from './proto.ts'

const writable = requests.lookupType('ExportMetricsServiceRequest')

describe('the identity of a time series', () => {
  const vocabulary = new Vocabulary({ names: [], metrics: ['m'] })
  const decoder = new MetricDecoder(vocabulary)
  type Text = Readonly<Record<string, string | number | boolean>>
  const attributes = (given: Text) =>
    Object.entries(given).map(([key, value]) => ({
      key,
      value:
        typeof value === 'string'
          ? { stringValue: value }
          : typeof value === 'boolean'
            ? { boolValue: value }
            : { intValue: value },
    }))
  const identity = (of: {
    resource?: Text
    scope?: string
    point?: Text
    unit?: string
    data?: string
    monotonic?: boolean
  }): string => {
    const { resource = {}, scope = 's', point = {}, unit = 's', data = 'sum', monotonic = true } = of
    const body = writable
      .encode(
        writable.fromObject({
          resourceMetrics: [
            {
              resource: { attributes: attributes(resource) },
              scopeMetrics: [
                {
                  scope: { name: scope },
                  metrics: [
                    {
                      name: 'm',
                      unit,
                      [data]: {
                        aggregationTemporality: 2,
                        isMonotonic: monotonic,
                        dataPoints: [{ attributes: attributes(point), asInt: 1 }],
                      },
                    },
                  ],
                },
              ],
            },
          ],
        }),
      )
      .finish()
    let found = ''
    decoder.decode(body, ({ stream }) => (found = stream.join()))
    return found
  }

  test('is the same for attributes in any order, and another for anything else that differs', () => {
    const base = { resource: { a: '1', b: '2' }, point: { c: '3', d: '4' } }
    expect(identity({ resource: { b: '2', a: '1' }, point: { d: '4', c: '3' } })).toBe(identity(base))
    const others = [
      base,
      { resource: { a: '1', b: '2', c: '3' }, point: { d: '4' } },
      { resource: { a: '2', b: '1' }, point: { c: '3', d: '4' } },
      { ...base, point: { c: '3', d: 4 } },
      { ...base, point: { c: '3', d: true } },
      { ...base, point: { c: '3' } },
      { ...base, scope: 't' },
      { ...base, unit: 'ms' },
      { ...base, monotonic: false },
      { ...base, data: 'histogram' },
    ]
    expect(new Set(others.map(identity)).size).toBe(others.length)
  })

  test('has no collision among many that hardly differ, not even in half of its bits', () => {
    const halves = new Set<string>()
    const count = 100_000
    const dataPoints = Array.from({ length: count }, (_, n) => ({
      attributes: attributes({ pod: `pod-${n % 1000}`, route: `/r/${Math.floor(n / 1000)}` }),
      asInt: 1,
    }))
    const body = writable
      .encode(
        writable.fromObject({
          resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }],
        }),
      )
      .finish()
    decoder.decode(body, ({ stream }) => halves.add(`${stream[0]},${stream[1]}`))
    expect(halves.size).toBe(count)
  })

  test('of JSON is the same whatever the order of the members, and for attributes in any order', () => {
    const json = new MetricJsonDecoder(vocabulary)
    const attribute = (key: string, text: string): string => `{"key":"${key}","value":{"stringValue":"${text}"}}`
    const [first, second] = [attribute('a', '1'), attribute('b', '2')]
    const identityOf = (parts: { attributes: string; unit: string; isEarly: boolean }): string => {
      const { attributes: given, unit, isEarly } = parts
      const data = `"sum":{"dataPoints":[{"attributes":[${given}],"asInt":"1"}],"isMonotonic":true,"aggregationTemporality":2}`
      const metric = isEarly ? `"name":"m","unit":"${unit}",${data}` : `${data},"unit":"${unit}","name":"m"`
      const text = isEarly
        ? `{"resource":{"attributes":[${given}]},"scopeMetrics":[{"scope":{"name":"s"},"metrics":[{${metric}}]}]}`
        : `{"scopeMetrics":[{"metrics":[{${metric}}],"scope":{"name":"s"}}],"resource":{"attributes":[${given}]}}`
      let found = ''
      json.decode(Buffer.from(`{"resourceMetrics":[${text}]}`), ({ stream }) => (found = stream.join()))
      return found
    }
    const both = `${first},${second}`
    const one = identityOf({ attributes: both, unit: 's', isEarly: true })
    expect(identityOf({ attributes: both, unit: 's', isEarly: false })).toBe(one)
    expect(identityOf({ attributes: `${second},${first}`, unit: 's', isEarly: false })).toBe(one)
    expect(identityOf({ attributes: first, unit: 's', isEarly: true })).not.toBe(one)
    expect(identityOf({ attributes: both, unit: 'ms', isEarly: true })).not.toBe(one)
  })
})
