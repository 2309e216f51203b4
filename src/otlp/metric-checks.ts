// Whether the numbers of a data point can be what they claim to be; the same for both encodings.
import { EXPONENTIAL_HISTOGRAM, type ExponentialBuckets, HISTOGRAM, type MetricPoint } from '../model/metric-point.ts'
import type { NumberRow } from '../model/number-row.ts'

/** Buckets of one point that are read at most. */
export const MAX_BUCKETS = 100_000
/** Scales that a consumer can be expected to know (metrics data model, "Exponential Scale"). */
const LEAST_SCALE = -10
const GREATEST_SCALE = 20
/** Doubles are from 2^-1074 on, which is subnormal, and less than 2^1024. */
const LEAST_EXPONENT = -1074
const EXPONENT_BEYOND = 1024

/** Notes on the point whether its numbers contradict each other. */
export function checkPoint(point: MetricPoint): void {
  if (point.count < 0) point.isMalformed = true
  if (point.kind === HISTOGRAM) point.isMalformed ||= !isHistogram(point)
  else if (point.kind === EXPONENTIAL_HISTOGRAM) point.isMalformed ||= !isExponential(point)
}

function isHistogram({ bounds, buckets, count }: MetricPoint): boolean {
  const { length } = bounds.values
  if (length === 0 && buckets.length === 0) return true
  // Without bounds there is one bucket, which says no more than the count.
  return bounds.areAscending && buckets.length === length + 1 && sumOf(buckets) === count
}

function isExponential({ scale, positive, negative, zeroCount, zeroThreshold, count }: MetricPoint): boolean {
  if (scale < LEAST_SCALE || scale > GREATEST_SCALE) return false
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) return false
  if (!canHoldAll(positive, scale) || !canHoldAll(negative, scale)) return false
  return sumOf(positive.counts) + sumOf(negative.counts) + zeroCount === count
}

/** Whether each bucket that counts anything can hold a double: from its lower bound 2^(index / 2^scale) on, to and with its upper one. */
function canHoldAll({ offset, counts }: ExponentialBuckets, scale: number): boolean {
  const octavesPerBucket = 2 ** -scale
  for (let at = 0; at < counts.length; at++) {
    if (counts.values[at] === 0) continue
    const lower = (offset + at) * octavesPerBucket
    if (lower >= EXPONENT_BEYOND || lower + octavesPerBucket < LEAST_EXPONENT) return false
  }
  return true
}

function sumOf({ values, length }: NumberRow): number {
  let sum = 0
  for (let at = 0; at < length; at++) sum += values[at]
  return sum
}
