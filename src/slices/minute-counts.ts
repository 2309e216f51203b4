// Good and bad of each second of one minute, held small: there can be a dozen of these for every series of other writers.
import { type Partial, PartialError, SLICE_NUMBERS } from './codec.ts'

export const MINUTE_SECONDS = 60
const SIDES = 2
const UINT32_LIMIT = 2 ** 32

/** Good items, bad items, extra weight of the good, extra weight of the bad. */
export type Counts = readonly [good: number, bad: number, extraGood: number, extraBad: number]
export const NO_COUNTS: Counts = [0, 0, 0, 0]

/** The minute of a second: minute n holds the seconds (60 n, 60 (n + 1)]. */
export function minuteOf(second: number): number {
  return Math.floor((second - 1) / MINUTE_SECONDS)
}

/** The last second of a minute. */
export function lastSecondOf(minute: number): number {
  return (minute + 1) * MINUTE_SECONDS
}

export class MinuteCounts {
  #items: Uint32Array | Float64Array = new Uint32Array(SIDES * MINUTE_SECONDS)
  #extra: Float64Array | null = null

  /** Throws PartialError where the partial has anything outside of the minute. */
  static of(partial: Partial, minute: number): MinuteCounts {
    const counts = new MinuteCounts()
    for (const { granularity, slices } of partial.groups)
      for (let at = 0; at < slices.length; at += SLICE_NUMBERS) {
        const second = slices[at] + 1
        if (granularity !== 1 || minuteOf(second) !== minute)
          throw new PartialError(`not a partial of minute ${minute}`)
        counts.add(slices[at] % MINUTE_SECONDS, [slices[at + 1], slices[at + 2], slices[at + 3], slices[at + 4]])
      }
    return counts
  }

  /** `offset`: 0 for the first second of the minute. */
  at(offset: number): Counts {
    const cell = SIDES * offset
    return [this.#items[cell], this.#items[cell + 1], this.#extra?.[cell] ?? 0, this.#extra?.[cell + 1] ?? 0]
  }

  add(offset: number, [good, bad, extraGood, extraBad]: Counts): void {
    const cell = SIDES * offset
    this.#addItems(cell, good)
    this.#addItems(cell + 1, bad)
    if (extraGood === 0 && extraBad === 0) return
    this.#extra ??= new Float64Array(SIDES * MINUTE_SECONDS)
    this.#extra[cell] += extraGood
    this.#extra[cell + 1] += extraBad
  }

  #addItems(cell: number, amount: number): void {
    const count = this.#items[cell] + amount
    // A coarse slice of another plan may have been placed in one second.
    if (count >= UINT32_LIMIT && this.#items instanceof Uint32Array) this.#items = Float64Array.from(this.#items)
    this.#items[cell] = count
  }
}
