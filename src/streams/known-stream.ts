// What is remembered of a time series, and what its next point has gained over the last one. A hundred thousand of these are written over every few
// seconds: all numbers of one are in one array, which holds them unboxed.
import type { ExplicitBounds } from '../model/explicit-bounds.ts'
import { EXPONENTIAL_HISTOGRAM, HISTOGRAM, type MetricPoint, SUMMARY } from '../model/metric-point.ts'
import type { Increase } from './increase.ts'
import { KnownExponential } from './known-exponential.ts'
import type { Identified } from './stream-index.ts'

// Places in the array of numbers.
const START = 0
const LAST = 1
const SEEN = 2
/** Of a sum its value, of a histogram its count, sum and buckets. */
const VALUE = 3
const COUNT = 3
const SUM = 4
const BUCKETS = 5

export class KnownStream implements Identified {
  // The words of the identity as signed integers, which are held unboxed.
  readonly word: number
  readonly #second: number
  readonly #third: number
  readonly #fourth: number
  #numbers: number[]
  /** Of an explicit histogram; null: it is none, or nothing is remembered of its numbers. */
  #bounds: ExplicitBounds | null = null
  #exponential: KnownExponential | null = null
  #isNumber = false

  constructor(stream: Uint32Array, times: { startMicros: number; lastMicros: number; seenMs: number }) {
    this.word = stream[0] | 0
    this.#second = stream[1] | 0
    this.#third = stream[2] | 0
    this.#fourth = stream[3] | 0
    this.#numbers = [times.startMicros, times.lastMicros, times.seenMs]
  }

  is(stream: Uint32Array): boolean {
    return (
      this.word === (stream[0] | 0) &&
      this.#second === (stream[1] | 0) &&
      this.#third === (stream[2] | 0) &&
      this.#fourth === (stream[3] | 0)
    )
  }

