// The thresholds that a sample of units may have: a fixed ladder, eight rungs to each halving. Everybody who goes down it as far as there are
// too many units, and no further, stands on the same rung, in whatever order the units came. Where the rungs lie is hidden here: at the
// multiples of a sixteenth of the range down to its half, of a thirty-second down to its quarter, and so on: whole numbers, alike everywhere.
import { HASH_RANGE } from './unit-hasher.ts'

const RUNGS_OF_A_HALVING = 8
/** So many hashes lie below the last rung; a sample has room for as many. */
export const LEAST_THRESHOLD = 64

/** The rung below: between 1/16 and 1/9 lower. */
export function rungBelow(rung: number): number {
  return rung - stepBelow(rung)
}

export function isRung(threshold: number): boolean {
  if (!Number.isInteger(threshold) || threshold < LEAST_THRESHOLD || threshold > HASH_RANGE) return false
  return threshold % stepBelow(threshold) === 0
}

function stepBelow(rung: number): number {
  let step = HASH_RANGE / (2 * RUNGS_OF_A_HALVING)
  while (rung <= RUNGS_OF_A_HALVING * step) step /= 2
  return step
}
