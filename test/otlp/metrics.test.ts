// The metrics decoders against protobufjs and against each other, on random requests, unusual and broken ones.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DELTA, HISTOGRAM, type MetricPoint } from '../../src/model/metric-point.ts'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { countPoints, MetricDecoder } from '../../src/otlp/metrics.ts'
import { countPointsJson, MetricJsonDecoder } from '../../src/otlp/metrics-json.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { attempt } from './attempt.ts'
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
          const points = decodePoints(jsonDecoders[index], json, vocabulary)
          expect(points).toEqual(expected)
          expect(countPointsJson(json)).toBe(points.length)
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
    ['{"resourceMetrics":[{"resource":{},"scopeMetrics":[],"resource":{}}]}', /resource is given twice/],
    [
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{},"name":"GET /","sum":{}}]}]}]}',
      /there may be one of gauge, sum, histogram, exponentialHistogram, summary/,
    ],
    [
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"GET /","summary":{"dataPoints":[{"count":"1.5"}]}}]}]}]}',
      /64-bit integer/,
    ],
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
    ['the greatest count', '{"count":"18446744073709551615"}', 'histogram', false],
    ['a count beyond it', '{"count":"18446744073709551616"}', 'histogram', true],
    [
      'a bucket below zero that another makes up for',
      '{"count":3,"bucketCounts":[-1,4],"explicitBounds":[1]}',
      'histogram',
      true,
    ],
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
    ['a zero bucket without an end', '{"count":0,"zeroThreshold":"Infinity"}', 'exponentialHistogram', true],
    [
      'a bucket of what no double is',
      '{"count":1,"scale":0,"positive":{"offset":1024,"bucketCounts":[1]}}',
      'exponentialHistogram',
      true,
    ],
    [
      'the last bucket that there is',
      '{"count":1,"scale":0,"negative":{"offset":1023,"bucketCounts":[1,0]}}',
      'exponentialHistogram',
      false,
    ],
    [
      'the first one, of the least double',
      '{"count":1,"scale":0,"positive":{"offset":-1075,"bucketCounts":[1]}}',
      'exponentialHistogram',
      false,
    ],
    [
      'one before it',
      '{"count":1,"scale":0,"positive":{"offset":-1076,"bucketCounts":[1]}}',
      'exponentialHistogram',
      true,
    ],
    ['a scale beyond all', '{"count":0,"scale":21}', 'exponentialHistogram', true],
  ])('is told: %s', (_sentence, point, data, expected) => {
    expect(isMalformed(point, data)).toBe(expected)
  })
})

test('a point of more buckets than are read is malformed in both encodings, and those after it are read', () => {
  const counts = Array.from({ length: 100_001 }, () => 0)
  const dataPoints = [{ bucketCounts: counts, explicitBounds: [] }, { count: 3 }]
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'GET /', histogram: { dataPoints } }] }] }] }
  for (const [decoder, body] of [
    [decoders[0], writable.encode(writable.fromObject(request)).finish()],
    [jsonDecoders[0], Buffer.from(JSON.stringify(request))],
  ] as const) {
    const found: boolean[] = []
    decoder.decode(body, (point: MetricPoint) => found.push(point.isMalformed))
    expect(found).toEqual([true, false])
  }
})

describe('a unit of time', () => {
  const bodyOf = (unit: string | undefined): Uint8Array => {
    const metric = { name: 'GET /', ...(unit === undefined ? {} : { unit }), gauge: { dataPoints: [{ asInt: 1 }] } }
    // The one after it has no unit, and must not inherit one.
    const metrics = [metric, { name: 'GET /', gauge: { dataPoints: [{ asInt: 1 }] } }]
    return writable.encode(writable.fromObject({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })).finish()
  }
  test.each([
    ['s', 1],
    ['ms', 1000],
    ['us', 1e6],
    ['µs', 1e6],
    ['ns', 1e9],
    ['min', 1 / 60],
    ['h', 1 / 3600],
    ['d', 1 / 86_400],
    ['milliseconds', 1000],
    ['By', 1],
    ['', 1],
    [undefined, 1],
  ])('%s is told of its points', (unit, perSecond) => {
    const body = bodyOf(unit)
    for (const [decoder, bytes] of [
      [decoders[0], body],
      [jsonDecoders[0], Buffer.from(toJson('metrics', body))],
    ] as const) {
      const found: number[] = []
      decoder.decode(bytes, (point: MetricPoint) => found.push(point.unitsPerSecond))
      expect(found).toEqual([perSecond, 1])
    }
  })
})
