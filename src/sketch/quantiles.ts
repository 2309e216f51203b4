// Quantiles of the union of several digests, without building it: the distribution functions are added, and the place where
// their sum reaches a rank is found by bisection over the centroids of all of them. Merging first would be slower, and less
// exact: the function of a digest knows where inside a centroid its values lie, a merged centroid does not.
import { type Centroids, totalWeight } from './centroids.ts'
import { FIT_NUMBERS, fitAt, fitGap, straightAt } from './distribution.ts'

/** Each about squares the error: a few are enough for any smooth piece. */
const MOST_ROUNDS = 16

/** For each run: its means before low[i] lie below the value sought, those from high[i] on do not. */
let low = new Int32Array(16)
let high = new Int32Array(16)
let position = new Int32Array(16)
/** The fitted function of each run in the gap that is looked at. */
let fits = new Float64Array(16 * FIT_NUMBERS)

function reserve(count: number): void {
  if (low.length >= count) return
  low = new Int32Array(2 * count)
  high = new Int32Array(2 * count)
  position = new Int32Array(2 * count)
  fits = new Float64Array(2 * count * FIT_NUMBERS)
}

/** The weight of the values at or below x. */
export function weightUpTo(run: Centroids, x: number): number {
  const gap = upperBound(run, x, 0, run.size)
  fitGap(run, gap, fits, 0)
  return fitAt(fits, 0, x)
}

/**
 * The values at the given probabilities in the union of the runs: where the summed distribution function reaches p times the
 * total weight; the middle where it rests there. Null when the runs are all empty.
 */
export function quantilesOfRuns(runs: readonly Centroids[], probabilities: readonly number[]): number[] | null {
  reserve(runs.length)
  let total = 0
  let heaviest = 0
  for (let i = 0; i < runs.length; i++) {
    const weight = totalWeight(runs[i])
    if (weight > totalWeight(runs[heaviest])) heaviest = i
    total += weight
  }
  if (total === 0) return null
  return probabilities.map((probability) => {
    const rank = Math.min(total, Math.max(0, probability * total))
    for (let i = 0; i < runs.length; i++) {
      low[i] = 0
      high[i] = runs[i].size
    }
    guess(runs, heaviest, rank, rank / total)
    narrow(runs, rank)
    return valueInGap(runs, rank)
  })
}

/** Cuts the ranges down to the neighbourhood of where the heaviest run alone has its quantile: most runs are alike. */
function guess(runs: readonly Centroids[], heaviest: number, rank: number, probability: number): void {
  const { cells, size } = runs[heaviest]
  const ownRank = probability * totalWeight(runs[heaviest])
  let at = 0
  for (let above = size; at < above; ) {
    const middle = (at + above) >> 1
    if (Math.abs(cells[2 * middle + 1]) < ownRank) at = middle + 1
    else above = middle
  }
  at = Math.min(at, size - 1)
  const below = compare(runs, cells[2 * at], rank)
  for (let reach = 1; low[heaviest] < high[heaviest]; reach *= 4) {
    const next = below ? at + reach : at - reach
    if (next < low[heaviest] || next >= high[heaviest]) return
    if (compare(runs, cells[2 * next], rank) !== below) return
  }
}

/** Narrows low and high until they meet: the value lies between the means on either side. */
function narrow(runs: readonly Centroids[], rank: number): void {
  for (;;) {
    let widest = 0
    for (let i = 1; i < runs.length; i++) if (high[i] - low[i] > high[widest] - low[widest]) widest = i
    const range = high[widest] - low[widest]
    if (range === 0) return
    compare(runs, runs[widest].cells[2 * (low[widest] + (range >> 1))], rank)
  }
}

/** Whether the weight at or below x, one of the means, is less than the rank; narrows low and high by it. */
function compare(runs: readonly Centroids[], x: number, rank: number): boolean {
  let weight = 0
  for (let i = 0; i < runs.length; i++) {
    position[i] = upperBound(runs[i], x, low[i], high[i])
    weight += straightAt(runs[i], position[i], x)
  }
  const isBelow = weight < rank
  for (let i = 0; i < runs.length; i++) {
    let at = position[i]
    if (isBelow) low[i] = at
    else {
      while (at > low[i] && runs[i].cells[2 * at - 2] === x) at--
      high[i] = at
    }
  }
  return isBelow
}

