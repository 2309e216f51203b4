// The stream of events, and those who watch it. Its entries have the events' own ids, so reading on after an id is all that is needed
// to tell each event once and in order, whatever happened to the connection in between.
import type { PublishedEvent } from '../../model/event.ts'
import { Backoff } from '../../runtime/backoff.ts'
import { sleep } from '../../runtime/clock.ts'
import { mustBeEventId } from '../event-order.ts'
import { EventWatchers } from '../event-watchers.ts'
import type { RedisConnection, Reply } from './connection.ts'
import { list, type RedisServer, textOf } from './server.ts'

const PAGE = 500
/** How long the server lets a reader wait for something new. */
const BLOCK_MS = 1000
const BEGINNING = '0-0'

type Waiting = Awaited<ReturnType<RedisConnection['another']>>

export class Events {
  readonly #server: RedisServer
  readonly #watchers = new EventWatchers((afterId, limit) => this.read(afterId, limit))
  readonly #stopped = new AbortController()
  #following: Promise<void> | null = null
  #connection: Waiting | null = null

  constructor(server: RedisServer) {
    this.#server = server
  }

  async read(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    if (afterId !== null) mustBeEventId(afterId)
    if (limit <= 0) return []
    const from = afterId === null ? '-' : `(${afterId}`
    return eventsOf(
      await this.#server.connection.call('xrange', [this.#server.keys.channel, from, '+', 'COUNT', limit]),
    )
  }

  async newest(limit: number): Promise<PublishedEvent[]> {
    if (limit <= 0) return []
    const reply = await this.#server.connection.call('xrevrange', [this.#server.keys.channel, '+', '-', 'COUNT', limit])
    return eventsOf(reply).toReversed()
  }

  watch(afterId: string | null, listener: (events: readonly PublishedEvent[]) => void): () => void {
    if (afterId !== null) mustBeEventId(afterId)
    let end = (): void => {}
    const ended = new AbortController()
    void this.#begin(afterId, AbortSignal.any([ended.signal, this.#stopped.signal])).then((from) => {
      if (from !== null) end = this.#watchers.watch(from, listener)
    })
    return () => {
      ended.abort()
      end()
    }
  }

  stop(): void {
    this.#stopped.abort()
    this.#watchers.stop()
    this.#connection?.end()
  }

  /** Where the watcher begins, once everything newer than that is sure to be told; null: it ended before. */
  async #begin(afterId: string | null, ended: AbortSignal): Promise<string | null> {
    const backoff = new Backoff({ baseMs: 50, maxMs: 1000 })
    while (!ended.aborted) {
      try {
        // Asked for at once: what is published after the call to watch() is after it.
        const now = this.#newestId()
        this.#following ??= now.then((from) => void this.#follow(from))
        const [from] = await Promise.all([now, this.#following])
        return ended.aborted ? null : (afterId ?? from)
      } catch {
        this.#following = null
        await sleep(backoff.next(), ended)
      }
    }
    return null
  }

  async #newestId(): Promise<string> {
    return (await this.newest(1))[0]?.id ?? BEGINNING
  }

  /** Tells all watchers what comes after the id, until the stop. */
  async #follow(from: string): Promise<void> {
    const backoff = new Backoff({ baseMs: 50, maxMs: 1000 })
    let cursor = from
    while (!this.#stopped.signal.aborted) {
      try {
        this.#connection ??= await this.#server.connection.another()
        const events = await this.#next(this.#connection, cursor)
        backoff.reset()
        cursor = events.at(-1)?.id ?? cursor
        this.#watchers.published(events)
      } catch {
        // Whoever asks something of the store tells that it is away; here it is only tried again.
        this.#connection?.end()
        this.#connection = null
        await sleep(backoff.next(), this.#stopped.signal)
      }
    }
    this.#connection?.end()
  }

  async #next(connection: Waiting, cursor: string): Promise<PublishedEvent[]> {
    const stream = this.#server.keys.channel
    const reply = await connection.call('xread', ['COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', stream, cursor])
    if (reply === null) return []
    const [[, entries]] = list(reply) as [[Reply, Reply]]
    return eventsOf(entries)
  }
}

function eventsOf(reply: Reply): PublishedEvent[] {
  return list(reply).map((entry) => {
    const [id, fields] = list(entry)
    return { id: textOf(id), json: textOf(list(fields)[1]) }
  })
}
