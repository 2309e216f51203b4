// What can be read from events in buckets: how many lie below a bound, and values that stand for them. Within a bucket they are taken to be spread
// evenly (by their logarithm, where the buckets are exponential), so what is read is wrong by the width of one bucket at most.
import { pointsFor, type ValueSink } from '../model/measured-values.ts'
import type { Increase } from './increase.ts'

/** Bounds that differ by less than this share are the same one: powers are computed. */
const TOLERANCE = 1e-9

export interface Split {
  /** Events below the limit, or at it where it is the upper bound of a bucket: which of the two they are a histogram does not tell. */
  below: number
  atOrAbove: number
  /** Whether the limit lies within a bucket that counts anything, so that this is an estimate. */
  estimated: boolean
}

/** How many events lie below the limit. */
export function splitBelow(increase: Increase, limit: number): Split {
  const split: Split = { below: 0, atOrAbove: 0, estimated: false }
  const { counts } = increase
  if (counts.length === 0) return splitWithoutBuckets(increase, limit)
  for (let at = 0; at < counts.length; at++) {
    const count = counts.values[at]
    if (count === 0) continue
    // As nearly always: one of the bucket's own bounds tells.
    if (increase.upperAt(at) <= limit) {
      split.below += count
      continue
    }
    if (increase.lowerAt(at) >= limit) {
      split.atOrAbove += count
      continue
    }
    const { lower, upper } = knownLimitsOf(increase, at)
    if (upper <= limit || isSame(upper, limit)) split.below += count
    else if (lower >= limit || isSame(lower, limit)) split.atOrAbove += count
    else {
      const below = count * shareBelow(increase, limitsOf(increase, at), limit)
      split.below += below
      split.atOrAbove += count - below
      split.estimated = true
    }
  }
  return split
}

/** Gives values with weights that sum to the count, ascending. */
export function spread(increase: Increase, into: ValueSink): void {
  const { counts, count, sum } = increase
  const edges = increase.bounds?.edges ?? null
  if (counts.length === 0) {
    if (count > 0 && Number.isFinite(sum / count)) into.add(sum / count, count)
    return
  }
  let given = 0
  if (edges !== null) given = spreadExplicit(increase, edges, into)
  else for (let at = 0; at < counts.length; at++) given += spreadBucket(increase, at, into)
  if (Number.isFinite(sum - given)) into.correctSum(sum - given)
}

/** Buckets that the least or the greatest value limits apart, all others as they are. Returns the sum of the values, as the next one does. */
function spreadExplicit(increase: Increase, edges: Float64Array, into: ValueSink): number {
  const { values, length } = increase.counts
  const ofMin = bucketOf(edges, increase.min)
  const ofMax = bucketOf(edges, increase.max)
  const low = Math.min(ofMin, ofMax)
  const high = Math.max(ofMin, ofMax)
  let sum = 0
  if (low >= 0) {
    sum += into.addBuckets(edges, values, 0, low)
    sum += spreadBucket(increase, low, into)
  }
  if (high > low) {
    sum += into.addBuckets(edges, values, low + 1, high)
    sum += spreadBucket(increase, high, into)
  }
  return sum + into.addBuckets(edges, values, high + 1, length)
}

/** The bucket that holds the value; -1: it is not known. Those at the ends hold what lies beyond the edges too. */
function bucketOf(edges: Float64Array, value: number): number {
  if (value !== value) return -1
  let at = 0
  while (at < edges.length - 2 && edges[at + 1] < value) at++
  return at
}

function spreadBucket(increase: Increase, at: number, into: ValueSink): number {
  const weight = increase.counts.values[at]
  if (weight === 0) return 0
  const limits = limitsOf(increase, at)
  const points = pointsFor(weight)
  let sum = 0
  for (let point = 0; point < points; point++) {
    const value = points === 1 ? onlyValue(increase, limits) : valueAt(increase, limits, (point + 0.5) / points)
    into.add(value, weight / points)
    sum += (value * weight) / points
  }
  return sum
}

/** Where a single event of a bucket is: at the end of all values that the bucket holds, or else in its middle. */
function onlyValue(increase: Increase, limits: Limits): number {
  const { min, max } = increase
  if (limits.lower === min) return min
  return limits.upper === max ? max : valueAt(increase, limits, 0.5)
}

interface Limits {
  lower: number
  upper: number
}

/** Limited by the least and the greatest value, where these are known; else a bucket without an end stays so. */
function knownLimitsOf(increase: Increase, at: number): Limits {
  const { min, max } = increase
  const limits = { lower: increase.lowerAt(at), upper: increase.upperAt(at) }
  if (min > limits.lower && min <= limits.upper) limits.lower = min
  if (max < limits.upper && max >= limits.lower) limits.upper = max
  return limits
}

/** A bucket of which no end is known is taken to end at its neighbour. */
function limitsOf(increase: Increase, at: number): Limits {
  const limits = knownLimitsOf(increase, at)
  if (limits.lower === -Infinity) limits.lower = limits.upper > 0 && limits.upper !== Infinity ? 0 : limits.upper
  if (limits.upper === Infinity) limits.upper = Math.max(limits.lower, 0)
  return limits
}

function splitWithoutBuckets({ count, min, max, sum }: Increase, limit: number): Split {
  if (max < limit) return { below: count, atOrAbove: 0, estimated: false }
  if (min >= limit) return { below: 0, atOrAbove: count, estimated: false }
  if (min < max) {
    const below = (count * (limit - min)) / (max - min)
    return { below, atOrAbove: count - below, estimated: count > 0 }
  }
  // Nothing but the mean is known.
  return sum / count < limit
    ? { below: count, atOrAbove: 0, estimated: count > 0 }
    : { below: 0, atOrAbove: count, estimated: count > 0 }
}

/** Where the bucket has no end on the side of the limit, nothing is taken to be below: what may be bad does not pass for good. */
function shareBelow({ scale }: Increase, { lower, upper }: Limits, limit: number): number {
  if (!(lower < limit && limit < upper)) return 0
  if (scale !== null && lower > 0) return Math.log(limit / lower) / Math.log(upper / lower)
  return (limit - lower) / (upper - lower)
}

function valueAt({ scale }: Increase, { lower, upper }: Limits, share: number): number {
  if (scale !== null && lower > 0) return lower * (upper / lower) ** share
  return lower * (1 - share) + upper * share
}

function isSame(bound: number, limit: number): boolean {
  return Math.abs(bound - limit) <= TOLERANCE * Math.abs(limit)
}
