// Quantiles of the union of several digests, without building it: the distribution functions are added, and the place where
// their sum reaches a rank is found by bisection over the centroids of all of them.
import type { Centroids } from './compress.ts'

let low = new Int32Array(16)
let high = new Int32Array(16)
let position = new Int32Array(16)

function reserve(count: number): void {
  if (low.length >= count) return
  low = new Int32Array(2 * count)
  high = new Int32Array(2 * count)
  position = new Int32Array(2 * count)
}

/** Total weight. */
export function totalWeight(run: Centroids): number {
  return run.size === 0 ? 0 : Math.abs(run.cells[2 * run.size - 1])
}

/** The weight of the values at or below x. Half of a spread centroid's weight lies on either side of its mean, an atom's at its mean. */
export function weightUpTo(run: Centroids, x: number): number {
  return weightInGap(run, upperBound(run, x, 0, run.size), x)
}

/**
 * The values at the given probabilities in the union of the runs: where the summed distribution function reaches p times the
 * total weight; the middle where it rests there. Null when the runs are all empty.
 */
export function quantilesOfRuns(runs: readonly Centroids[], probabilities: readonly number[]): number[] | null {
  reserve(runs.length)
  let total = 0
  for (const run of runs) total += totalWeight(run)
  if (total === 0) return null
  const values: number[] = []
  let lastRank = 0
  for (let i = 0; i < runs.length; i++) low[i] = 0
  for (const probability of probabilities) {
    const rank = Math.min(total, Math.max(0, probability * total))
    // Ascending ranks go on from where the last search ended.
    for (let i = 0; i < runs.length; i++) {
      if (rank < lastRank) low[i] = 0
      high[i] = runs[i].size
    }
    narrow(runs, rank)
    values.push(valueBetween(runs, rank))
    lastRank = rank
  }
  return values
}

/** Moves low[i] and high[i] together: below them the summed function is less than the rank, from them on it is not. */
function narrow(runs: readonly Centroids[], rank: number): void {
  for (;;) {
    let widest = 0
    for (let i = 1; i < runs.length; i++) if (high[i] - low[i] > high[widest] - low[widest]) widest = i
    const range = high[widest] - low[widest]
    if (range === 0) return
    const x = runs[widest].cells[2 * (low[widest] + (range >> 1))]
    let weight = 0
    for (let i = 0; i < runs.length; i++) {
      position[i] = upperBound(runs[i], x, low[i], high[i])
      weight += weightInGap(runs[i], position[i], x)
    }
    if (weight < rank) for (let i = 0; i < runs.length; i++) low[i] = position[i]
    else
      for (let i = 0; i < runs.length; i++) {
        let at = position[i]
        while (at > low[i] && runs[i].cells[2 * at - 2] === x) at--
        high[i] = at
      }
  }
}

/** The value at the rank, once narrow() has found the two neighbouring means that enclose it. */
function valueBetween(runs: readonly Centroids[], rank: number): number {
  let below = -Infinity
  let above = Infinity
  for (let i = 0; i < runs.length; i++) {
    const { cells, size } = runs[i]
    if (low[i] > 0) below = Math.max(below, cells[2 * low[i] - 2])
    if (low[i] < size) above = Math.min(above, cells[2 * low[i]])
  }
  // Rounding of probability x total can ask for a hair more than there is.
  if (above === Infinity) return below
  if (below !== -Infinity) {
    let start = 0
    let end = 0
    for (let i = 0; i < runs.length; i++) {
      start += weightInGap(runs[i], low[i], below)
      end += weightInGap(runs[i], low[i], above)
    }
    if (end >= rank) return below + ((above - below) * (rank - start)) / (end - start)
  }
  return restsAt(runs, above, rank)
}

/** `x`, where the summed function jumps past the rank; the middle between x and the next mean where it stops exactly there. */
function restsAt(runs: readonly Centroids[], x: number, rank: number): number {
  let weight = 0
  let next = Infinity
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i]
    position[i] = upperBound(run, x, low[i], run.size)
    weight += weightInGap(run, position[i], x)
    if (position[i] < run.size) next = Math.min(next, run.cells[2 * position[i]])
  }
  if (weight !== rank || next === Infinity) return x
  let weightBeforeNext = 0
  for (let i = 0; i < runs.length; i++) weightBeforeNext += weightInGap(runs[i], position[i], next)
  return weightBeforeNext === rank ? x + (next - x) / 2 : x
}

/** How many means are at or below x, known to be in from..to. */
function upperBound(run: Centroids, x: number, from: number, to: number): number {
  const cells = run.cells
  let lowest = from
  let highest = to
  while (lowest < highest) {
    const middle = (lowest + highest) >> 1
    if (cells[2 * middle] <= x) lowest = middle + 1
    else highest = middle
  }
  return lowest
}

/** The weight at or below x, which lies at or after the mean before the gap and at or before the mean after it (that one not counted). */
function weightInGap(run: Centroids, gap: number, x: number): number {
  if (gap === 0) return 0
  const cells = run.cells
  const rank = cells[2 * gap - 1]
  const upTo = Math.abs(rank)
  if (gap === run.size) return upTo
  const before = gap === 1 ? 0 : Math.abs(cells[2 * gap - 3])
  const start = rank < 0 ? (before + upTo) / 2 : upTo
  const nextRank = cells[2 * gap + 1]
  const end = nextRank < 0 ? (upTo - nextRank) / 2 : upTo
  if (start === end) return start
  const left = cells[2 * gap - 2]
  return start + ((end - start) * (x - left)) / (cells[2 * gap] - left)
}
