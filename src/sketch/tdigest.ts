// A merging t-digest: a few hundred numbers from which any quantile of millions of values can be read, tails best.
//
// The idea (T. Dunning and O. Ertl, "Computing Extremely Accurate Quantiles Using t-Digests", 2019). Neighbouring values
// are joined to centroids (mean, weight). How much weight a centroid may hold depends on where it lies: much in the middle,
// little at the ends, nothing but a single value at the extremes. So the error at quantile q shrinks with q (1 - q), which is
// what a 99th percentile needs, and the size does not grow with the number of values. Digests are merged by sorting their
// centroids together and joining neighbours again.
//
// The choices here:
// * Scale function k2: the weight allowed at q is W q (1 - q) (4 ln(W / d) + 24) / d for the total weight W and compression
//   d. Of the scale functions in the paper it alone is good at both the median and the 99.9th percentile: at equal d, k1 was ten
//   times worse at the latter, k3 several times at the former.
// * Two levels. A digest that is still added to works at d = 400; at rest, and in bytes, it is held at 200. Joining again and
//   again at the level of storage would add up errors that one last joining does not have.
// * New values gather in a buffer, are sorted and merged with the centroids in one pass. The buffer starts at 8 values and
//   goes away at rest: most digests of a quiet cohort are a few dozen bytes. The workspace of the passes is one for all
//   digests (compress.ts).
// * Atoms. The usual interpolation spreads half of every centroid's weight to either side of its mean; with 100,000 times the
//   value 1 and 1,000 large ones it reports a median far above 1. A centroid that holds one value only, once or many times, is
//   marked, keeps all its weight at its value, grows without limit, and once it holds a hundredth of everything is never joined
//   with other values. Single values at the tails are atoms too, so they need no rule of their own.
// * Minimum and maximum are the first and the last centroid: k2 allows no joining there, they stay exact.
// * Where inside a centroid its values lie is not lost: the means and weights of its neighbours tell how the density bends. The
//   distribution function is read off with cubics, not straight lines (distribution.ts): ten times less error at rest.
// * Merging adds two such functions and cuts their sum into centroids anew (compress.ts). Centroids taken for points would be simpler
//   and several times faster; two digests at rest so merged were up to 3 % off at the median, now 0.2 %.
//
// Not taken: clustering in arrival order with a tree (the original digest and npm `tdigest`: four times slower to add to, 40 KB,
// dependent on the order of values, loses everything after a NaN); DDSketch and log-linear histograms (faster, merge exactly, but one
// value's error is a fixed share of it, and the product promises t-digest percentiles); KLL (rank error the same everywhere).
// A t-digest has no worst-case bound against values chosen to break it; thresholds are therefore counted exactly elsewhere.
//
// In memory: one Float64Array of pairs (mean, weight up to and including this centroid; negative when spread). Cumulative
// weights make a quantile of many digests a bisection (quantiles.ts) instead of a merge. For bytes see tdigest-codec.ts.
import { BucketWeights } from './bucket-weights.ts'
import { type Centroids, totalWeight } from './centroids.ts'
import { mergeRuns, mergeValues, squeeze, squeezed } from './compress.ts'
import { quantilesOfRuns, weightUpTo } from './quantiles.ts'
import { sortValues } from './sort.ts'

const WORKING_COMPRESSION = 400
const STORED_COMPRESSION = 200
const FIRST_BUFFER = 8
const LARGEST_BUFFER = 512
const NOTHING = new Float64Array(0)

/** Values with weights, as centroids of a merging t-digest. Merging is commutative and associative within the digest's error. */
export class TDigest {
  #cells = NOTHING
  #size = 0
  #buffer = NOTHING
  #buffered = 0
  /** Weights of the buffered values; null while all are 1. */
  #weights: Float64Array | null = null
  /** What came in buckets since the last reading; null: nothing has, or it is at rest. */
  #buckets: BucketWeights | null = null
  #count = 0
  /** Whether all weights added so far are whole numbers. */
  #whole = true
  /** Joining goes up and down by turns, so that what it leaves behind at its end falls on neither side. */
  #upwards = true

  /** By so much the values sum to more than those that stand for them here: of what came in buckets the sum may be known better. */
  sumCorrection = 0

  /** Total weight of the values added. */
  get count(): number {
    return this.#count
  }

