// The two linear passes of the t-digest: merging sorted runs of centroids, and squeezing a run under the scale function k2.
// Both work in one shared scratch, so that a digest at rest holds nothing but its centroids.

/**
 * Centroids in ascending order of their means, interleaved: cell 2i is the mean of centroid i, cell 2i + 1 the weight of all
 * centroids up to and including i; negative where the centroid is spread (holds different values), positive where it is an
 * atom (one value, once or many times). Valid up to `size` centroids.
 */
export interface Centroids {
  readonly cells: Float64Array
  readonly size: number
}

// In the scratch the second cell of a centroid is its own weight, signed in the same way.
let scratch = new Float64Array(4096)

function reserve(centroids: number): void {
  if (scratch.length < 2 * centroids) scratch = new Float64Array(4 * centroids)
}

/** Merges a run of centroids and sorted values, each of weight 1 unless `weights` says otherwise, into the scratch; returns its size. */
export function mergeValues(
  run: Centroids,
  values: Float64Array,
  weights: Float64Array | null,
  valueCount: number,
): number {
  const { cells, size } = run
  reserve(size + valueCount)
  const out = scratch
  let written = 0
  let i = 0
  let before = 0
  for (let j = 0; j < valueCount; j++) {
    const value = values[j]
    for (; i < size && cells[2 * i] <= value; i++) {
      const rank = cells[2 * i + 1]
      const upTo = Math.abs(rank)
      written = append(out, written, cells[2 * i], rank < 0 ? before - upTo : upTo - before)
      before = upTo
    }
    written = append(out, written, value, weights === null ? 1 : weights[j])
  }
  for (; i < size; i++) {
    const rank = cells[2 * i + 1]
    const upTo = Math.abs(rank)
    written = append(out, written, cells[2 * i], rank < 0 ? before - upTo : upTo - before)
    before = upTo
  }
  return written
}

/** Merges two runs of centroids into the scratch; returns its size. */
export function mergeRuns(a: Centroids, b: Centroids): number {
  reserve(a.size + b.size)
  const out = scratch
  let written = 0
  let i = 0
  let j = 0
  let beforeA = 0
  let beforeB = 0
  while (i < a.size || j < b.size) {
    if (j >= b.size || (i < a.size && a.cells[2 * i] <= b.cells[2 * j])) {
      const rank = a.cells[2 * i + 1]
      const upTo = Math.abs(rank)
      written = append(out, written, a.cells[2 * i], rank < 0 ? beforeA - upTo : upTo - beforeA)
      beforeA = upTo
      i++
    } else {
      const rank = b.cells[2 * j + 1]
      const upTo = Math.abs(rank)
      written = append(out, written, b.cells[2 * j], rank < 0 ? beforeB - upTo : upTo - beforeB)
      beforeB = upTo
      j++
    }
  }
  return written
}

// Equal atoms become one before anything is squeezed: else some of a repeated value would be lost in its neighbours.
function append(out: Float64Array, written: number, mean: number, weight: number): number {
  if (written > 0 && weight > 0) {
    const last = 2 * written - 2
    if (out[last] === mean && out[last + 1] > 0) {
      out[last + 1] += weight
      return written
    }
  }
  out[2 * written] = mean
  out[2 * written + 1] = weight
  return written + 1
}

/** An atom with at least this share of all weight is never mixed with other values; there are at most 100 of them. */
const HEAVY_SHARE = 0.01

/**
 * Joins neighbours in the scratch as long as k2 allows at compression `delta`, going up or down, and leaves there the cells of a
 * Centroids; returns their number. The extremes are never joined, since k2 allows nothing there.
 */
export function squeeze(size: number, delta: number, upwards: boolean): number {
  if (size === 0) return 0
  const total = scratchWeight(size)
  // k2 with its normaliser: the weight allowed at quantile q is total * q * (1 - q) * z / delta.
  const z = Math.max(1, 4 * Math.log(total / delta) + 24)
  const slope = z / (delta * total)
  const heavy = total * HEAVY_SHARE
  const cells = scratch
  const stride = upwards ? 2 : -2
  const first = upwards ? 0 : 2 * size - 2
  let to = first
  let before = 0
  let allowed = 0
  let mean = cells[first]
  let weight = Math.abs(cells[first + 1])
  let atom = cells[first + 1] > 0
  for (let left = size - 1, from = first + stride; left > 0; left--, from += stride) {
    const nextMean = cells[from]
    const signed = cells[from + 1]
    const nextAtom = signed > 0
    const nextWeight = nextAtom ? signed : -signed
    const joined = weight + nextWeight
    const after = before + joined
    if (
      joined <= allowed &&
      joined <= slope * after * (total - after) &&
      !(atom && weight >= heavy) &&
      !(nextAtom && nextWeight >= heavy)
    ) {
      // Kept between the two, whatever the rounding.
      const between = mean + (nextMean - mean) * (nextWeight / joined)
      mean = upwards ? Math.min(nextMean, between) : Math.max(nextMean, between)
      weight = joined
      atom = false
    } else {
      cells[to] = mean
      cells[to + 1] = atom ? weight : -weight
      to += stride
      before += weight
      allowed = slope * before * (total - before)
      mean = nextMean
      weight = nextWeight
      atom = nextAtom
    }
  }
  cells[to] = mean
  cells[to + 1] = atom ? weight : -weight
  return upwards ? accumulate(0, to) : accumulate(to, first)
}

function scratchWeight(size: number): number {
  let total = 0
  for (let i = 0; i < size; i++) total += Math.abs(scratch[2 * i + 1])
  return total
}

/** Moves the centroids in cells first..last to the scratch's head, and makes their weights cumulative; returns their number. */
function accumulate(first: number, last: number): number {
  const cells = scratch
  let to = 0
  let upTo = 0
  for (let from = first; from <= last; from += 2, to += 2) {
    const weight = cells[from + 1]
    upTo += Math.abs(weight)
    cells[to] = cells[from]
    cells[to + 1] = weight < 0 ? -upTo : upTo
  }
  return to / 2
}

/** The first `size` centroids that squeeze() left, to be copied at once. */
export function squeezed(size: number): Float64Array {
  return scratch.subarray(0, 2 * size)
}
