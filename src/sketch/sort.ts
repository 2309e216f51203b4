// Sorting the few hundred values of a digest's buffer, with their weights where there are any. Comparisons of values that come
// in no order are mispredicted half of the time, so that any sort by comparison, the engine's too, takes three times as
// long as a radix sort over the upper halves of the doubles. What these leave undecided is put right by insertion.

/** Up to so many values insertion alone is faster. */
const FEW = 32
const DIGITS = 256
const PASSES = 4

let from = workspace(512)
let to = workspace(512)
const counts = new Int32Array(DIGITS * PASSES)

interface Workspace {
  readonly values: Float64Array
  /** The same memory as 32-bit words; on the little-endian machines that Node runs on the upper half of value i is word 2i + 1. */
  readonly words: Int32Array
  readonly weights: Float64Array
}

function workspace(length: number): Workspace {
  const values = new Float64Array(length)
  return { values, words: new Int32Array(values.buffer), weights: new Float64Array(length) }
}

/** Sorts the first `count` values ascending; `weights`, where given, go with them. No value may be NaN. */
export function sortValues(values: Float64Array, weights: Float64Array | null, count: number): void {
  if (count > FEW) radixSort(values, weights, count)
  for (let i = 1; i < count; i++) insert(values, weights, i)
}

/** Sorts by the upper 32 bits, eight at a time from the lowest. */
function radixSort(values: Float64Array, weights: Float64Array | null, count: number): void {
  if (from.values.length < count) {
    from = workspace(count)
    to = workspace(count)
  }
  for (let i = 0; i < count; i++) from.values[i] = values[i]
  if (weights !== null) for (let i = 0; i < count; i++) from.weights[i] = weights[i]
  countDigits(from.words, count)
  for (let pass = 0; pass < PASSES; pass++) {
    if (!countsToPlaces(pass * DIGITS, count)) continue
    distribute(pass, count, weights !== null)
    const swapped = from
    from = to
    to = swapped
  }
  for (let i = 0; i < count; i++) values[i] = from.values[i]
  if (weights !== null) for (let i = 0; i < count; i++) weights[i] = from.weights[i]
}

/** A double's upper word as a number whose unsigned order is the order of the doubles. */
function orderOf(word: number): number {
  return word ^ ((word >> 31) | 0x80000000)
}

function countDigits(words: Int32Array, count: number): void {
  counts.fill(0)
  for (let i = 0; i < count; i++) {
    const order = orderOf(words[2 * i + 1])
    counts[order & 255]++
    counts[DIGITS + ((order >>> 8) & 255)]++
    counts[2 * DIGITS + ((order >>> 16) & 255)]++
    counts[3 * DIGITS + (order >>> 24)]++
  }
}

/** Turns the counts of one digit into the places where its values begin; false where all values have the same digit. */
function countsToPlaces(start: number, count: number): boolean {
  let place = 0
  for (let digit = start; digit < start + DIGITS; digit++) {
    const here = counts[digit]
    if (here === count) return false
    counts[digit] = place
    place += here
  }
  return true
}

function distribute(pass: number, count: number, withWeights: boolean): void {
  const { values, words, weights } = from
  const { values: toValues, weights: toWeights } = to
  for (let i = 0; i < count; i++) {
    const place = counts[pass * DIGITS + ((orderOf(words[2 * i + 1]) >>> (8 * pass)) & 255)]++
    toValues[place] = values[i]
    if (withWeights) toWeights[place] = weights[i]
  }
}

/** Puts the value at `at` in its place among those before it. */
function insert(values: Float64Array, weights: Float64Array | null, at: number): void {
  const value = values[at]
  if (values[at - 1] <= value) return
  const weight = weights === null ? 1 : weights[at]
  let place = at
  for (; place > 0 && values[place - 1] > value; place--) {
    values[place] = values[place - 1]
    if (weights !== null) weights[place] = weights[place - 1]
  }
  values[place] = value
  if (weights !== null) weights[place] = weight
}
