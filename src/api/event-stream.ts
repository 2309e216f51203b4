// Server-sent events: every subscriber has a position in the event log and is given what comes after it, as fast as it
// reads. The log is the only buffer, so a subscriber costs no memory by being slow, and replay and live are the same thing:
// no event is left out or told twice where one passes into the other.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CohortEvent, PublishedEvent } from '../model/event.ts'
import { compareEventIds, isEventId } from '../model/event.ts'
import type { ApiEventLog, ApiObserver } from './source.ts'

export interface EventStreamOptions {
  readonly eventLog: ApiEventLog
  /** `source` of resync events. */
  readonly eventSource: string
  readonly observer: Pick<ApiObserver, 'streams' | 'streamDropped'>
  /** Unix milliseconds, for resync events. */
  readonly now: () => number
  readonly maxSubscribers: number
}

/** A connection whose head is already sent; a ServerResponse is one. */
export interface StreamConnection {
  /** False: wait for `drain` before writing more. */
  write(bytes: Uint8Array): boolean
  end(): unknown
  destroy(): unknown
  on(event: 'drain' | 'close' | 'error', listener: () => void): unknown
}

interface Subscriber {
  readonly connection: StreamConnection
  /** Id of the last event written. */
  position: string
  /** Whether the last write asked to wait for `drain`. */
  blocked: boolean
  /** Heartbeats for which it has been blocked. */
  stalledBeats: number
}

/** What follows a position: events in one write, nothing yet, or events of which some have already left the log. */
type Page = { readonly bytes: Uint8Array; readonly last: string } | 'nothing' | 'lost'

const START_OF_LOG = '0-0'
const EVENTS_PER_WRITE = 64
const SUBSCRIBERS_PER_TURN = 100
const MAX_CACHED_PAGES = 64
/** A blocked subscriber is given up at the second heartbeat in a row that finds it so. */
const MAX_STALLED_BEATS = 2
const RETRY_MS = 2000
const MAX_QUOTED_ID = 64
const GREETING = Buffer.from(`retry: ${RETRY_MS}\n: cohortd event stream\n\n`)
const HEARTBEAT = Buffer.from(': heartbeat\n\n')

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

export class EventStreams {
  readonly #options: EventStreamOptions
  readonly #subscribers = new Set<Subscriber>()
  readonly #pages = new Map<string, Page>()
  readonly #unsubscribe: () => void
  #resyncs = 0
  #delivering = false
  #appended = false
  #closed = false

  constructor(options: EventStreamOptions) {
    this.#options = options
    this.#unsubscribe = options.eventLog.subscribe(() => this.#notify())
  }

  get size(): number {
    return this.#subscribers.size
  }

  /** True, and counted, where another subscriber would be one too many. */
  refuse(): boolean {
    const full = this.#closed || this.#subscribers.size >= this.#options.maxSubscribers
    if (full) this.#options.observer.streamDropped('limit')
    return full
  }

