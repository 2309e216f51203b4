// The embedded store: one SQLite file, behind a thread of its own, so that neither ingestion nor the tick waits for a disk.
import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { isEventId, type PublishedEvent } from '../model/event.ts'
import { packCohorts, unpackCohorts } from './cohort-pieces.ts'
import { type StateChange, type Store, type StoredState, StoreError } from './port.ts'
import type { PackedState, SqliteAnswer, SqliteRequest, SqliteResult } from './sqlite-protocol.ts'

/** Calls that may wait for the thread; one more is refused, so that a disk that hangs cannot fill the memory. */
const MAX_WAITING_CALLS = 256

interface Waiting {
  readonly resolve: (result: SqliteResult) => void
  readonly reject: (error: StoreError) => void
}

/** Keeps at most `eventLimit` events. A change passed to save() must not be altered before its promise settles. */
export class SqliteStore implements Store {
  readonly #path: string
  readonly #eventLimit: number
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #calls = 0
  #queued = 0
  #state: 'new' | 'running' | 'stopped' = 'new'
  /** Set when the thread died; every later call fails with it. */
  #lost: StoreError | null = null
  /** The call that the next one has to follow: a change travels in pieces that nothing may come between. */
  #previous: Promise<unknown> = Promise.resolve()
  #stopping: Promise<void> | null = null

  constructor(options: { path: string; eventLimit: number }) {
    this.#path = resolve(options.path)
    this.#eventLimit = options.eventLimit
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new StoreError('a store can be started only once')
    this.#state = 'running'
    this.#worker = this.#startWorker()
    try {
      await this.#call((call) => this.#post({ do: 'open', call, path: this.#path, eventLimit: this.#eventLimit }))
    } catch (error) {
      this.#state = 'stopped'
      await this.#worker.terminate()
      throw error
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  async load(): Promise<StoredState> {
    const state = (await this.#call((call) => this.#post({ do: 'load', call }))) as PackedState
    return {
      experiments: state.experiments,
      cohorts: state.pieces.flatMap((piece) => [...unpackCohorts(piece)]),
      engine: state.engine,
    }
  }

  async save(change: StateChange): Promise<void> {
    await this.#call(async (call) => {
      const { forgottenExperiments, forgottenCohorts, experiments, engine, events } = change
      this.#post({ do: 'begin', forgottenExperiments, forgottenCohorts })
      for (const piece of packCohorts(change.cohorts)) {
        this.#post({ do: 'piece', piece }, [piece.bytes.buffer])
        // Between two pieces the event loop may serve others.
        await nextTurn()
      }
      this.#post({ do: 'commit', call, experiments, engine, events })
    })
  }

  async readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    if (afterId !== null && !isEventId(afterId)) throw new StoreError(`"${afterId}" is not the id of an event`)
    return (await this.#call((call) => this.#post({ do: 'readEvents', call, afterId, limit }))) as PublishedEvent[]
  }

  async newestEvents(limit: number): Promise<PublishedEvent[]> {
    return (await this.#call((call) => this.#post({ do: 'newestEvents', call, limit }))) as PublishedEvent[]
  }

  async #close(): Promise<void> {
    const wasRunning = this.#state === 'running'
    const closed = wasRunning && this.#lost === null ? this.#call((call) => this.#post({ do: 'close', call })) : null
    this.#state = 'stopped'
    await closed
    await this.#worker?.terminate()
  }

  /** Sends a request once those before it are sent; settles as the thread answers. */
  async #call(send: (call: number) => void | Promise<void>): Promise<SqliteResult> {
    if (this.#state !== 'running') throw new StoreError('the store is not running')
    if (this.#lost !== null) throw this.#lost
    if (this.#queued >= MAX_WAITING_CALLS)
      throw new StoreError(`the store ${this.#path} is too slow: ${MAX_WAITING_CALLS} calls wait for it already`)
    this.#queued++
    const call = this.#calls++
    const answered = new Promise<SqliteResult>((resolve, reject) => this.#waiting.set(call, { resolve, reject }))
    this.#previous = this.#previous
      .then(() => send(call))
      .catch((error: Error) =>
        this.#settle({ call, message: `the store ${this.#path} was not reached: ${error.message}` }),
      )
    try {
      return await answered
    } finally {
      this.#queued--
    }
  }

  #post(request: SqliteRequest, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(request, transfer)
  }

  #startWorker(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./sqlite-worker.${extension}`, import.meta.url), { name: 'store' })
    worker.on('message', (answer: SqliteAnswer) => this.#settle(answer))
    worker.on('error', (error) => this.#lose(error instanceof Error ? error.message : 'it failed'))
    worker.on('exit', () => this.#lose('it ended'))
    return worker
  }

  #settle(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.call)
    this.#waiting.delete(answer.call)
    if ('message' in answer) waiting?.reject(new StoreError(answer.message))
    else waiting?.resolve(answer.result)
  }

  #lose(reason: string): void {
    this.#lost ??= new StoreError(`the thread of the store ${this.#path} is gone: ${reason}; restart the daemon`)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost)
    this.#waiting.clear()
  }
}
