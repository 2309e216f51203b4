// What is remembered of a time series: when it began, how far it was read and, where its points are cumulative, what the last one said.
import { EXPONENTIAL_HISTOGRAM, HISTOGRAM, type MetricPoint, type NumberRow } from '../model/metric-point.ts'
import { downscale, type IndexedCounts } from './exponential.ts'
import type { Increase } from './increase.ts'

/** Numbers of a point, kept. */
export type Snapshot =
  | { readonly kind: 'number'; readonly value: number }
  | {
      readonly kind: 'explicit'
      readonly count: number
      readonly sum: number
      readonly bounds: readonly number[]
      readonly counts: readonly number[]
    }
  | {
      readonly kind: 'exponential'
      readonly count: number
      readonly sum: number
      readonly scale: number
      readonly zeroCount: number
      readonly zeroThreshold: number
      readonly positive: IndexedCounts
      readonly negative: IndexedCounts
    }

export function snapshotOf(point: MetricPoint): Snapshot {
  if (point.kind === HISTOGRAM)
    return {
      kind: 'explicit',
      count: point.count,
      sum: point.sum,
      bounds: numbersOf(point.bounds),
      counts: numbersOf(point.buckets),
    }
  if (point.kind !== EXPONENTIAL_HISTOGRAM) return { kind: 'number', value: point.value }
  const { count, sum, scale, zeroCount, zeroThreshold, positive, negative } = point
  return {
    kind: 'exponential',
    count,
    sum,
    scale,
    zeroCount,
    zeroThreshold,
    positive: { offset: positive.offset, counts: numbersOf(positive.counts) },
    negative: { offset: negative.offset, counts: numbersOf(negative.counts) },
  }
}

/** Fills the increase with all that a point says. */
export function fillWhole(point: MetricPoint, into: Increase): void {
  if (point.kind !== HISTOGRAM && point.kind !== EXPONENTIAL_HISTOGRAM) {
    into.setValue('amount', point.value)
    return
  }
  into.begin(point.count, point.sum)
  if (point.kind === HISTOGRAM) fillExplicitPoint(point, into)
  else fillExponentialPoint(point, into)
  into.min = point.min
  into.max = point.max
}

function fillExplicitPoint({ bounds, buckets }: MetricPoint, into: Increase): void {
  for (let at = 0; at < bounds.length; at++) into.bounds.push(bounds.values[at])
  for (let at = 0; at < buckets.length; at++) {
    const lower = at === 0 ? -Infinity : bounds.values[at - 1]
    into.addBucket(lower, at === bounds.length ? Infinity : bounds.values[at], buckets.values[at])
  }
}

function fillExponentialPoint(
  { scale, positive, negative, zeroCount, zeroThreshold }: MetricPoint,
  into: Increase,
): void {
  into.scale = scale
  for (let at = negative.counts.length - 1; at >= 0; at--)
    into.addExponential(negative.offset + at, -1, negative.counts.values[at], scale)
  into.addBucket(-zeroThreshold, zeroThreshold, zeroCount)
  for (let at = 0; at < positive.counts.length; at++)
    into.addExponential(positive.offset + at, 1, positive.counts.values[at], scale)
}

/** Fills the increase with what a later snapshot has gained over an earlier one; false where it has lost anything, or is not of its kind. */
export function fillDifference(before: Snapshot | null, now: Snapshot, into: Increase): boolean {
  if (before === null) return false
  if (now.kind === 'number') {
    if (before.kind !== 'number' || now.value < before.value) return false
    into.setValue('amount', now.value - before.value)
    return true
  }
  if (now.kind === 'explicit') return before.kind === 'explicit' && fillExplicit(before, now, into)
  return before.kind === 'exponential' && fillExponential(before, now, into)
}

type Explicit = Extract<Snapshot, { kind: 'explicit' }>
type Exponential = Extract<Snapshot, { kind: 'exponential' }>

function fillExplicit(before: Explicit, now: Explicit, into: Increase): boolean {
  const { bounds, counts } = now
  if (!hasSameBounds(before, now)) return false
  const count = now.count - before.count
  if (count < 0) return false
  into.begin(count, now.sum - before.sum)
  for (const bound of bounds) into.bounds.push(bound)
  for (const [at, total] of counts.entries()) {
    const gained = total - before.counts[at]
    if (gained < 0) return false
    into.addBucket(at === 0 ? -Infinity : bounds[at - 1], at === bounds.length ? Infinity : bounds[at], gained)
  }
  return true
}

function hasSameBounds(before: Explicit, now: Explicit): boolean {
  return before.bounds.length === now.bounds.length && before.bounds.every((bound, at) => bound === now.bounds[at])
}

/** A scale that rises says that counting began anew: a histogram only ever becomes coarser. */
function fillExponential(before: Exponential, now: Exponential, into: Increase): boolean {
  const steps = before.scale - now.scale
  const count = now.count - before.count
  if (steps < 0 || count < 0) return false
  into.begin(count, now.sum - before.sum)
  into.scale = now.scale
  const negative = difference(downscale(before.negative, steps), now.negative)
  const positive = difference(downscale(before.positive, steps), now.positive)
  const zero = now.zeroCount - before.zeroCount
  if (negative === null || positive === null) return false
  for (let at = negative.counts.length - 1; at >= 0; at--)
    into.addExponential(negative.offset + at, -1, negative.counts[at], now.scale)
  // Values may move into a zero bucket that became wider, never out of it.
  if (zero < 0) return false
  into.addBucket(-now.zeroThreshold, now.zeroThreshold, zero)
  for (const [at, gained] of positive.counts.entries()) into.addExponential(positive.offset + at, 1, gained, now.scale)
  return true
}

/** Null where any count is lower than before. */
function difference(before: IndexedCounts, now: IndexedCounts): IndexedCounts | null {
  const gained = [...now.counts]
  for (const [at, count] of before.counts.entries()) {
    if (count === 0) continue
    const place = before.offset + at - now.offset
    if (!((gained[place] ?? -1) >= count)) return null
    gained[place] -= count
  }
  return { offset: now.offset, counts: gained }
}

export function isSameSnapshot(a: Snapshot, b: Snapshot): boolean {
  if (a.kind === 'number') return b.kind === 'number' && a.value === b.value
  if (b.kind === 'number') return false
  return a.kind === b.kind && a.count === b.count && (a.sum === b.sum || (Number.isNaN(a.sum) && Number.isNaN(b.sum)))
}

/** Whether a snapshot counts less than another. */
export function isLess(a: Snapshot, b: Snapshot): boolean {
  const total = (snapshot: Snapshot): number => (snapshot.kind === 'number' ? snapshot.value : snapshot.count)
  return total(a) < total(b)
}

function numbersOf({ values, length }: NumberRow): number[] {
  return Array.from(values.subarray(0, length))
}
