// Nanoseconds since the epoch as (second, nanos), exactly and without BigInt.

const NANOS = 1_000_000_000
const WORD = 4_294_967_296

/**
 * Whole seconds in an unsigned 64-bit count of nanoseconds given as two words (signed or not). The quotient of the
 * rounded double is wrong by one at most; the remainder, exact modulo 2^32, tells.
 */
export function wholeSeconds(low: number, high: number): number {
  const second = Math.floor(((high >>> 0) * WORD + (low >>> 0)) / NANOS)
  const remainder = (low - Math.imul(second, NANOS)) | 0
  if (remainder < 0) return second - 1
  return remainder >= NANOS ? second + 1 : second
}

/** The nanoseconds beyond the seconds that `wholeSeconds` found; `low` is the count's low word. */
export function nanosWithin(low: number, second: number): number {
  return (low - Math.imul(second, NANOS)) | 0
}
