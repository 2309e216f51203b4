// How coarse the buckets are that values came in: by so much may be wrong what is read from them.
import type { NumberRow } from '../model/metric-point.ts'
import { exponentialBase } from './exponential.ts'
import type { Increase } from './increase.ts'

/** The buckets of the latest histogram that it was shown. */
export class BucketGrid {
  #scale: number | null = null
  #bounds: Float64Array = new Float64Array(0)

  see({ scale, bounds }: Increase): void {
    this.#scale = scale
    if (scale !== null) return
    if (!this.#hasBounds(bounds)) this.#bounds = bounds.values.slice(0, bounds.length)
  }

  #hasBounds({ values, length }: NumberRow): boolean {
    if (length !== this.#bounds.length) return false
    for (let at = 0; at < length; at++) if (this.#bounds[at] !== values[at]) return false
    return true
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