  /** 53 bits of the identity. */
  get key(): number {
    return keyOf(this.word, this.#second)
  }

  /** Unix microseconds. Of a delta series: since when it was told without a gap. */
  get startMicros(): number {
    return this.#numbers[START]
  }

  set startMicros(micros: number) {
    this.#numbers[START] = micros
  }

  get lastMicros(): number {
    return this.#numbers[LAST]
  }

  set lastMicros(micros: number) {
    this.#numbers[LAST] = micros
  }

  get seenMs(): number {
    return this.#numbers[SEEN]
  }

  set seenMs(ms: number) {
    this.#numbers[SEEN] = ms
  }

  /** Whether the numbers of its last point are remembered, since they are cumulative. */
  get isCumulative(): boolean {
    return this.#isNumber || this.#bounds !== null || this.#exponential !== null
  }

  /** Numbers that it holds. */
  get size(): number {
    return this.#numbers.length + (this.#exponential?.size ?? 0)
  }

  /** Remembers the numbers of a point, in the place of those before. */
  remember(point: MetricPoint): void {
    this.#isNumber = !isExplicit(point) && point.kind !== EXPONENTIAL_HISTOGRAM
    this.#bounds = isExplicit(point) ? point.bounds : null
    this.#exponential = point.kind === EXPONENTIAL_HISTOGRAM ? new KnownExponential(point) : null
    const { values, length } = point.buckets
    this.#resize(this.#isNumber ? VALUE + 1 : BUCKETS + (this.#bounds === null ? 0 : length))
    const numbers = this.#numbers
    if (this.#isNumber) {
      numbers[VALUE] = point.value
      return
    }
    numbers[COUNT] = point.count
    numbers[SUM] = point.sum
    if (this.#bounds === null) return
    for (let at = 0; at < length; at++) numbers[BUCKETS + at] = values[at]
  }

  /** Fills the increase with what a point has gained over what is remembered; false where it has lost anything, or is not of its kind. */
  gain(point: MetricPoint, into: Increase): boolean {
    if (isExplicit(point)) return this.#bounds !== null && this.#gainExplicit(this.#bounds, point, into)
    if (point.kind === EXPONENTIAL_HISTOGRAM)
      return this.#exponential !== null && this.#gainExponential(this.#exponential, point, into)
    if (!this.#isNumber || point.value < this.#numbers[VALUE]) return false
    into.setValue('amount', point.value - this.#numbers[VALUE])
    return true
  }

  /** Whether a point has other buckets than what is remembered, so that the two cannot be compared. */
  hasOtherBounds({ kind, bounds }: MetricPoint): boolean {
    return kind === HISTOGRAM && this.#bounds !== null && !this.#bounds.equals(bounds)
  }

  /** Whether a point says what is remembered. */
  isSame(point: MetricPoint): boolean {
    if (this.#isNumber) return this.#numbers[VALUE] === point.value
    return this.isCumulative && this.#numbers[COUNT] === point.count && Object.is(this.#numbers[SUM], point.sum)
  }

  /** Whether a point counts less than what is remembered. */
  isMoreThan(point: MetricPoint): boolean {
    return this.#isNumber ? point.value < this.#numbers[VALUE] : point.count < this.#numbers[COUNT]
  }

  #resize(length: number): void {
    if (this.#numbers.length === length) return
    const [startMicros, lastMicros, seenMs] = this.#numbers
    this.#numbers = Array.from({ length }, () => 0.5)
    this.#numbers[START] = startMicros
    this.#numbers[LAST] = lastMicros
    this.#numbers[SEEN] = seenMs
  }

  #gainExplicit(knownBounds: ExplicitBounds, point: MetricPoint, into: Increase): boolean {
    const { bounds, count, sum } = point
    const { values, length } = point.buckets
    const before = this.#numbers
    if (count < before[COUNT] || !knownBounds.equals(bounds) || before.length !== BUCKETS + length) return false
    into.begin(count - before[COUNT], sum - before[SUM])
    if (bounds.values.length === 0) return true
    into.bounds = knownBounds
    for (let at = 0; at < length; at++) {
      const gained = values[at] - before[BUCKETS + at]
      if (gained < 0) return false
      into.counts.push(gained)
    }
    return true
  }

  #gainExponential(before: KnownExponential, point: MetricPoint, into: Increase): boolean {
    const { count, sum } = point
    if (count < this.#numbers[COUNT]) return false
    into.begin(count - this.#numbers[COUNT], sum - this.#numbers[SUM])
    return before.gain(point, into)
  }
}

/** Numbers of a point that are remembered, about. */
export function sizeOf({ buckets, positive, negative }: MetricPoint): number {
  return BUCKETS + buckets.length + positive.counts.length + negative.counts.length
}

/** 53 bits out of the first two words of an identity. */
export function keyOf(first: number, second: number): number {
  return (first >>> 0) * 2_097_152 + (second >>> 11)
}

/** A histogram with explicit bounds; a summary is one without any. */
function isExplicit({ kind }: MetricPoint): boolean {
  return kind === HISTOGRAM || kind === SUMMARY
}

/** Fills the increase with all that a point says. */
export function fillWhole(point: MetricPoint, into: Increase): void {
  if (!isExplicit(point) && point.kind !== EXPONENTIAL_HISTOGRAM) {
    into.setValue('amount', point.value)
    return
  }
  into.begin(point.count, point.sum)
  if (!isExplicit(point)) fillExponential(point, into)
  // One bucket without an end says no more than the count.
  else if (point.bounds.values.length > 0) into.setExplicit(point.bounds, point.buckets)
  into.min = ifFinite(point.min)
  into.max = ifFinite(point.max)
}

/** The least or greatest value limits nothing where it is infinite. */
function ifFinite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN
}

function fillExponential({ scale, positive, negative, zeroCount, zeroThreshold }: MetricPoint, into: Increase): void {
  into.scale = scale
  for (let at = negative.counts.length - 1; at >= 0; at--)
    into.addExponential(negative.offset + at, -1, negative.counts.values[at], scale)
  into.addZeroBucket(zeroThreshold, zeroCount)
  for (let at = 0; at < positive.counts.length; at++)
    into.addExponential(positive.offset + at, 1, positive.counts.values[at], scale)
}
