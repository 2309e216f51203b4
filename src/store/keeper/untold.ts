// Own events between the moment they are found and the one at which the world knows of them.
import type { Clock } from '../../runtime/clock.ts'

export class Untold<Event> {
  readonly #clock: Clock
  #events: Event[] = []
  /** Since when the oldest of them waits, monotonic milliseconds. */
  #sinceMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(events: readonly Event[]): void {
    if (this.#events.length === 0) this.#sinceMs = this.#clock.monotonic()
    this.#events.push(...events)
  }

  /** Whether one of them waits for so long. */
  isWaiting(ms: number): boolean {
    return this.#events.length > 0 && this.#clock.monotonic() - this.#sinceMs >= ms
  }

  /** Those of the events that were not told yet; now they are. */
  take(events: readonly Event[]): Event[] {
    const told = new Set(events)
    const newly = this.#events.filter((event) => told.has(event))
    this.#events = this.#events.filter((event) => !told.has(event))
    return newly
  }

  /** All of them; now they are told. */
  takeAll(): Event[] {
    const events = this.#events
    this.#events = []
    return events
  }
}
