// What is remembered of the buckets of an exponential histogram, and what its next point has gained over them. Scales differ from point to point, and
// the zero bucket widens: the two are compared at the coarser scale of both, where buckets of one are whole buckets of the other.
import type { ExponentialBuckets, MetricPoint } from '../model/metric-point.ts'
import { downscale, exponentialBound, type IndexedCounts } from './exponential.ts'
import type { Increase } from './increase.ts'

/** Gains by bucket at a scale. */
interface Gains {
  readonly scale: number
  readonly zero: number
  readonly positive: IndexedCounts
  readonly negative: IndexedCounts
}

export class KnownExponential {
  readonly #scale: number
  readonly #zeroCount: number
  readonly #zeroThreshold: number
  readonly #positive: IndexedCounts
  readonly #negative: IndexedCounts

  constructor({ scale, zeroCount, zeroThreshold, positive, negative }: MetricPoint) {
    this.#scale = scale
    this.#zeroCount = zeroCount
    this.#zeroThreshold = zeroThreshold
    this.#positive = indexed(positive)
    this.#negative = indexed(negative)
  }

  /** Numbers that it holds. */
  get size(): number {
    return this.#positive.counts.length + this.#negative.counts.length
  }

  /** Adds the buckets that a point has gained to an increase that has begun; false, and nothing is added, where it has lost anything. */
  gain(point: MetricPoint, into: Increase): boolean {
    const gains = this.#gains(point)
    if (gains === null) return false
    const { scale, zero, positive, negative } = gains
    into.scale = scale
    for (let at = negative.counts.length - 1; at >= 0; at--)
      into.addExponential(negative.offset + at, -1, negative.counts[at], scale)
    into.addZeroBucket(point.zeroThreshold, zero)
    for (const [at, gained] of positive.counts.entries()) into.addExponential(positive.offset + at, 1, gained, scale)
    return true
  }

  #gains(point: MetricPoint): Gains | null {
    const { zeroCount, zeroThreshold } = point
    const now = { positive: indexed(point.positive), negative: indexed(point.negative) }
    // Without events in buckets a scale means nothing: SDKs tell 0 then.
    const scaleNow = holdsNothing(now.positive) && holdsNothing(now.negative) ? this.#scale : point.scale
    const scale =
      holdsNothing(this.#positive) && holdsNothing(this.#negative) ? scaleNow : Math.min(this.#scale, scaleNow)
    const wider = zeroThreshold > this.#zeroThreshold ? zeroThreshold : 0
    const gainOf = (before: IndexedCounts, after: IndexedCounts): { moved: number; gained: IndexedCounts | null } => {
      const coarse = downscale(after, scaleNow - scale)
      const { left, moved } = leaveZero(downscale(before, this.#scale - scale), coarse, { scale, wider })
      return { moved, gained: difference(left, coarse) }
    }
    const below = gainOf(this.#negative, now.negative)
    const above = gainOf(this.#positive, now.positive)
    const zero = zeroCount - this.#zeroCount - below.moved - above.moved
    if (zero < 0 || below.gained === null || above.gained === null) return null
    return { scale, zero, positive: above.gained, negative: below.gained }
  }
}

function indexed({ offset, counts }: ExponentialBuckets): IndexedCounts {
  const numbers: number[] = []
  for (let at = 0; at < counts.length; at++) numbers.push(counts.values[at])
  return { offset, counts: numbers }
}

function holdsNothing({ counts }: IndexedCounts): boolean {
  return !counts.some((count) => count > 0)
}

/**
 * Counts without those that a zero bucket took which became `wider`: of a bucket that it covers all, of one that it reaches into what is missing
 * now. 0: it did not.
 */
function leaveZero(
  before: IndexedCounts,
  now: IndexedCounts,
  { scale, wider }: { scale: number; wider: number },
): { left: IndexedCounts; moved: number } {
  if (wider === 0) return { left: before, moved: 0 }
  let moved = 0
  const counts = before.counts.map((count, at) => {
    const index = before.offset + at
    if (exponentialBound(index, scale) >= wider) return count
    const kept = now.counts[index - now.offset] ?? 0
    const left = exponentialBound(index + 1, scale) <= wider ? 0 : Math.min(count, kept)
    moved += count - left
    return left
  })
  return { left: { offset: before.offset, counts }, moved }
}

/** Null where any count is lower than before. */
function difference(before: IndexedCounts, now: IndexedCounts): IndexedCounts | null {
  const counts = [...now.counts]
  for (const [at, count] of before.counts.entries()) {
    if (count === 0) continue
    const place = before.offset + at - now.offset
    if (!((counts[place] ?? -1) >= count)) return null
    counts[place] -= count
  }
  return { offset: now.offset, counts }
}
