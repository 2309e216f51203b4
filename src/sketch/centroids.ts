// How the centroids of a digest lie in memory.

/**
 * Centroids in strictly ascending order of their means, interleaved: cell 2i is the mean of centroid i, cell 2i + 1 the weight of all
 * centroids up to and including i; negative where the centroid is spread (holds different values), positive where it is an
 * atom (one value, once or many times). Valid up to `size` centroids.
 */
export interface Centroids {
  readonly cells: Float64Array
  readonly size: number
}

/** The weight of all. */
export function totalWeight(run: Centroids): number {
  return run.size === 0 ? 0 : Math.abs(run.cells[2 * run.size - 1])
}
