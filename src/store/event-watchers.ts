// Those who watch a store's events: each gets every event after the one it names, in order, once. Hides where the events that are
// already stored end and the new ones begin.
import { compareEventIds, type PublishedEvent } from '../model/event.ts'
import { after } from '../runtime/clock.ts'

const PAGE = 200
const RETRY_MS = 1000

type Listener = (events: readonly PublishedEvent[]) => void

interface Watcher {
  /** The last event it got; null: none yet, and it wants no older ones. */
  cursor: string | null
  readonly listener: Listener
  /** Whether its events are being read from the store. */
  reading: boolean
  /** Whether others were published meanwhile. */
  behind: boolean
  ended: boolean
}

export class EventWatchers {
  readonly #watchers = new Set<Watcher>()
  readonly #read: (afterId: string, limit: number) => Promise<PublishedEvent[]>

  /** `read` gives stored events after an id, oldest first. */
  constructor(read: (afterId: string, limit: number) => Promise<PublishedEvent[]>) {
    this.#read = read
  }

  /** As watchEvents() of the port. */
  watch(afterId: string | null, listener: Listener): () => void {
    const watcher: Watcher = { cursor: afterId, listener, reading: false, behind: false, ended: false }
    this.#watchers.add(watcher)
    if (afterId !== null) void this.#catchUp(watcher)
    return () => this.#end(watcher)
  }

  /** These events were stored, after all others that this was called with. */
  published(events: readonly PublishedEvent[]): void {
    if (events.length === 0) return
    for (const watcher of this.#watchers) {
      if (watcher.reading) watcher.behind = true
      else deliver(watcher, events)
    }
  }

  /** Ends all watching. */
  stop(): void {
    for (const watcher of this.#watchers) this.#end(watcher)
  }

  #end(watcher: Watcher): void {
    watcher.ended = true
    this.#watchers.delete(watcher)
  }

  /** Reads until nothing is left that was not told. */
  async #catchUp(watcher: Watcher): Promise<void> {
    watcher.reading = true
    try {
      let full = true
      while (!watcher.ended && (full || watcher.behind)) {
        watcher.behind = false
        const events = await this.#read(watcher.cursor!, PAGE)
        full = events.length === PAGE
        deliver(watcher, events)
      }
      watcher.reading = false
    } catch {
      // The store tells its observer; the watcher only has to go on later.
      after(RETRY_MS, () => void this.#catchUp(watcher))
    }
  }
}

function deliver(watcher: Watcher, events: readonly PublishedEvent[]): void {
  if (watcher.ended) return
  const { cursor } = watcher
  const later = cursor === null ? events : events.filter((event) => compareEventIds(event.id, cursor) > 0)
  if (later.length === 0) return
  watcher.cursor = later[later.length - 1].id
  watcher.listener(later)
}
