// Sorting values together with their weights; values alone go through the engine's own typed-array sort, which is faster.

let otherValues = new Float64Array(256)
let otherWeights = new Float64Array(256)

/** Sorts the first `count` values ascending, each with its weight; a stable merge sort. */
export function sortWeighted(values: Float64Array, weights: Float64Array, count: number): void {
  if (otherValues.length < count) {
    otherValues = new Float64Array(count)
    otherWeights = new Float64Array(count)
  }
  for (let width = 1; width < count; width *= 2) {
    otherValues.set(values.subarray(0, count))
    otherWeights.set(weights.subarray(0, count))
    for (let start = 0; start < count; start += 2 * width) mergePair(values, weights, start, width, count)
  }
}

/** Merges two neighbouring sorted stretches of the copies back into place. */
function mergePair(values: Float64Array, weights: Float64Array, start: number, width: number, count: number): void {
  const middle = Math.min(start + width, count)
  const end = Math.min(start + 2 * width, count)
  let i = start
  let j = middle
  for (let at = start; at < end; at++) {
    const from = j >= end || (i < middle && otherValues[i] <= otherValues[j]) ? i++ : j++
    values[at] = otherValues[from]
    weights[at] = otherWeights[from]
  }
}
