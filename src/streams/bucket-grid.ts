// How coarse the buckets are that values came in: by so much may be wrong what is read from them.
import { exponentialBase } from './exponential.ts'
import type { Increase } from './increase.ts'

const NO_BOUNDS = new Float64Array(0)

/** The buckets of the latest histogram that it was shown. */
export class BucketGrid {
  #scale: number | null = null
  #bounds: Float64Array = NO_BOUNDS

  see({ scale, bounds }: Increase): void {
    this.#scale = scale
    if (scale === null) this.#bounds = bounds?.values ?? NO_BOUNDS
  }

  /** Width of the bucket that holds the value; Infinity where it has no end. Values beyond the last bound may be told as that bound. */
  widthAt(value: number): number {
    if (this.#scale !== null) return Math.abs(value) * (exponentialBase(this.#scale) - 1)
    const at = this.#bounds.findIndex((bound) => value < bound || (value === bound && bound !== this.#bounds.at(-1)))
    if (at < 0) return Infinity
    if (at > 0) return this.#bounds[at] - this.#bounds[at - 1]
    return this.#bounds[0] > 0 ? this.#bounds[0] : Infinity
  }
}