  /** Adds a value that occurred `weight` times. Values and weights that are not finite, and weights not above 0, are left out. */
  add(value: number, weight = 1): void {
    if (value - value !== 0 || !(weight > 0 && weight < Infinity)) return
    if (this.#buffered === this.#buffer.length) this.#makeRoom()
    const at = this.#buffered++
    this.#buffer[at] = value
    if (weight !== 1) this.#whole &&= Number.isInteger(weight)
    if (weight !== 1) this.#weights ??= new Float64Array(this.#buffer.length).fill(1, 0, at)
    if (this.#weights !== null) this.#weights[at] = weight
    this.#count += weight
  }

  /**
   * Adds weights[at], finite and not negative, spread evenly over (edges[at], edges[at + 1]], for `at` from `first` up to and without `end`: how they are
   * divided is settled when the digest is read. Returns the sum of the values that will stand for them.
   */
  addBuckets(edges: Float64Array, weights: Float64Array, first: number, end: number): number {
    if (first >= end) return 0
    if (this.#buckets?.edges !== edges) {
      this.#settle()
      this.#buckets = new BucketWeights(edges)
    }
    this.#buckets.add(weights, first, end)
    this.#count += this.#buckets.weight
    return this.#buckets.sum
  }

  /** The values added last are known to sum to so much more than those that stand for them. */
  correctSum(by: number): void {
    this.sumCorrection += by
  }

  /** Adds all that the other digest holds, which stays as it is. */
  merge(other: TDigest): void {
    this.mergeCentroids(other.centroids(), other.#whole)
    this.sumCorrection += other.sumCorrection
  }

  /** Adds a run of centroids; `whole` tells whether all their weights are whole numbers. */
  mergeCentroids(run: Centroids, whole: boolean): void {
    if (run.size === 0) return
    this.#whole &&= whole
    if (this.#count > 0) this.#takeFrom(mergeRuns(this.centroids(), run))
    else {
      this.#cells = run.cells.slice(0, 2 * run.size)
      this.#size = run.size
    }
    this.#count += totalWeight(run)
  }

  /** The value at probability p in [0, 1], or null when nothing was added. */
  quantile(p: number): number | null {
    return quantilesOfRuns([this.centroids()], [p])?.[0] ?? null
  }

  /** The share of weight at or below x, or null when nothing was added. */
  cdf(x: number): number | null {
    return this.#count === 0 ? null : weightUpTo(this.centroids(), x) / this.#count
  }

  /** The centroids with every value in them; a view that holds until the digest changes. */
  centroids(): Centroids {
    this.#settle()
    this.#drain()
    return { cells: this.#cells, size: this.#size }
  }

  /** Brings the digest to its form at rest: stored compression, no buffer, no slack. It can still be added to. */
  compact(): void {
    if (this.#buckets === null && this.#buffer.length === 0 && this.#cells.length === 2 * this.#size) return
    this.#settle()
    this.#drain()
    this.#buckets = null
    this.#buffer = NOTHING
    this.#weights = null
    this.#cells = this.stored().slice()
    this.#size = this.#cells.length / 2
  }

  /** The cells at stored compression, in the shared workspace: to be read at once. */
  stored(): Float64Array {
    this.#settle()
    this.#drain()
    const held = { cells: this.#cells, size: this.#size }
    const size = mergeValues(held, NOTHING, null, 0)
    return squeezed(squeeze(size, { delta: STORED_COMPRESSION, upwards: true, whole: this.#whole }))
  }

  clear(): void {
    this.#cells = NOTHING
    this.#buckets = null
    this.#buffer = NOTHING
    this.#weights = null
    this.#size = 0
    this.#buffered = 0
    this.#count = 0
    this.sumCorrection = 0
    this.#whole = true
  }

  /** Makes values of what came in buckets. */
  #settle(): void {
    this.#buckets?.empty((value, weight) => {
      this.#count -= weight
      this.add(value, weight)
    })
  }

  #makeRoom(): void {
    const length = this.#buffer.length
    if (length >= LARGEST_BUFFER) {
      this.#drain()
      return
    }
    const longer = length === 0 ? FIRST_BUFFER : Math.min(LARGEST_BUFFER, 4 * length)
    this.#buffer = lengthened(this.#buffer, longer)
    if (this.#weights !== null) this.#weights = lengthened(this.#weights, longer)
  }

  /** Merges the buffered values into the centroids. */
  #drain(): void {
    const count = this.#buffered
    if (count === 0) return
    sortValues(this.#buffer, this.#weights, count)
    const held = { cells: this.#cells, size: this.#size }
    const size = mergeValues(held, this.#buffer, this.#weights, count)
    this.#buffered = 0
    this.#weights = null
    this.#takeFrom(size)
  }

  #takeFrom(scratchSize: number): void {
    this.#size = squeeze(scratchSize, { delta: WORKING_COMPRESSION, upwards: this.#upwards, whole: this.#whole })
    this.#upwards = !this.#upwards
    const cells = squeezed(this.#size)
    // A little slack: the next passes need about the same space.
    if (this.#cells.length < cells.length) this.#cells = new Float64Array(cells.length + (cells.length >> 3))
    this.#cells.set(cells)
  }
}

/** The values at the given probabilities in the union of the digests, or null when all are empty. Changes none of them. */
export function quantilesOf(digests: readonly TDigest[], probabilities: readonly number[]): number[] | null {
  return quantilesOfRuns(
    digests.map((digest) => digest.centroids()),
    probabilities,
  )
}

function lengthened(array: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length)
  longer.set(array)
  return longer
}

/** The mean of all values together, which digests keep exactly but for rounding, also of values in buckets whose sum was told; null without any. */
export function meanOf(digests: readonly TDigest[]): number | null {
  let sum = 0
  let weight = 0
  for (const digest of digests) {
    const { cells, size } = digest.centroids()
    for (let at = 0, before = 0; at < size; at++) {
      const rank = Math.abs(cells[2 * at + 1])
      sum += cells[2 * at] * (rank - before)
      before = rank
    }
    sum += digest.sumCorrection
    weight += digest.count
  }
  return weight > 0 ? sum / weight : null
}
