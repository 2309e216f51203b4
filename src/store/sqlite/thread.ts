// The way to the store's thread and back: numbers the calls, puts the pieces of their rows together, and bounds how many may wait.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type PartialRow, StoreError, type WriterRow } from '../port.ts'
import type { Gives, Needs, SqliteAnswer, SqliteCallName, SqliteMessage } from './protocol.ts'
import { packRows, unpackRows } from './row-pieces.ts'

/** Calls that may wait for the thread; one more is refused, so that a disk that hangs cannot fill the memory. */
const MAX_WAITING_CALLS = 256

interface Waiting {
  readonly rows: WriterRow[]
  readonly resolve: (answer: Answered) => void
  readonly reject: (error: StoreError) => void
}

interface Answered {
  readonly result: Gives<SqliteCallName>
  readonly rows: WriterRow[]
}

export class SqliteThread {
  readonly #path: string
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  /** Set when the thread died; every later call fails with it. */
  #lost: StoreError | null = null
  /** The call that the next one has to follow: rows are sent in pieces with turns of the event loop between them. */
  #previous: Promise<void> = Promise.resolve()

  /** `path` is for messages only. */
  constructor(path: string) {
    this.#path = path
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), { name: 'store' })
    this.#worker.on('message', (answer: SqliteAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#lose(error instanceof Error ? error.message : 'it failed'))
    this.#worker.on('exit', () => this.#lose('it ended'))
  }

  /** Calls are done in their order. `rows` must not be altered before the answer. */
  async call<Name extends SqliteCallName>(
    name: Name,
    needs: Needs<Name>,
    options: { readonly nowMs: number; readonly rows?: Iterable<PartialRow> },
  ): Promise<{ result: Gives<Name>; rows: WriterRow[] }> {
    if (this.#lost !== null) throw this.#lost
    if (this.#waiting.size >= MAX_WAITING_CALLS)
      throw new StoreError(`the store ${this.#path} is too slow: ${MAX_WAITING_CALLS} calls wait for it already`)
    const call = this.#calls++
    const answered = new Promise<Answered>((resolve, reject) => this.#waiting.set(call, { rows: [], resolve, reject }))
    const request = { do: name, call, nowMs: options.nowMs, needs } as SqliteMessage
    this.#previous = this.#previous.then(() => this.#send(request, options.rows))
    const { result, rows } = await answered
    return { result: result as Gives<Name>, rows }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #send(request: SqliteMessage, rows: Iterable<PartialRow> = []): Promise<void> {
    const { call } = request
    try {
      for (const piece of packRows(rows)) {
        this.#worker.postMessage({ do: 'piece', call, piece } satisfies SqliteMessage, [piece.bytes.buffer])
        await nextTurn()
      }
      this.#worker.postMessage(request, [])
    } catch (error) {
      this.#settle({ call, message: `the store ${this.#path} was not reached: ${(error as Error).message}` })
    }
  }

  #settle(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.call)
    if (waiting === undefined) return
    if ('piece' in answer) {
      for (const row of unpackRows(answer.piece)) waiting.rows.push(row)
      return
    }
    this.#waiting.delete(answer.call)
    if ('message' in answer) waiting.reject(new StoreError(answer.message))
    else waiting.resolve({ result: answer.result, rows: waiting.rows })
  }

  #lose(reason: string): void {
    this.#lost ??= new StoreError(`the thread of the store ${this.#path} is gone: ${reason}; restart the daemon`)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#lost)
    this.#waiting.clear()
  }
}
