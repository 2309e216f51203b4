// What a decoder should have found: data points as plain data, from a record or, naively, from a message that protobufjs decoded.
import type { MetricPoint } from '../../src/model/metric-point.ts'
import type { NumberRow } from '../../src/model/number-row.ts'
import type { Vocabulary } from '../../src/model/vocabulary.ts'
import {
  expectedAttributes,
  int64,
  type Long,
  type PlainAttributes,
  plainAttributes,
  type RawKeyValue,
  text,
} from './spans.ts'

export interface PlainPoint {
  readonly metric: number
  readonly kind: number
  readonly temporality: number
  readonly isMonotonic: boolean
  readonly start: bigint
  readonly time: bigint
  readonly isStale: boolean
  readonly attributes: PlainAttributes
  readonly resource: PlainAttributes
  /** Of wanted metrics. */
  readonly numbers: Readonly<Record<string, unknown>> | null
}

/** A record's content, copied. */
export function plainPoint(point: MetricPoint, vocabulary: Vocabulary): PlainPoint {
  const {
    metric,
    kind,
    temporality,
    isMonotonic,
    isStale,
    value,
    count,
    sum,
    min,
    max,
    scale,
    zeroCount,
    zeroThreshold,
  } = point
  return {
    metric,
    kind,
    temporality,
    isMonotonic,
    start: nanos(point.startSecond, point.startNanos),
    time: nanos(point.second, point.nanos),
    isStale,
    attributes: plainAttributes(point.attributes, vocabulary),
    resource: plainAttributes(point.resource, vocabulary),
    numbers:
      metric < 0
        ? null
        : {
            value,
            count,
            sum,
            min,
            max,
            bounds: [...point.bounds.values],
            buckets: row(point.buckets),
            scale,
            zeroCount,
            zeroThreshold,
            positive: [point.positive.offset, row(point.positive.counts)],
            negative: [point.negative.offset, row(point.negative.counts)],
          },
  }
}

/** All points that a decoder gives for a body. */
export function decodePoints(
  decoder: { decode(body: Uint8Array, sink: (point: MetricPoint) => void): number },
  body: Uint8Array,
  vocabulary: Vocabulary,
): PlainPoint[] {
  const points: PlainPoint[] = []
  const count = decoder.decode(body, (record) => points.push(plainPoint(record, vocabulary)))
  if (count !== points.length) throw new Error(`decode returned ${count} for ${points.length} points`)
  return points
}

function nanos(second: number, within: number): bigint {
  return BigInt(second) * 1_000_000_000n + BigInt(within)
}

function row({ values, length }: NumberRow): number[] {
  return [...values.subarray(0, length)]
}

interface RawBuckets {
  offset?: number
  bucketCounts?: Long[]
}
interface RawPoint {
  startTimeUnixNano?: Long
  timeUnixNano?: Long
  asDouble?: number
  asInt?: Long
  count?: Long
  sum?: number
  min?: number
  max?: number
  bucketCounts?: Long[]
  explicitBounds?: number[]
  scale?: number
  zeroCount?: Long
  zeroThreshold?: number
  positive?: RawBuckets
  negative?: RawBuckets
  attributes?: RawKeyValue[]
  flags?: number
}
interface RawData {
  dataPoints?: RawPoint[]
  aggregationTemporality?: number
  isMonotonic?: boolean
}
type Kind = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'
const KINDS: readonly Kind[] = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']
interface RawMetric extends Partial<Record<Kind, RawData>> {
  name?: Uint8Array
}
export interface RawMetricRequest {
  resourceMetrics?: { resource?: { attributes?: RawKeyValue[] }; scopeMetrics?: { metrics?: RawMetric[] }[] }[]
}

/** The points of a request as they ought to be decoded, by the simplest code. */
export function expectedPoints(request: RawMetricRequest, vocabulary: Vocabulary): PlainPoint[] {
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }) => {
    const ofResource = expectedAttributes(resource?.attributes, vocabulary)
    return (scopeMetrics ?? [])
      .flatMap(({ metrics }) => metrics ?? [])
      .flatMap((metric) => expectedOf(metric, vocabulary).map((point) => ({ ...point, resource: ofResource })))
  })
}

function expectedOf(metric: RawMetric, vocabulary: Vocabulary): Omit<PlainPoint, 'resource'>[] {
  const kind = KINDS.findIndex((name) => Object.hasOwn(metric, name)) + 1
  const data = kind === 0 ? undefined : metric[KINDS[kind - 1]]
  const index = vocabulary.metrics.indexOf(text(metric.name))
  const temporality = kind === 2 || kind === 3 || kind === 4 ? (data?.aggregationTemporality ?? 0) : 0
  return (data?.dataPoints ?? []).map((point) => ({
    metric: index,
    kind,
    temporality,
    isMonotonic: kind === 2 && (data?.isMonotonic ?? false),
    start: BigInt.asUintN(64, int64(point.startTimeUnixNano)),
    time: BigInt.asUintN(64, int64(point.timeUnixNano)),
    isStale: ((point.flags ?? 0) & 1) === 1,
    attributes: expectedAttributes(point.attributes, vocabulary),
    numbers: index < 0 ? null : expectedNumbers(point),
  }))
}

function expectedNumbers(point: RawPoint): PlainPoint['numbers'] {
  const unsigned = (long?: Long): number => Number(BigInt.asUintN(64, int64(long)))
  const own = (name: 'asDouble' | 'sum' | 'min' | 'max'): number =>
    Object.hasOwn(point, name) ? point[name]! : Number.NaN
  const buckets = (given?: RawBuckets): unknown => [given?.offset ?? 0, (given?.bucketCounts ?? []).map(unsigned)]
  return {
    value: Object.hasOwn(point, 'asInt') ? Number(int64(point.asInt)) : own('asDouble'),
    count: unsigned(point.count),
    sum: own('sum'),
    min: own('min'),
    max: own('max'),
    bounds: point.explicitBounds ?? [],
    buckets: (point.bucketCounts ?? []).map(unsigned),
    scale: point.scale ?? 0,
    zeroCount: unsigned(point.zeroCount),
    zeroThreshold: point.zeroThreshold ?? 0,
    positive: buckets(point.positive),
    negative: buckets(point.negative),
  }
}
