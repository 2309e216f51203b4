// The newest events in memory, in order: what the event stream replays and GET /events pages through.
// Hides the ring and the question whether an id that a subscriber brings is one from which nothing is missing.

import type { PublishedEvent } from '../model/event.ts'
import { compareEventIds } from '../model/event.ts'

/** The position before the first event there ever was. */
export const BEFORE_ALL_EVENTS = '0-0'

export class EventLog {
  readonly #limit: number
  #events: PublishedEvent[] = []
  /** Events before this index are evicted; the array is compacted now and then. */
  #start = 0
  /** Where the kept events begin: the newest evicted event, or BEFORE_ALL_EVENTS while none was evicted. */
  #floor: string = BEFORE_ALL_EVENTS
  readonly #listeners = new Set<(events: readonly PublishedEvent[]) => void>()

  constructor(options: { readonly limit: number }) {
    this.#limit = Math.max(1, options.limit)
  }

  /** Takes the events that a store kept, oldest first, without telling listeners. For the start only. */
  restore(events: readonly PublishedEvent[]): void {
    this.#push(events)
    if (events.length === this.#limit) this.#floor = justBefore(events[0].id)
  }

  /** Adds events, oldest first, and tells the listeners. Events not newer than the newest one are ignored. */
  append(events: readonly PublishedEvent[]): void {
    const added = this.#push(events)
    if (added.length > 0) for (const listener of this.#listeners) listener(added)
  }

  get oldestId(): string | null {
    return this.#events[this.#start]?.id ?? null
  }

  get newestId(): string | null {
    return this.#events.at(-1)?.id ?? null
  }

  get size(): number {
    return this.#events.length - this.#start
  }

  /** Events newer than `id` (null: from the oldest kept), oldest first, at most `limit`. */
  after(id: string | null, limit: number): readonly PublishedEvent[] {
    const from = id === null ? this.#start : this.#firstAfter(id)
    return this.#events.slice(from, from + limit)
  }

  /** Whether `id` is an event of this log or where it begins: then after(id) leaves no gap. */
  continuesFrom(id: string): boolean {
    const at = this.#firstAfter(id)
    return at > this.#start ? this.#events[at - 1].id === id : this.#floor === id
  }

  /** The newest position not after `id` from which the log has no gap: an event's id or where the log begins. */
  positionAt(id: string): string {
    const at = this.#firstAfter(id)
    return at > this.#start ? this.#events[at - 1].id : this.#floor
  }

  /** Calls `listener` with every batch appended from now on; the returned function ends that. Listeners must not throw. */
  subscribe(listener: (events: readonly PublishedEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #push(events: readonly PublishedEvent[]): PublishedEvent[] {
    const added: PublishedEvent[] = []
    for (const event of events) {
      if (compareEventIds(event.id, this.newestId ?? this.#floor) <= 0) continue
      this.#events.push(event)
      added.push(event)
    }
    this.#evict()
    return added
  }

  #evict(): void {
    const excess = this.size - this.#limit
    if (excess <= 0) return
    this.#start += excess
    this.#floor = this.#events[this.#start - 1].id
    if (this.#start < this.#limit) return
    this.#events = this.#events.slice(this.#start)
    this.#start = 0
  }

  /** Index of the first kept event newer than `id`. */
  #firstAfter(id: string): number {
    let low = this.#start
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareEventIds(this.#events[middle].id, id) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** A position before the event and after every other that could be before it: earlier events may have been dropped by the store. */
function justBefore(id: string): string {
  const [tickMs, number] = id.split('-').map(Number)
  return number > 0 ? `${tickMs}-${number - 1}` : `${tickMs - 1}-999999999`
}
