// The metrics decoders against protobufjs and against each other, on random requests, unusual and broken ones.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DELTA, HISTOGRAM, type MetricPoint } from '../../src/model/metric-point.ts'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countPoints, MetricDecoder } from '../../src/otlp/metrics.ts'
import { countPointsJson, MetricJsonDecoder } from '../../src/otlp/metrics-json.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { damage, dice, messageOf, scramble } from './generate.ts'
import { decodePoints, expectedPoints, type RawMetricRequest } from './points.ts'
import { rawMetrics, requests } from './proto.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES } from './spans.ts'

const numRuns = Number(process.env.FUZZ_RUNS ?? 150)
const seed = 20261127
const writable = requests.lookupType('ExportMetricsServiceRequest')
const raw = rawMetrics.lookupType('ExportMetricsServiceRequest')
const vocabularies = [
  new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES, metrics: ['GET /', 'feature_flag'] }),
  new Vocabulary({ names: [] }),
]
const decoders = vocabularies.map((vocabulary) => new MetricDecoder(vocabulary))
const jsonDecoders = vocabularies.map((vocabulary) => new MetricJsonDecoder(vocabulary))

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']

const messages = messageOf(writable).map((message) => writable.encode(writable.fromObject(keepOneOf(message))).finish())

/** Of a oneof one member is written: which of several counts is a matter of their order in the bytes. */
function keepOneOf(message: Record<string, unknown>): Record<string, unknown> {
  for (const { scopeMetrics = [] } of (message['resourceMetrics'] ?? []) as {
    scopeMetrics?: { metrics?: Record<string, unknown>[] }[]
  }[])
    for (const { metrics = [] } of scopeMetrics)
      for (const metric of metrics) {
        const present = DATA.filter((name) => name in metric)
        for (const name of present.slice(1)) delete metric[name]
        for (const point of (metric[present[0]] as { dataPoints?: Record<string, unknown>[] } | undefined)
          ?.dataPoints ?? [])
          if ('asDouble' in point) delete point['asInt']
      }
  return message
}

describe('the protobuf decoder of metrics', () => {
  test('finds in random requests what a full decode finds, for any vocabulary', () => {
    fc.assert(
      fc.property(messages, (body) => {
        for (const [index, vocabulary] of vocabularies.entries()) {
          const points = decodePoints(decoders[index], body, vocabulary)
          expect(points).toEqual(expectedPoints(raw.decode(body) as RawMetricRequest, vocabulary))
          expect(countPoints(body)).toBe(points.length)
        }
      }),
      { numRuns, seed },
    )
  })

  test('finds it whatever the order, the pieces and the strangers among the fields', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const body = scramble(message, writable, dice(luck))
        for (const [index, vocabulary] of vocabularies.entries())
          expect(decodePoints(decoders[index], body, vocabulary)).toEqual(
            expectedPoints(raw.decode(body) as RawMetricRequest, vocabulary),
          )
      }),
      { numRuns, seed },
    )
  })

  test('refuses broken bytes with DecodeError alone', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const broken = damage(message, dice(luck))
        for (const decoder of decoders) attempt(() => decoder.decode(broken, () => {}))
        attempt(() => countPoints(broken))
      }),
      { numRuns: 2 * numRuns, seed },
    )
  })
})

describe('the JSON decoder of metrics', () => {
  test('finds the same as the other for the same content', () => {
    fc.assert(
      fc.property(messages, (body) => {
        const json = Buffer.from(toJson('metrics', body))
        for (const [index, vocabulary] of vocabularies.entries()) {
          const expected = decodePoints(decoders[index], body, vocabulary)
          const points = attempt(() => decodePoints(jsonDecoders[index], json, vocabulary))
          // Counts beyond what is signed are nothing that anybody sends.
          if (points instanceof DecodeError) expect(points.message).toContain('64-bit integer')
          else {
            expect(points).toEqual(expected)
            expect(countPointsJson(json)).toBe(points.length)
          }
        }
      }),
      { numRuns, seed },
    )
  })

  test('takes members in any order, numbers as numbers or text, and null for nothing', () => {
    const vocabulary = vocabularies[0]
    const point =
      '{"bucketCounts":[1,"2"],"explicitBounds":[0.5],"count":3,"sum":"NaN","max":null,"timeUnixNano":2000000000,"attributes":null}'
    const metric = `{"histogram":{"dataPoints":[${point}],"aggregationTemporality":1},"unit":"s","name":"GET /"}`
    const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric}],"scope":{"name":"x"}}],"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}}]}`
    const [found] = decodePoints(jsonDecoders[0], Buffer.from(text), vocabulary)
    expect(found).toMatchObject({
      kind: HISTOGRAM,
      temporality: DELTA,
      time: 2_000_000_000n,
      resource: { values: { 'service.name': 'shop' } },
      numbers: { buckets: [1, 2], bounds: [0.5], count: 3, sum: Number.NaN, max: Number.NaN },
    })
  })

  test.each([
    [
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"GET /","gauge":{"dataPoints":[{"asInt":"x"}]}}]}]}]}',
      /asInt.*64-bit integer|64-bit integer.*asInt/,
    ],
    [
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"GET /","sum":{"dataPoints":[{}],"aggregationTemporality":"DELTA"}}]}]}]}',
      /expected/,
    ],
    ['{"resourceMetrics":[{"scopeMetrics":{}}]}', /expected an array/],
  ])('refuses %s', (text, message) => {
    expect(() => jsonDecoders[0].decode(Buffer.from(text), () => {})).toThrow(message)
  })
})

describe('a point whose numbers contradict each other', () => {
  const isMalformed = (point: string, data = 'histogram'): boolean => {
    const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"GET /","${data}":{"dataPoints":[${point}]}}]}]}]}`
    const found: boolean[] = []
    jsonDecoders[0].decode(Buffer.from(text), (one: MetricPoint) => found.push(one.isMalformed))
    return found[0]
  }
  test.each([
    ['no buckets', '{"count":3}', 'histogram', false],
    ['buckets that fit', '{"count":3,"bucketCounts":[1,2],"explicitBounds":[1]}', 'histogram', false],
    ['a bucket too few', '{"count":3,"bucketCounts":[3],"explicitBounds":[1]}', 'histogram', true],
    ['another sum of buckets', '{"count":4,"bucketCounts":[1,2],"explicitBounds":[1]}', 'histogram', true],
    ['bounds that fall', '{"count":3,"bucketCounts":[1,1,1],"explicitBounds":[2,1]}', 'histogram', true],
    ['a bound that is none', '{"count":3,"bucketCounts":[1,2],"explicitBounds":["NaN"]}', 'histogram', true],
    ['a count below zero', '{"count":-1}', 'histogram', true],
    [
      'exponential buckets that fit',
      '{"count":4,"zeroCount":1,"scale":3,"positive":{"bucketCounts":[1,2]}}',
      'exponentialHistogram',
      false,
    ],
    [
      'exponential ones that do not',
      '{"count":5,"zeroCount":1,"positive":{"bucketCounts":[1,2]}}',
      'exponentialHistogram',
      true,
    ],
    ['a scale beyond all', '{"count":0,"scale":21}', 'exponentialHistogram', true],
  ])('is told: %s', (_sentence, point, data, expected) => {
    expect(isMalformed(point, data)).toBe(expected)
  })
})

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
})

function attempt<T>(read: () => T): T | DecodeError {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
}
