// The distribution function that a run of centroids stands for, gap by gap. Gap g lies between the means of centroids g - 1 and
// g; gap 0 before the first, gap `size` after the last.
//
// An atom has all of its weight at its mean: the function jumps there. A spread centroid has about half of its weight on
// either side, and between two means the function rises by what lies on the sides that face each other. Straight lines do for
// searching. They are visibly off where a density bends, which in the tail of latencies it always does: so what is
// reported comes from monotone cubics (F. N. Fritsch and J. Butland, "A Method for Constructing Local Monotone Piecewise Cubic
// Interpolants", 1984), and "about half" is corrected by how the density falls or rises across the centroid. That takes the
// worst error of a stored digest from 1 % to 0.2 %.
import type { Centroids } from './centroids.ts'

/**
 * Numbers that describe the function in one gap: left mean, 1 / width, width; the cubic's four coefficients; height and density
 * at the right mean, which are those at the left mean of the next gap; and how far a sweep has come: rise and area so far.
 */
export const FIT_NUMBERS = 11
const LEFT = 0
const SCALE = 1
const WIDTH = 2
const CUBIC = 3
const NODE = 7
const SWEEP = 9

/** The weight at or below x in the gap, by straight lines; x lies from the gap's left mean (whose weight counts) to its right one (which does not). */
export function straightAt({ cells, size }: Centroids, gap: number, x: number): number {
  if (gap === 0) return 0
  const rank = cells[2 * gap - 1]
  const upTo = Math.abs(rank)
  if (gap === size) return upTo
  const nextRank = cells[2 * gap + 1]
  if (rank > 0 && nextRank > 0) return upTo
  const before = gap === 1 ? 0 : Math.abs(cells[2 * gap - 3])
  const start = rank < 0 ? (before + upTo) / 2 : upTo
  const end = nextRank < 0 ? (upTo - nextRank) / 2 : upTo
  const left = cells[2 * gap - 2]
  return start + ((end - start) * (x - left)) / (cells[2 * gap] - left)
}

/** Describes the function in the gap by FIT_NUMBERS numbers at `at`. */
export function fitGap(run: Centroids, gap: number, fit: Float64Array, at: number): void {
  if (gap > 0 && gap < run.size) fitNode(run, gap - 1, fit, at)
  fitNextGap(run, gap, fit, at)
}

/** The same, where the numbers at `at` describe the gap before. */
export function fitNextGap(run: Centroids, gap: number, fit: Float64Array, at: number): void {
  const { cells, size } = run
  const upTo = gap === 0 ? 0 : Math.abs(cells[2 * gap - 1])
  const isLeftSpread = gap > 0 && cells[2 * gap - 1] < 0
  const isRightSpread = gap < size && cells[2 * gap + 1] < 0
  if (gap === 0 || gap === size || !(isLeftSpread || isRightSpread)) {
    for (let i = at; i < at + FIT_NUMBERS; i++) fit[i] = 0
    fit[at + CUBIC] = upTo
    return
  }
  const start = isLeftSpread ? fit[at + NODE] : upTo
  const startDensity = isLeftSpread ? fit[at + NODE + 1] : Infinity
  if (isRightSpread) fitNode(run, gap, fit, at)
  const rise = (isRightSpread ? fit[at + NODE] : upTo) - start
  const endDensity = isRightSpread ? fit[at + NODE + 1] : Infinity
  const left = cells[2 * gap - 2]
  const width = cells[2 * gap] - left
  // Three times the mean slope is the most with which a cubic surely stays monotone. Beside an atom: the mean slope.
  const startRise = startDensity === Infinity ? rise : Math.min(3 * rise, startDensity * width)
  const endRise = endDensity === Infinity ? rise : Math.min(3 * rise, endDensity * width)
  fit[at + SWEEP] = 0
  fit[at + SWEEP + 1] = 0
  fit[at + LEFT] = left
  fit[at + SCALE] = 1 / width
  fit[at + WIDTH] = width
  fit[at + CUBIC] = start
  fit[at + CUBIC + 1] = startRise
  fit[at + CUBIC + 2] = 3 * rise - 2 * startRise - endRise
  fit[at + CUBIC + 3] = startRise + endRise - 2 * rise
}

