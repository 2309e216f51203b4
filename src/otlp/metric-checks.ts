// Whether the numbers of a data point can be what they claim to be; the same for both encodings.
import {
  EXPONENTIAL_HISTOGRAM,
  type ExponentialBuckets,
  HISTOGRAM,
  type MetricPoint,
  type NumberRow,
} from '../model/metric-point.ts'

/** Buckets of one point at most, both signs together; no row of numbers is read further. */
export const MAX_BUCKETS = 100_000
/** Scales that a consumer can be expected to know (metrics data model, "Exponential Scale"). */
const LEAST_SCALE = -10
const GREATEST_SCALE = 20
/** Every double is below 2 to this power, and above 2 to the other one where it is above 0. */
const GREATEST_EXPONENT = 1024
const LEAST_EXPONENT = -1075

/** Notes on the point whether its numbers contradict each other. */
export function checkPoint(point: MetricPoint): void {
  if (point.count < 0) point.isMalformed = true
  if (point.kind === HISTOGRAM) point.isMalformed ||= !isHistogram(point)
  else if (point.kind === EXPONENTIAL_HISTOGRAM) point.isMalformed ||= !isExponential(point)
}

function isHistogram({ bounds, buckets, count }: MetricPoint): boolean {
  if (bounds.length === 0 && buckets.length === 0) return true
  // Without bounds there is one bucket, which says no more than the count.
  if (buckets.length !== bounds.length + 1) return false
  for (let at = 0; at < bounds.length; at++) {
    const isAscending = at === 0 || bounds.values[at] > bounds.values[at - 1]
    if (!Number.isFinite(bounds.values[at]) || !isAscending) return false
  }
  return sumOf(buckets) === count
}

function isExponential({ scale, positive, negative, zeroCount, zeroThreshold, count }: MetricPoint): boolean {
  if (scale < LEAST_SCALE || scale > GREATEST_SCALE) return false
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity) || zeroCount < 0) return false
  if (positive.counts.length + negative.counts.length > MAX_BUCKETS) return false
  if (!isWithinDoubles(positive, scale) || !isWithinDoubles(negative, scale)) return false
  return sumOf(positive.counts) + sumOf(negative.counts) + zeroCount === count
}

/** Whether each bucket that counts anything could hold a double at all; such an index fits into 32 bits at every scale. */
function isWithinDoubles({ offset, counts }: ExponentialBuckets, scale: number): boolean {
  const { values } = counts
  let first = 0
  let last = counts.length - 1
  while (first <= last && values[first] === 0) first++
  while (last > first && values[last] === 0) last--
  if (first > last) return true
  return offset + last < GREATEST_EXPONENT * 2 ** scale && offset + first + 1 > LEAST_EXPONENT * 2 ** scale
}

/** NaN where one of them is negative, so that it equals no count. */
function sumOf({ values, length }: NumberRow): number {
  let sum = 0
  for (let at = 0; at < length; at++) sum += values[at] >= 0 ? values[at] : Number.NaN
  return sum
}
