// Values that come many at a time, as those of a histogram do: of a bucket is known how many it holds, not which. They are taken to be spread evenly.

/** What takes values, such as a digest. */
export interface ValueSink {
  add(value: number, weight: number): void
  /**
   * Takes weights[at] spread evenly over (edges[at], edges[at + 1]], for `at` from `first` up to and without `end`. Edges are finite, ascending, and never
   * change: many that are told with the same object cost little. Returns the sum of the values that stand for them.
   */
  addBuckets(edges: Float64Array, weights: Float64Array, first: number, end: number): number
  /** The values are known to sum to so much more than those that stand for them. */
  correctSum(by: number): void
}

/** Values that come together: those of a histogram's buckets, or the one of a gauge. */
export interface MeasuredValues {
  /** NaN: unknown. */
  readonly sum: number
  readonly count: number
  /** Gives values with their weights, in which percentiles are good enough. */
  spread(into: ValueSink): void
}

/** Values that stand for those of one bucket, at most. */
const MOST_POINTS = 4

/** How many values stand for such a weight in a bucket. */
export function pointsFor(weight: number): number {
  return Math.max(1, Math.min(MOST_POINTS, Math.ceil(weight)))
}
