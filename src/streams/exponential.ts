// Exponential histograms (metrics data model, "ExponentialHistogram"): bucket i of scale s holds (2^(i / 2^s), 2^((i + 1) / 2^s)].

/** The lower bound of a bucket, which is the upper one of the bucket before it; that of the last bucket is the greatest double. */
export function exponentialBound(index: number, scale: number): number {
  // A whole exponent is exact, so that powers of two are bounds whatever the scale.
  return Math.min(2 ** (index * 2 ** -scale), Number.MAX_VALUE)
}

/** How many times wider the upper bound of a bucket is than its lower one. */
export function exponentialBase(scale: number): number {
  return 2 ** (2 ** -scale)
}

/** Counts by index, from `offset` on. */
export interface IndexedCounts {
  readonly offset: number
  readonly counts: readonly number[]
}

/** The same counts at a scale that is so much lower: each step joins two neighbouring buckets, which loses nothing but detail. */
export function downscale({ offset, counts }: IndexedCounts, steps: number): IndexedCounts {
  if (steps <= 0 || counts.length === 0) return { offset, counts }
  const factor = 2 ** steps
  const first = Math.floor(offset / factor)
  const last = Math.floor((offset + counts.length - 1) / factor)
  const joined = Array.from({ length: last - first + 1 }, () => 0)
  for (const [at, count] of counts.entries()) joined[Math.floor((offset + at) / factor) - first] += count
  return { offset: first, counts: joined }
}