/**
 * The value at the rank, in or near the gap that low tells of. That gap was found with straight lines; the cubics may place the
 * rank in another one, a few steps up or down.
 */
function valueInGap(runs: readonly Centroids[], rank: number): number {
  let wentUp = false
  let wentDown = false
  for (;;) {
    const left = meanBelow(runs)
    const right = meanAbove(runs)
    // Rounding of probability x total can ask for a hair more than there is.
    if (right === Infinity) return left
    fitAll(runs)
    if (left !== -Infinity && sumAt(runs, left) >= rank) {
      if (wentUp) return leftOrMiddle(runs, left, right, rank)
      goDown(runs, left)
      wentDown = true
    } else if (left !== -Infinity && sumAt(runs, right) >= rank) return solve(runs, left, right, rank)
    else {
      goUp(runs, right)
      if (wentDown) {
        fitAll(runs)
        return leftOrMiddle(runs, right, meanAbove(runs), rank)
      }
      wentUp = true
    }
  }
}

/** The function jumps past the rank at `left`; or it stops there exactly and rests until `right`: then the middle of the two. */
function leftOrMiddle(runs: readonly Centroids[], left: number, right: number, rank: number): number {
  const rests = right !== Infinity && sumAt(runs, left) === rank && sumAt(runs, right) === rank
  return rests ? left + (right - left) / 2 : left
}

/** Where the fitted functions reach the rank; it lies between their values at left and right. Regula falsi, Illinois variant. */
function solve(runs: readonly Centroids[], left: number, right: number, rank: number): number {
  let a = left
  let b = right
  let atA = sumAt(runs, a) - rank
  let atB = sumAt(runs, b) - rank
  const enough = 1e-7 * (atB - atA)
  let lastWasLow = false
  for (let round = 0; round < MOST_ROUNDS && atB > enough; round++) {
    const x = b - ((b - a) * atB) / (atB - atA)
    const atX = sumAt(runs, x) - rank
    if (Math.abs(atX) <= enough) return x
    const isLow = atX < 0
    if (isLow) {
      a = x
      atA = atX
      if (lastWasLow && round > 0) atB /= 2
    } else {
      b = x
      atB = atX
      if (!lastWasLow && round > 0) atA /= 2
    }
    lastWasLow = isLow
  }
  return b
}

function fitAll(runs: readonly Centroids[]): void {
  for (let i = 0; i < runs.length; i++) fitGap(runs[i], low[i], fits, FIT_NUMBERS * i)
}

function sumAt(runs: readonly Centroids[], x: number): number {
  let weight = 0
  for (let i = 0; i < runs.length; i++) weight += fitAt(fits, FIT_NUMBERS * i, x)
  return weight
}

/** The greatest of all means below the current gap. */
function meanBelow(runs: readonly Centroids[]): number {
  let nearest = -Infinity
  for (let i = 0; i < runs.length; i++) if (low[i] > 0) nearest = Math.max(nearest, runs[i].cells[2 * low[i] - 2])
  return nearest
}

/** The least of all means above it. */
function meanAbove(runs: readonly Centroids[]): number {
  let nearest = Infinity
  for (let i = 0; i < runs.length; i++)
    if (low[i] < runs[i].size) nearest = Math.min(nearest, runs[i].cells[2 * low[i]])
  return nearest
}

/** To the gap below the mean `left`. */
function goDown(runs: readonly Centroids[], left: number): void {
  for (let i = 0; i < runs.length; i++) while (low[i] > 0 && runs[i].cells[2 * low[i] - 2] === left) low[i]--
}

/** To the gap above the mean `right`. */
function goUp(runs: readonly Centroids[], right: number): void {
  for (let i = 0; i < runs.length; i++) while (low[i] < runs[i].size && runs[i].cells[2 * low[i]] === right) low[i]++
}

/** How many means are at or below x, known to be in from..to. */
function upperBound({ cells }: Centroids, x: number, from: number, to: number): number {
  let lowest = from
  let highest = to
  while (lowest < highest) {
    const middle = (lowest + highest) >> 1
    if (cells[2 * middle] <= x) lowest = middle + 1
    else highest = middle
  }
  return lowest
}
