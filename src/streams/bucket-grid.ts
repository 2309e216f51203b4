// How coarse the buckets are that values came in: by so much may be wrong what is read from them.
import { exponentialBase } from './exponential.ts'
import type { Increase } from './increase.ts'

/** The buckets of the latest histogram that it was shown. */
export class BucketGrid {
  #scale: number | null = null
  #bounds: Float64Array = new Float64Array(0)

  see({ scale, bounds }: Increase): void {
    this.#scale = scale
    if (scale !== null) return
    const isSame =
      bounds.length === this.#bounds.length && this.#bounds.every((bound, at) => bound === bounds.values[at])
    if (!isSame) this.#bounds = bounds.values.slice(0, bounds.length)
  }

  /** Width of the bucket that holds the value; Infinity where it has no end. */
  widthAt(value: number): number {
    if (this.#scale !== null) return Math.abs(value) * (exponentialBase(this.#scale) - 1)
    const at = this.#bounds.findIndex((bound) => value <= bound)
    if (at < 0) return Infinity
    if (at > 0) return this.#bounds[at] - this.#bounds[at - 1]
    return this.#bounds[0] > 0 ? this.#bounds[0] : Infinity
  }
}
