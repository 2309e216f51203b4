// What is remembered of the last point of a cumulative time series, and what the next one has gained over it. Remembered numbers are written over
// in place: a hundred thousand series are told of again every few seconds.
import { EXPONENTIAL_HISTOGRAM, HISTOGRAM, type MetricPoint, type NumberRow } from '../model/metric-point.ts'
import { downscale, type IndexedCounts } from './exponential.ts'
import type { Increase } from './increase.ts'

/** Numbers of a point, kept. */
export type Snapshot =
  | { readonly kind: 'number'; value: number }
  | { readonly kind: 'explicit'; count: number; sum: number; bounds: readonly number[]; counts: number[] }
  | {
      readonly kind: 'exponential'
      count: number
      sum: number
      scale: number
      zeroCount: number
      positive: IndexedCounts
      negative: IndexedCounts
    }
type Explicit = Extract<Snapshot, { kind: 'explicit' }>
type Exponential = Extract<Snapshot, { kind: 'exponential' }>

/** Remembers the point, in the place of `before` where that has room for it. */
export function remember(point: MetricPoint, before: Snapshot | null): Snapshot {
  if (point.kind === HISTOGRAM) return rememberExplicit(point, before?.kind === 'explicit' ? before : null)
  if (point.kind === EXPONENTIAL_HISTOGRAM) return rememberExponential(point)
  if (before?.kind !== 'number') return { kind: 'number', value: point.value }
  before.value = point.value
  return before
}

function rememberExplicit({ count, sum, bounds, buckets }: MetricPoint, before: Explicit | null): Snapshot {
  if (before === null || !hasBounds(before.bounds, bounds))
    return { kind: 'explicit', count, sum, bounds: sharedBounds(bounds), counts: numbersOf(buckets) }
  before.count = count
  before.sum = sum
  for (let at = 0; at < buckets.length; at++) before.counts[at] = buckets.values[at]
  return before
}

function rememberExponential({ count, sum, scale, zeroCount, positive, negative }: MetricPoint): Snapshot {
  return {
    kind: 'exponential',
    count,
    sum,
    scale,
    zeroCount,
    positive: { offset: positive.offset, counts: numbersOf(positive.counts) },
    negative: { offset: negative.offset, counts: numbersOf(negative.counts) },
  }
}

/** The series of one instrument have the same bounds, and come one after the other. */
let latestBounds: readonly number[] = []

function sharedBounds(bounds: NumberRow): readonly number[] {
  if (!hasBounds(latestBounds, bounds)) latestBounds = numbersOf(bounds)
  return latestBounds
}

function hasBounds(known: readonly number[], { values, length }: NumberRow): boolean {
  if (known.length !== length) return false
  for (let at = 0; at < length; at++) if (known[at] !== values[at]) return false
  return true
}

/** Fills the increase with all that a point says. */
export function fillWhole(point: MetricPoint, into: Increase): void {
  if (point.kind !== HISTOGRAM && point.kind !== EXPONENTIAL_HISTOGRAM) {
    into.setValue('amount', point.value)
    return
  }
  into.begin(point.count, point.sum)
  if (point.kind === HISTOGRAM) fillExplicit(point, null, into)
  else fillExponential(point, into)
  into.min = point.min
  into.max = point.max
}

/** Fills the increase with what a point has gained over what is remembered; false where it has lost anything, or is not of its kind. */
export function fillGain(before: Snapshot | null, point: MetricPoint, into: Increase): boolean {
  if (before === null) return false
  if (point.kind === HISTOGRAM) return before.kind === 'explicit' && gainExplicit(before, point, into)
  if (point.kind === EXPONENTIAL_HISTOGRAM) return before.kind === 'exponential' && gainExponential(before, point, into)
  if (before.kind !== 'number' || point.value < before.value) return false
  into.setValue('amount', point.value - before.value)
  return true
}

function gainExplicit(before: Explicit, point: MetricPoint, into: Increase): boolean {
  const { bounds, buckets, count, sum } = point
  if (count < before.count || !hasBounds(before.bounds, bounds) || before.counts.length !== buckets.length) return false
  for (let at = 0; at < buckets.length; at++) if (buckets.values[at] < before.counts[at]) return false
  into.begin(count - before.count, sum - before.sum)
  fillExplicit(point, before.counts, into)
  return true
}

/** All buckets, less what was counted before. */
function fillExplicit({ bounds, buckets }: MetricPoint, before: readonly number[] | null, into: Increase): void {
  for (let at = 0; at < bounds.length; at++) into.bounds.push(bounds.values[at])
  for (let at = 0; at < buckets.length; at++) {
    const lower = at === 0 ? -Infinity : bounds.values[at - 1]
    const upper = at === bounds.length ? Infinity : bounds.values[at]
    into.addBucket(lower, upper, buckets.values[at] - (before === null ? 0 : before[at]))
  }
}

function fillExponential({ scale, positive, negative, zeroCount, zeroThreshold }: MetricPoint, into: Increase): void {
  into.scale = scale
  for (let at = negative.counts.length - 1; at >= 0; at--)
    into.addExponential(negative.offset + at, -1, negative.counts.values[at], scale)
  into.addBucket(-zeroThreshold, zeroThreshold, zeroCount)
  for (let at = 0; at < positive.counts.length; at++)
    into.addExponential(positive.offset + at, 1, positive.counts.values[at], scale)
}

/** A scale that rises says that counting began anew: a histogram only ever becomes coarser. */
function gainExponential(before: Exponential, point: MetricPoint, into: Increase): boolean {
  const { scale, count, sum, zeroCount, zeroThreshold } = point
  const steps = before.scale - scale
  // Values may move into a zero bucket that became wider, never out of it.
  const zero = zeroCount - before.zeroCount
  if (steps < 0 || count < before.count || zero < 0) return false
  const negative = difference(downscale(before.negative, steps), point.negative)
  const positive = difference(downscale(before.positive, steps), point.positive)
  if (negative === null || positive === null) return false
  into.begin(count - before.count, sum - before.sum)
  into.scale = scale
  for (let at = negative.length - 1; at >= 0; at--)
    into.addExponential(point.negative.offset + at, -1, negative[at], scale)
  into.addBucket(-zeroThreshold, zeroThreshold, zero)
  for (const [at, gained] of positive.entries()) into.addExponential(point.positive.offset + at, 1, gained, scale)
  return true
}

/** Null where any count is lower than before. */
function difference(before: IndexedCounts, now: { offset: number; counts: NumberRow }): number[] | null {
  const gained = numbersOf(now.counts)
  for (const [at, count] of before.counts.entries()) {
    if (count === 0) continue
    const place = before.offset + at - now.offset
    if (!((gained[place] ?? -1) >= count)) return null
    gained[place] -= count
  }
  return gained
}

/** Whether a point says what is remembered. */
export function isSame(before: Snapshot, point: MetricPoint): boolean {
  if (before.kind === 'number') return before.value === point.value
  return before.count === point.count && Object.is(before.sum, point.sum)
}

/** Whether a point counts less than what is remembered. */
export function isLess(point: MetricPoint, before: Snapshot): boolean {
  return before.kind === 'number' ? point.value < before.value : point.count < before.count
}

function numbersOf({ values, length }: NumberRow): number[] {
  const numbers: number[] = []
  for (let at = 0; at < length; at++) numbers.push(values[at])
  return numbers
}
