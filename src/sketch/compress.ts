// The two linear passes of the t-digest: merging sorted runs of centroids, and squeezing a run under the scale function k2.
// Both work in one shared scratch, so that a digest at rest holds nothing but its centroids.
import type { Centroids } from './centroids.ts'
import { FIT_NUMBERS, fitNextGap, sweepMoment, sweepWeight } from './distribution.ts'

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

/**
 * Merges two digests' runs into the scratch; returns its size. Centroids of different digests overlap: taken as points, two that cover
 * the same stretch would be read as two stretches, one after the other (measured: 3 % off at the median). So each is cut where
 * the other has a mean, and what lies between two neighbouring means is one piece, with the weight and mean that the two
 * distribution functions have there.
 */
export function mergeRuns(a: Centroids, b: Centroids): number {
  reserve(2 * (a.size + b.size))
  let written = 0
  let gapA = 0
  let gapB = 0
  let left = -Infinity
  fits.fill(0)
  while (gapA < a.size || gapB < b.size) {
    const nextA = gapA < a.size ? a.cells[2 * gapA] : Infinity
    const nextB = gapB < b.size ? b.cells[2 * gapB] : Infinity
    const x = Math.min(nextA, nextB)
    if (left !== -Infinity) written = appendPiece(written, left, x)
    let jump = 0
    if (nextA === x) {
      jump += atomWeight(a.cells, gapA)
      fitNextGap(a, ++gapA, fits, 0)
    }
    if (nextB === x) {
      jump += atomWeight(b.cells, gapB)
      fitNextGap(b, ++gapB, fits, FIT_NUMBERS)
    }
    if (jump > 0) written = append(scratch, written, x, jump)
    left = x
  }
  return written
}

/** The functions of both runs in the present gaps. */
const fits = new Float64Array(2 * FIT_NUMBERS)

/** Appends what both functions have between left and right, if anything. */
function appendPiece(written: number, left: number, right: number): number {
  const weight = sweepWeight(fits, 0, right) + sweepWeight(fits, FIT_NUMBERS, right)
  const moment = sweepMoment(fits, 0, left, right) + sweepMoment(fits, FIT_NUMBERS, left, right)
  if (!(weight > 0)) return written
  const mean = right - moment / weight
  return append(scratch, written, Math.min(right, Math.max(left, mean)), -weight)
}

function atomWeight(cells: Float64Array, i: number): number {
  const rank = cells[2 * i + 1]
  return rank < 0 ? 0 : rank - (i === 0 ? 0 : Math.abs(cells[2 * i - 1]))
}

/**
 * Means stay strictly ascending: equal atoms become one before anything is squeezed (else some of a repeated value would be lost
 * in its neighbours), and a spread centroid that happens to have an atom's value for its mean joins it.
 */
function append(out: Float64Array, written: number, mean: number, weight: number): number {
  const last = 2 * written - 2
  if (written > 0 && out[last] === mean) {
    const sum = Math.abs(out[last + 1]) + Math.abs(weight)
    out[last + 1] = out[last + 1] < 0 && weight < 0 ? -sum : sum
    return written
  }
  out[2 * written] = mean
  out[2 * written + 1] = weight
  return written + 1
}

/** An atom with at least this share of all weight is never mixed with other values; there are at most 100 of them. */
const HEAVY_SHARE = 0.01

export interface SqueezeOptions {
  /** Compression: about twice the number of centroids that a large digest will have. */
  readonly delta: number
  /** Whether joining goes up or down. */
  readonly upwards: boolean
  /** Whether all weights are known to be whole numbers. */
  readonly whole: boolean
}

/**
 * Joins neighbours in the scratch as long as k2 allows at compression delta, and leaves there the cells of a
 * Centroids; returns their number. The extremes are never joined, since k2 allows nothing there.
 */
export function squeeze(size: number, options: SqueezeOptions): number {
  const { delta, upwards, whole } = options
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
  return upwards ? accumulate(0, to, whole) : accumulate(to, first, whole)
}

function scratchWeight(size: number): number {
  let total = 0
  for (let i = 0; i < size; i++) total += Math.abs(scratch[2 * i + 1])
  return total
}

/** Moves the centroids in cells first..last to the scratch's head, and makes their weights cumulative; returns their number. */
function accumulate(first: number, last: number, whole: boolean): number {
  const cells = scratch
  let to = 0
  let exact = 0
  let upTo = 0
  for (let from = first; from <= last; from += 2) {
    const weight = cells[from + 1]
    const before = upTo
    exact += Math.abs(weight)
    // Pieces have fractions: rounding the sums, not the pieces, keeps ranks within half an item and the total exact.
    if (!whole) upTo = exact
    else upTo = weight > 0 ? upTo + Math.round(weight) : Math.max(upTo, Math.round(exact))
    if (upTo === before) continue
    cells[to] = cells[from]
    cells[to + 1] = weight < 0 ? -upTo : upTo
    to += 2
  }
  return to / 2
}

/** The first `size` centroids that squeeze() left, to be copied at once. */
export function squeezed(size: number): Float64Array {
  return scratch.subarray(0, 2 * size)
}
