// The digests of one series: one for each half-minute of the last five minutes, and for those that are still to come.
import { meanOf, quantilesOf, TDigest } from '../sketch/tdigest.ts'
import type { OtherWriters } from './others.ts'
import { SHORTEST_WINDOW_SECONDS } from './plan.ts'

export const DIGEST_SECONDS = 30
/** A slice that ended this long ago is brought to its form at rest: few values come later. */
const REST_AFTER_SECONDS = 15

/** Digest slice n covers the seconds (30 n, 30 (n + 1)]. */
export class DigestSlices {
  readonly #slices = new Map<number, TDigest>()
  /** Spreads the compacting of many series over the half-minute. */
  readonly #phaseSeconds: number
  #hotNumber = -1
  #hotDigest = new TDigest()

  constructor(phase: number) {
    this.#phaseSeconds = phase % DIGEST_SECONDS
  }

  /** Adds a value of a second; what is older than the window is left out. */
  add(second: number, value: number, weight: number, cursor: number): void {
    const number = sliceOf(second)
    if (number === this.#hotNumber) this.#hotDigest.add(value, weight)
    else if (number >= firstSlice(cursor)) this.#open(number).add(value, weight)
  }

  /** The digest of a second, for many values of it; null: it is older than the window. */
  digestOf(second: number, cursor: number): TDigest | null {
    const number = sliceOf(second)
    if (number === this.#hotNumber) return this.#hotDigest
    return number >= firstSlice(cursor) ? this.#open(number) : null
  }

  /** Adds a digest whose values begin after `start`. */
  merge(start: number, digest: TDigest, cursor: number): void {
    const number = sliceOf(start + 1)
    if (number >= firstSlice(cursor)) this.#open(number).merge(digest)
  }

  /** Forgets what has left the window, and compacts what has come to rest, as the cursor goes to `cursor`. */
  advance(from: number, cursor: number): void {
    if (this.#slices.size === 0) return
    if (firstSlice(cursor) !== firstSlice(from)) this.#forget(firstSlice(cursor))
    const rested = sliceOf(cursor - this.#phaseSeconds)
    if (rested === sliceOf(from - this.#phaseSeconds)) return
    for (const [number, digest] of this.#slices)
      if ((number + 1) * DIGEST_SECONDS <= cursor - REST_AFTER_SECONDS) digest.compact()
  }

  /** The values at the probabilities over the five minutes up to the cursor, its whole half-minute included, other writers' among them; null: no values. */
  quantiles(probabilities: readonly number[], cursor: number, others: OtherWriters | null): number[] | null {
    const digests = this.#inWindow(cursor, others)
    return digests.length === 0 ? null : quantilesOf(digests, probabilities)
  }

  /** The mean of the same values; null: no values. */
  mean(cursor: number, others: OtherWriters | null): number | null {
    return meanOf(this.#inWindow(cursor, others))
  }

  #inWindow(cursor: number, others: OtherWriters | null): TDigest[] {
    const last = sliceOf(cursor)
    const digests: TDigest[] = []
    const take = (entries: Iterable<readonly [number, TDigest]>): void => {
      for (const [number, digest] of entries) if (number >= firstSlice(cursor) && number <= last) digests.push(digest)
    }
    take(this.#slices)
    if (others !== null) take(others.digests())
    return digests
  }

  /** Slices by number, ascending. */
  entries(): [number, TDigest][] {
    return [...this.#slices].sort((a, b) => a[0] - b[0])
  }

  /** Those of `count` slices from `first` on, ascending. */
  between(first: number, count: number): [number, TDigest][] {
    const found: [number, TDigest][] = []
    for (let number = first; number < first + count; number++) {
      const digest = this.#slices.get(number)
      if (digest !== undefined) found.push([number, digest])
    }
    return found
  }

  #open(number: number): TDigest {
    let digest = this.#slices.get(number)
    if (digest === undefined) {
      digest = new TDigest()
      this.#slices.set(number, digest)
    }
    this.#hotNumber = number
    this.#hotDigest = digest
    return digest
  }

  #forget(before: number): void {
    for (const number of this.#slices.keys()) if (number < before) this.#slices.delete(number)
    if (this.#hotNumber < before) this.#hotNumber = -1
  }
}

export function sliceOf(second: number): number {
  return Math.floor((second - 1) / DIGEST_SECONDS)
}

/** The oldest slice that the window at the cursor holds. */
export function firstSlice(cursor: number): number {
  return Math.floor((cursor - SHORTEST_WINDOW_SECONDS) / DIGEST_SECONDS)
}
