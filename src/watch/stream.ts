// Follows the daemon's event stream over reconnections: where a connection is lost, the next one resumes after the last event seen.
import { Backoff } from '../runtime/backoff.ts'
import { after, sleep } from '../runtime/clock.ts'
import { ApiError, reasonOf, request, unexpected } from './api.ts'
import { SseParser } from './sse.ts'

export const EVENT_STREAM_PATH = '/api/v1/events/stream'

/** The server sends a comment every 15 s: three of them missing is a dead connection. */
const SILENCE_MS = 45_000
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 10_000

export type StreamNews =
  /** A connection is open. `after`: the event that it resumes after; null: from now on. */
  | { readonly kind: 'connected'; readonly after: string | null }
  /** An event; `json` is its data as it came. */
  | { readonly kind: 'event'; readonly id: string; readonly json: string }
  /** No connection; the next attempt is made after the delay. */
  | { readonly kind: 'lost'; readonly reason: string; readonly retryMs: number }

export interface FollowOptions {
  /** As apiBase() gives it. */
  readonly api: string
  /** Begin after this event; null: with the next one. */
  readonly after: string | null
  /** Ends the iteration. */
  readonly signal: AbortSignal
  readonly silenceMs?: number
  readonly backoff?: Backoff
}

/**
 * Events in their order, and what becomes of the connection, until the signal is aborted. Throws ApiError only where trying again is of
 * no use: the address answers but has no event stream.
 */
export async function* followEvents(options: FollowOptions): AsyncGenerator<StreamNews> {
  const { api, signal } = options
  const backoff = options.backoff ?? new Backoff({ baseMs: FIRST_DELAY_MS, maxMs: LONGEST_DELAY_MS })
  let lastId = options.after
  let askedDelayMs = 0
  while (!signal.aborted) {
    let reason = 'the daemon closed the stream'
    const connection = new Connection(api, signal, options.silenceMs ?? SILENCE_MS)
    try {
      const body = await connection.open(lastId)
      yield { kind: 'connected', after: lastId }
      for await (const message of connection.messages(body)) {
        backoff.reset()
        if (message.id !== '') lastId = message.id
        yield { kind: 'event', id: message.id, json: message.data }
      }
    } catch (error) {
      if (error instanceof ApiError && isFinal(error)) throw error
      reason = connection.silent ? 'the stream fell silent' : reasonOf(error)
    } finally {
      connection.close()
    }
    if (signal.aborted) return
    askedDelayMs = connection.retryMs ?? askedDelayMs
    const retryMs = Math.min(LONGEST_DELAY_MS, Math.max(backoff.next(), askedDelayMs))
    yield { kind: 'lost', reason, retryMs }
    await sleep(retryMs, signal)
  }
}

function isFinal(error: ApiError): boolean {
  return error.status !== null && error.status < 500 && error.status !== 429 && error.status !== 408
}

/** One HTTP request for the stream, given up when nothing has come for too long. */
class Connection {
  silent = false
  readonly #api: string
  readonly #silenceMs: number
  readonly #controller = new AbortController()
  readonly #signal: AbortSignal
  readonly #parser = new SseParser()
  #cancelTimer: () => void = () => {}

  constructor(api: string, signal: AbortSignal, silenceMs: number) {
    this.#api = api
    this.#silenceMs = silenceMs
    this.#signal = AbortSignal.any([signal, this.#controller.signal])
  }

  get retryMs(): number | null {
    return this.#parser.retryMs
  }

  async open(lastId: string | null): Promise<ReadableStream<Uint8Array>> {
    this.#expectBytes()
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (lastId !== null) headers['last-event-id'] = lastId
    const response = await request(this.#api, EVENT_STREAM_PATH, this.#signal, headers)
    const type = response.headers.get('content-type') ?? ''
    if (response.status === 200 && type.startsWith('text/event-stream') && response.body !== null) return response.body
    const text = response.status === 200 ? `not an event stream (${type})` : await response.text()
    throw new ApiError(unexpected(this.#api, EVENT_STREAM_PATH, response.status, text), response.status)
  }

  async *messages(body: ReadableStream<Uint8Array>): AsyncGenerator<{ id: string; data: string }> {
    for await (const chunk of body) {
      this.#expectBytes()
      yield* this.#parser.push(chunk)
    }
  }

  close(): void {
    this.#cancelTimer()
    this.#controller.abort()
  }

  #expectBytes(): void {
    this.#cancelTimer()
    this.#cancelTimer = after(this.#silenceMs, () => {
      this.silent = true
      this.#controller.abort()
    })
  }
}
