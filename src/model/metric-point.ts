// The decoded data point of a metric, as span.ts is for spans. Numbers are only read of metrics that the vocabulary names; of all others
// the attributes alone, since every point is attributed.
import { type AttributedRecord, AttributeSet } from './attributes.ts'
import { type ExplicitBounds, NO_BOUNDS } from './explicit-bounds.ts'
import { NumberRow } from './number-row.ts'
import type { Vocabulary } from './vocabulary.ts'

export const GAUGE = 1
export const SUM = 2
export const HISTOGRAM = 3
export const EXPONENTIAL_HISTOGRAM = 4
export const SUMMARY = 5
/** What a metric is; 0: nothing that is known. */
export type MetricKind =
  | 0
  | typeof GAUGE
  | typeof SUM
  | typeof HISTOGRAM
  | typeof EXPONENTIAL_HISTOGRAM
  | typeof SUMMARY

export const DELTA = 1
export const CUMULATIVE = 2

/** Buckets of one sign of an exponential histogram: bucket i, from `offset` on, holds (base^i, base^(i+1)], base = 2^(2^-scale). */
export class ExponentialBuckets {
  offset = 0
  readonly counts = new NumberRow()
}

/** One data point. */
export class MetricPoint implements AttributedRecord {
  // Of the metric, the same for all of its points.
  /** Index into the vocabulary's metrics; -1: nobody asks for its numbers. */
  metric = -1
  kind: MetricKind = 0
  /** 0: unspecified; DELTA or CUMULATIVE. Of sums and histograms. */
  temporality = 0
  isMonotonic = false
  /** How many of its unit are a second; 1 where it is no unit of time, or not told. */
  unitsPerSecond = 1

  // Of the point.
  /** Whole seconds since the epoch and the nanoseconds within; start is 0 where it is unknown. */
  startSecond = 0
  startNanos = 0
  second = 0
  nanos = 0
  /** Flag NO_RECORDED_VALUE: the stream has ended or is absent now; there are no numbers. */
  isStale = false
  /** Its numbers contradict each other (buckets and bounds, their sum and the count) or are beyond what is read. */
  isMalformed = false
  /** Of gauges and sums; NaN: none. */
  value = Number.NaN
  /** Of histograms and summaries. */
  count = 0
  /** Of histograms and summaries; NaN: none. */
  sum = Number.NaN
  /** Of histograms; NaN: none. */
  min = Number.NaN
  max = Number.NaN
  /** Explicit bounds, and one bucket more than these; both empty: the histogram has no buckets. Bucket i holds (bounds[i-1], bounds[i]]. */
  bounds: ExplicitBounds = NO_BOUNDS
  readonly buckets = new NumberRow()
  scale = 0
  zeroCount = 0
  zeroThreshold = 0
  readonly positive = new ExponentialBuckets()
  readonly negative = new ExponentialBuckets()
  readonly attributes: AttributeSet
  readonly resource: AttributeSet

  /**
   * Identity of the time series: a 128-bit hash over resource attributes, scope (name, version, attributes), metric (name, unit, kind,
   * temporality, monotonic) and point attributes, in whatever order the attributes come. Only of wanted metrics.
   */
  readonly stream = new Uint32Array(4)

  constructor(vocabulary: Vocabulary) {
    this.attributes = new AttributeSet(vocabulary)
    this.resource = new AttributeSet(vocabulary)
  }

  /** Forgets the point; metric and resource stay. */
  clear(): void {
    this.startSecond = 0
    this.startNanos = 0
    this.second = 0
    this.nanos = 0
    this.isStale = false
    this.isMalformed = false
    this.value = Number.NaN
    this.count = 0
    this.sum = Number.NaN
    this.min = Number.NaN
    this.max = Number.NaN
    this.bounds = NO_BOUNDS
    this.buckets.length = 0
    this.scale = 0
    this.zeroCount = 0
    this.zeroThreshold = 0
    this.positive.offset = 0
    this.positive.counts.length = 0
    this.negative.offset = 0
    this.negative.counts.length = 0
    this.attributes.clear()
    for (let word = 0; word < this.stream.length; word++) this.stream[word] = 0
  }
}