  /** Serves a connection until it closes: what came after `lastEventId` and then what comes; null: only what comes. */
  add(connection: StreamConnection, lastEventId: string | null): void {
    const { eventLog, observer } = this.#options
    const now = eventLog.newestId ?? eventLog.positionAt(START_OF_LOG)
    const subscriber: Subscriber = { connection, position: now, blocked: false, stalledBeats: 0 }
    this.#subscribers.add(subscriber)
    observer.streams(this.size)
    connection.on('drain', () => this.#drained(subscriber))
    connection.on('close', () => this.#remove(subscriber))
    connection.on('error', () => this.#remove(subscriber))
    this.#write(subscriber, GREETING)
    if (lastEventId !== null) {
      const known = isEventId(lastEventId)
      if (known) subscriber.position = eventLog.positionAt(lastEventId)
      if (!known || !eventLog.continuesFrom(lastEventId))
        this.#write(subscriber, this.#resync(lastEventId, subscriber.position))
    }
    this.#deliver(subscriber)
  }

  /** Sends the comment that keeps idle connections open, and gives up subscribers that have not read for two beats. */
  beat(): void {
    for (const subscriber of this.#subscribers)
      if (!subscriber.blocked) this.#write(subscriber, HEARTBEAT)
      else if (++subscriber.stalledBeats >= MAX_STALLED_BEATS) this.#drop(subscriber)
  }

  /** Writes what is published and not yet sent, then ends all streams; new ones are refused. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    for (const subscriber of this.#subscribers) {
      this.#deliver(subscriber)
      this.#remove(subscriber)
      subscriber.connection.end()
    }
  }

  /** Subscribers get new events in a later turn of the loop: whoever appends does not wait for them. */
  #notify(): void {
    this.#pages.clear()
    this.#appended = true
    if (!this.#delivering) void this.#deliverToAll()
  }

  async #deliverToAll(): Promise<void> {
    this.#delivering = true
    while (this.#appended) {
      await nextTurn()
      this.#appended = false
      let served = 0
      for (const subscriber of this.#subscribers) {
        this.#deliver(subscriber)
        if (++served % SUBSCRIBERS_PER_TURN === 0) await nextTurn()
      }
    }
    this.#delivering = false
  }

  /** Writes until the subscriber has everything or asks to wait. Who can no longer be given everything is dropped. */
  #deliver(subscriber: Subscriber): void {
    while (this.#subscribers.has(subscriber)) {
      const page = this.#pageAfter(subscriber.position)
      if (page === 'lost') this.#drop(subscriber)
      if (typeof page === 'string' || subscriber.blocked) return
      subscriber.position = page.last
      this.#write(subscriber, page.bytes)
    }
  }

  /** The same bytes for all who stand at the same position. */
  #pageAfter(position: string): Page {
    let page = this.#pages.get(position)
    if (page !== undefined) return page
    page = this.#readAfter(position)
    if (this.#pages.size >= MAX_CACHED_PAGES) this.#pages.clear()
    this.#pages.set(position, page)
    return page
  }

  #readAfter(position: string): Page {
    const { eventLog } = this.#options
    if (!eventLog.continuesFrom(position)) return 'lost'
    const events = eventLog.after(position, EVENTS_PER_WRITE)
    const last = events.at(-1)
    return last === undefined ? 'nothing' : { bytes: Buffer.from(events.map(frame).join('')), last: last.id }
  }

  #drained(subscriber: Subscriber): void {
    subscriber.blocked = false
    subscriber.stalledBeats = 0
    this.#deliver(subscriber)
  }

  #write(subscriber: Subscriber, bytes: Uint8Array): void {
    if (!subscriber.connection.write(bytes)) subscriber.blocked = true
  }

  #drop(subscriber: Subscriber): void {
    if (!this.#subscribers.has(subscriber)) return
    this.#options.observer.streamDropped('slow')
    this.#remove(subscriber)
    subscriber.connection.destroy()
  }

  #remove(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber)) this.#options.observer.streams(this.size)
  }

  /** Tells that events may be missing before those that follow; its id is where the stream goes on. */
  #resync(lastEventId: string, position: string): Uint8Array {
    const { eventLog, eventSource, now } = this.#options
    const { oldestId, newestId } = eventLog
    const tooOld = isEventId(lastEventId) && oldestId !== null && compareEventIds(lastEventId, oldestId) < 0
    const nowMs = now()
    const event: CohortEvent = {
      specversion: '1.0',
      id: `resync-${nowMs}-${this.#resyncs++}`,
      source: eventSource,
      type: 'cohortd.stream.resync',
      subject: 'stream',
      time: new Date(nowMs).toISOString(),
      datacontenttype: 'application/json',
      data: {
        reason: tooOld ? 'too_old' : 'unknown',
        last_event_id: lastEventId.slice(0, MAX_QUOTED_ID),
        oldest_id: oldestId,
        newest_id: newestId,
        snapshot: '/api/v1/experiments',
      },
    }
    return Buffer.from(frame({ id: position, json: JSON.stringify(event) }))
  }
}

function frame({ id, json }: PublishedEvent): string {
  return `id: ${id}\ndata: ${json}\n\n`
}
