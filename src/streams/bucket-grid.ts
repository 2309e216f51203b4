// How coarse the buckets are that values came in: by so much may be wrong what is read from them.
import { exponentialBase } from './exponential.ts'
import type { Increase } from './increase.ts'

const NO_BOUNDS = new Float64Array(0)

/** The buckets of the latest histogram that it was shown. */
export class BucketGrid {
  #scale: number | null = null
  #zeroThreshold = 0
  #bounds: Float64Array = NO_BOUNDS

  see({ scale, zeroThreshold, bounds }: Increase): void {
    this.#scale = scale
    this.#zeroThreshold = zeroThreshold
    if (scale === null) this.#bounds = bounds?.values ?? NO_BOUNDS
  }

  /** Width of the bucket that holds the value; Infinity where it has no end. Values beyond the last bound may be told as that bound. */
  widthAt(value: number): number {
    if (this.#scale !== null) return this.#exponentialWidth(Math.abs(value), this.#scale)
    const at = this.#bounds.findIndex((bound) => value < bound || (value === bound && bound !== this.#bounds.at(-1)))
    if (at < 0) return Infinity
    if (at > 0) return this.#bounds[at] - this.#bounds[at - 1]
    return this.#bounds[0] > 0 ? this.#bounds[0] : Infinity
  }

  #exponentialWidth(size: number, scale: number): number {
    return size <= this.#zeroThreshold ? 2 * this.#zeroThreshold : size * (exponentialBase(scale) - 1)
  }
}
