// What other writers have counted of the recent seconds of one series. A series counts everybody's events together, since nothing
// that reads it asks who counted; its own part of a minute, which it owes to the store, is all of the minute less the
// others' (whole numbers, so exact). And a partial that replaces an earlier one of the same writer is applied as the difference.
import type { TDigest } from '../sketch/tdigest.ts'
import type { Partial } from './codec.ts'
import { type Counts, MINUTE_SECONDS, MinuteCounts, minuteOf, NO_COUNTS } from './minute-counts.ts'

/** Told how the counts of a second change. */
export type Place = (second: number, change: Counts) => void

export class OtherWriters {
  /** By minute: the sum over all other writers. */
  readonly #sums = new Map<number, MinuteCounts>()
  /** By writer and minute: what has been applied of a minute that may still change. */
  readonly #applied = new Map<string, Map<number, MinuteCounts>>()
  /** By writer: its digests by number. */
  readonly #digests = new Map<string, Map<number, TDigest>>()

  /** Notes counts that some other writer will not change any more. */
  note(second: number, counts: Counts): void {
    this.#sumOf(minuteOf(second)).add((second - 1) % MINUTE_SECONDS, counts)
  }

  /**
   * Takes a writer's partial of a minute in the place of its earlier one; `place` is told what that adds to each second. Throws
   * PartialError, and changes nothing, where the partial is not of that minute.
   */
  replace(writer: string, minute: number, partial: Partial, place: Place): void {
    const now = MinuteCounts.of(partial, minute)
    const before = this.#apply(writer, minute, now)
    const sum = this.#sumOf(minute)
    for (let offset = 0; offset < MINUTE_SECONDS; offset++) {
      const change = difference(now.at(offset), before?.at(offset) ?? NO_COUNTS)
      if (change === null) continue
      sum.add(offset, change)
      place(minute * MINUTE_SECONDS + offset + 1, change)
    }
  }

  setDigest(writer: string, number: number, digest: TDigest): void {
    let digests = this.#digests.get(writer)
    if (digests === undefined) this.#digests.set(writer, (digests = new Map()))
    digests.set(number, digest)
  }

  /** Adds a digest to what the writer is known to have. */
  addDigest(writer: string, number: number, digest: TDigest): void {
    const known = this.#digests.get(writer)?.get(number)
    if (known === undefined) this.setDigest(writer, number, digest)
    else known.merge(digest)
  }

  /** The digests of all other writers with their numbers. */
  *digests(): Generator<readonly [number, TDigest]> {
    for (const digests of this.#digests.values()) yield* digests
  }

  /** The sum of the others in a minute; null: nothing. */
  sumOf(minute: number): MinuteCounts | null {
    return this.#sums.get(minute) ?? null
  }

  /** A writer will change none of its minutes up to this one. */
  seal(writer: string, minute: number): void {
    const minutes = this.#applied.get(writer)
    if (minutes === undefined) return
    for (const known of minutes.keys()) if (known <= minute) minutes.delete(known)
    if (minutes.size === 0) this.#applied.delete(writer)
  }

  /** Nobody asks for sums of minutes before this one, nor for digests before that number. */
  forgetBefore(minute: number, digestNumber: number): void {
    for (const known of this.#sums.keys()) if (known < minute) this.#sums.delete(known)
    for (const [writer, digests] of this.#digests) {
      for (const number of digests.keys()) if (number < digestNumber) digests.delete(number)
      if (digests.size === 0) this.#digests.delete(writer)
    }
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0 && this.#applied.size === 0 && this.#digests.size === 0
  }

  #sumOf(minute: number): MinuteCounts {
    let sum = this.#sums.get(minute)
    if (sum === undefined) this.#sums.set(minute, (sum = new MinuteCounts()))
    return sum
  }

  /** Puts what is applied in the place of what was, and gives that. */
  #apply(writer: string, minute: number, now: MinuteCounts): MinuteCounts | undefined {
    let minutes = this.#applied.get(writer)
    if (minutes === undefined) this.#applied.set(writer, (minutes = new Map()))
    const before = minutes.get(minute)
    minutes.set(minute, now)
    return before
  }
}

/** Null where nothing changes. */
function difference(now: Counts, before: Counts): Counts | null {
  const change: Counts = [now[0] - before[0], now[1] - before[1], now[2] - before[2], now[3] - before[3]]
  return change.every((number) => number === 0) ? null : change
}
