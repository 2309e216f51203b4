// Values of which only the bucket is known, before they go into a digest. Weights of the same buckets add up, by however many histograms they are
// told, and become values when somebody reads: adding is one addition, and there are few values in the end.
import { pointsFor } from '../model/measured-values.ts'

export class BucketWeights {
  /** Weight `at` lies in (edges[at], edges[at + 1]]. */
  readonly edges: Float64Array
  /** Weight of what add() was told last, and the sum of the values that will stand for it. */
  weight = 0
  sum = 0
  readonly #weights: Float64Array

  constructor(edges: Float64Array) {
    this.edges = edges
    this.#weights = new Float64Array(edges.length - 1)
  }

  /** Adds the weights from `first` up to and without `end`. */
  add(weights: Float64Array, first: number, end: number): void {
    const { edges } = this
    let total = 0
    let sum = 0
    for (let at = first; at < end; at++) {
      const weight = weights[at]
      this.#weights[at] += weight
      total += weight
      sum += weight * (edges[at] / 2 + edges[at + 1] / 2)
    }
    this.weight = total
    this.sum = sum
  }

  /** Gives all that was added as values, ascending, and forgets it. */
  empty(into: (value: number, weight: number) => void): void {
    const { edges } = this
    const weights = this.#weights
    for (let at = 0; at < weights.length; at++) {
      const weight = weights[at]
      if (weight === 0) continue
      weights[at] = 0
      const points = pointsFor(weight)
      for (let point = 0; point < points; point++) {
        const share = (point + 0.5) / points
        into(edges[at] * (1 - share) + edges[at + 1] * share, weight / points)
      }
    }
  }
}
