// What one data point adds: a value, an amount, or events in buckets. One record that is filled again and again.
import type { ExplicitBounds } from '../model/explicit-bounds.ts'
import { NumberRow } from '../model/number-row.ts'
import { exponentialBound } from './exponential.ts'

export class Increase {
  /** `value`: of a gauge, as it is. `amount`: what a counter has gained; below 0 only of one that is not monotonic. `distribution`: of a histogram. */
  kind: 'value' | 'amount' | 'distribution' = 'value'
  value = Number.NaN
  count = 0
  /** NaN: unknown, here as below. */
  sum = Number.NaN
  min = Number.NaN
  max = Number.NaN
  /** Of exponential histograms; null: the bounds are explicit, or there are none. */
  scale: number | null = null
  /** The bucket around 0 reaches so far to both sides. */
  zeroThreshold = 0
  /** Of explicit histograms; null: the bounds are exponential, or there are none. */
  bounds: ExplicitBounds | null = null
  /** Of each bucket, ascending, also of some that count nothing; empty where a histogram has no buckets. */
  counts: NumberRow
  readonly #ownCounts = new NumberRow()
  readonly #lower = new NumberRow()
  readonly #upper = new NumberRow()

  constructor() {
    this.counts = this.#ownCounts
  }

  setValue(kind: 'value' | 'amount', value: number): void {
    this.kind = kind
    this.value = value
  }

  /** Begins a distribution; its buckets are to be added, ascending. */
  begin(count: number, sum: number): void {
    this.kind = 'distribution'
    this.value = Number.NaN
    this.count = count
    this.sum = sum
    this.min = Number.NaN
    this.max = Number.NaN
    this.scale = null
    this.zeroThreshold = 0
    this.bounds = null
    this.counts = this.#ownCounts
    this.counts.length = 0
    this.#lower.length = 0
    this.#upper.length = 0
  }

  /** Bucket `at` is (lowerAt, upperAt]; those at the ends may be infinite. */
  lowerAt(at: number): number {
    if (this.bounds === null) return this.#lower.values[at]
    return at === 0 ? -Infinity : this.bounds.values[at - 1]
  }

  upperAt(at: number): number {
    if (this.bounds === null) return this.#upper.values[at]
    return at === this.bounds.values.length ? Infinity : this.bounds.values[at]
  }

  /** Takes all buckets of an explicit histogram as they are; `counts` must stay so while the increase is read. */
  setExplicit(bounds: ExplicitBounds, counts: NumberRow): void {
    this.bounds = bounds
    this.counts = counts
  }

  /** For buckets without explicit bounds. */
  addBucket(lower: number, upper: number, count: number): void {
    if (count === 0) return
    this.#lower.push(lower)
    this.#upper.push(upper)
    this.counts.push(count)
  }

  /** The bucket of an exponential histogram around 0. */
  addZeroBucket(threshold: number, count: number): void {
    this.zeroThreshold = threshold
    this.addBucket(-threshold, threshold, count)
  }

  /** Bucket `index` of one sign of an exponential histogram of the scale. */
  addExponential(index: number, sign: 1 | -1, count: number, scale: number): void {
    const near = exponentialBound(index, scale)
    const far = exponentialBound(index + 1, scale)
    if (sign === 1) this.addBucket(near, far, count)
    else this.addBucket(-far, -near, count)
  }
}