/**
 * Height and density at the mean of a spread centroid. The density is the weighted harmonic mean of those in the gaps beside it, small
 * where one of them is. The height is half of the centroid's weight w, and more where the density f falls: if it has the slope f'
 * over the centroid's width w / f, by - w^2 f' / (24 f^2); held to an eighth of the weight, where that picture ends.
 */
function fitNode({ cells, size }: Centroids, i: number, fit: Float64Array, at: number): void {
  const rank = cells[2 * i + 1]
  const before = i === 0 ? 0 : Math.abs(cells[2 * i - 1])
  const middle = (before - rank) / 2
  fit[at + NODE] = middle
  fit[at + NODE + 1] = Infinity
  if (rank > 0 || i === 0 || i === size - 1) return
  const leftWidth = cells[2 * i] - cells[2 * i - 2]
  const rightWidth = cells[2 * i + 2] - cells[2 * i]
  const left = (middle - rightSideRank(cells, i - 1)) / leftWidth
  const right = (leftSideRank(cells, i + 1) - middle) / rightWidth
  const leftShare = 2 * rightWidth + leftWidth
  const rightShare = rightWidth + 2 * leftWidth
  const density = ((leftShare + rightShare) * left * right) / (leftShare * right + rightShare * left)
  const weight = -rank - before
  const sum = left + right
  const skew = (weight * weight * (left - right)) / (3 * (leftWidth + rightWidth) * sum * sum)
  // Means that are next to equal, or weights out of all proportion, give no number: then neither correction is made.
  fit[at + NODE + 1] = density > 0 ? density : 0
  if (skew - skew === 0) fit[at + NODE] += Math.max(-weight / 8, Math.min(weight / 8, skew))
}

/** The weight at or below x by the description at `at`; x lies in the gap. */
export function fitAt(fit: Float64Array, at: number, x: number): number {
  return fit[at + CUBIC] + riseUpTo(fit, at, (x - fit[at + LEFT]) * fit[at + SCALE])
}

function riseUpTo(fit: Float64Array, at: number, t: number): number {
  return t * (fit[at + CUBIC + 1] + t * (fit[at + CUBIC + 2] + t * fit[at + CUBIC + 3]))
}

/**
 * The weight from where the sweep through the gap stands to x. The sweep stands at the left mean when the gap is fitted.
 */
export function sweepWeight(fit: Float64Array, at: number, x: number): number {
  const rise = riseUpTo(fit, at, (x - fit[at + LEFT]) * fit[at + SCALE])
  return rise - fit[at + SWEEP]
}

/** The moment of the same stretch about x; moves the sweep to x. */
export function sweepMoment(fit: Float64Array, at: number, left: number, x: number): number {
  const t = (x - fit[at + LEFT]) * fit[at + SCALE]
  const linear = fit[at + CUBIC + 1]
  const square = fit[at + CUBIC + 2]
  const cube = fit[at + CUBIC + 3]
  const area = t * t * (linear / 2 + t * (square * THIRD + (t * cube) / 4))
  const moment = (area - fit[at + SWEEP + 1]) * fit[at + WIDTH] - fit[at + SWEEP] * (x - left)
  fit[at + SWEEP] = riseUpTo(fit, at, t)
  fit[at + SWEEP + 1] = area
  return moment
}

const THIRD = 1 / 3

/** The function just after the mean of centroid i. */
function rightSideRank(cells: Float64Array, i: number): number {
  const rank = cells[2 * i + 1]
  return rank < 0 ? (rankBefore(cells, i) - rank) / 2 : rank
}

/** The function just before the mean of centroid i. */
function leftSideRank(cells: Float64Array, i: number): number {
  const rank = cells[2 * i + 1]
  return rank < 0 ? (rankBefore(cells, i) - rank) / 2 : rankBefore(cells, i)
}

/** The weight before centroid i. */
function rankBefore(cells: Float64Array, i: number): number {
  return i === 0 ? 0 : Math.abs(cells[2 * i - 1])
}
