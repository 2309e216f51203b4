// What one data point adds: a value, an amount, or events in buckets. One record that is filled again and again.
import { NumberRow } from '../model/metric-point.ts'
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
  /** Buckets (lower, upper] that count anything, ascending; empty where a histogram has no buckets. */
  readonly lower = new NumberRow()
  readonly upper = new NumberRow()
  readonly counts = new NumberRow()
  /** Explicit bounds, ascending, whether their buckets count anything or not. */
  readonly bounds = new NumberRow()

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
    this.lower.length = 0
    this.upper.length = 0
    this.counts.length = 0
    this.bounds.length = 0
  }

  addBucket(lower: number, upper: number, count: number): void {
    if (count === 0) return
    this.lower.push(lower)
    this.upper.push(upper)
    this.counts.push(count)
  }

  /** Bucket `index` of one sign of an exponential histogram of the scale. */
  addExponential(index: number, sign: 1 | -1, count: number, scale: number): void {
    const near = exponentialBound(index, scale)
    const far = exponentialBound(index + 1, scale)
    if (sign === 1) this.addBucket(near, far, count)
    else this.addBucket(-far, -near, count)
  }
}
