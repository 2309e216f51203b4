// Does the same cumulative time series reach two replicas? Then each sees only part of its points, and what happened between is lost or counted by
// neither. A replica cannot know alone, so each tells the others, with its partial of a minute, a few of the series that it saw: those with the
// smallest hashes, so that all tell the same ones. A series that moved to another replica once (a restart, a new connection) is seen by the
// first and then by the second; only where their sightings alternate do both see it.
import { minuteOf } from '../slices/minute-counts.ts'

/** Under this name a cohort's partials carry them. */
export const STREAMS = '@streams'

/** Series that are told of one minute. */
const TOLD_A_MINUTE = 16
/** Minutes that are looked back. */
const LOOKED_BACK = 15
/** Other writers that are remembered of one cohort. */
const MOST_WRITERS = 32
const ID_BYTES = 8

type Minutes = Map<number, readonly number[]>

export class StreamSightings {
  readonly #own: Minutes = new Map()
  readonly #others = new Map<string, Minutes>()
  readonly #shared = new Set<number>()

  /** A point of a cumulative series was counted here; `stream`: its identity. True where that is new of the minute. */
  see(stream: Uint32Array, second: number): boolean {
    const minute = minuteOf(second)
    const known = this.#own.get(minute) ?? []
    const id = stream[0] * 65_536 + (stream[1] >>> 16)
    if (known.includes(id) || (known.length === TOLD_A_MINUTE && id > known[known.length - 1])) return false
    const told = [...known, id].sort((a, b) => a - b).slice(0, TOLD_A_MINUTE)
    this.#own.set(minute, told)
    forgetBefore(this.#own, minute - LOOKED_BACK)
    this.#compare()
    return true
  }

  /** What was seen here in a minute; null: nothing. */
  encodeMinute(minute: number): Uint8Array | null {
    const ids = this.#own.get(minute)
    if (ids === undefined) return null
    const bytes = new Uint8Array(ids.length * ID_BYTES)
    const view = new DataView(bytes.buffer)
    for (const [at, id] of ids.entries()) view.setFloat64(at * ID_BYTES, id, true)
    return bytes
  }

  /** Another writer tells what it saw in a minute. */
  learn(writer: string, minute: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const ids = Array.from({ length: Math.floor(bytes.length / ID_BYTES) }, (_, at) =>
      view.getFloat64(at * ID_BYTES, true),
    )
    let minutes = this.#others.get(writer)
    if (minutes === undefined) {
      if (this.#others.size === MOST_WRITERS) return
      this.#others.set(writer, (minutes = new Map()))
    }
    minutes.set(minute, ids.slice(0, TOLD_A_MINUTE))
    forgetBefore(minutes, minute - LOOKED_BACK)
    this.#compare()
  }

  /** How many of the series that are told reach this and another replica. */
  get shared(): number {
    return this.#shared.size
  }

  #compare(): void {
    const own = byId(this.#own)
    for (const minutes of this.#others.values())
      for (const [id, theirs] of byId(minutes)) if (alternates(own.get(id) ?? [], theirs)) this.#shared.add(id)
  }
}

/** Ascending minutes by series. */
function byId(minutes: Minutes): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (const [minute, ids] of [...minutes].sort((a, b) => a[0] - b[0]))
    for (const id of ids) {
      const known = found.get(id)
      if (known === undefined) found.set(id, [minute])
      else known.push(minute)
    }
  return found
}

/** Whether one was seen, then the other, then the first again: more than a series that changed over explains. */
function alternates(a: readonly number[], b: readonly number[]): boolean {
  const both = a.filter((minute) => b.includes(minute)).length
  return both > 1 || isBetween(a, b) || isBetween(b, a)
}

function isBetween(outer: readonly number[], inner: readonly number[]): boolean {
  return inner.some((minute) => outer[0] < minute && minute < outer[outer.length - 1])
}

function forgetBefore(minutes: Minutes, oldest: number): void {
  for (const minute of minutes.keys()) if (minute < oldest) minutes.delete(minute)
}
