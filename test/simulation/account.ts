// The naive account of one replica: what its writers have counted, told by its engine, and what their rows must hold.
import type { LeftEntry } from '../../src/cohort/traces.ts'
import type { WriterRow } from '../../src/model/partial.ts'
import type { ExportRequest } from '../../src/model/signal.ts'
import type { Commit, LeftJournalEntry } from '../../src/store/port.ts'
import { inRows, WriterBook } from './book.ts'
import type { RequestPlan } from './plan.ts'
import type { Coverage, StoreServer } from './server.ts'
import type { Witness } from './traced-engine.ts'
import { identityOf, partsOf } from './traffic.ts'

/** Everybody's books, and the requests by identity. */
export interface Accounts {
  readonly books: Map<string, WriterBook>
  readonly requests: ReadonlyMap<string, RequestPlan>
  readonly server: StoreServer
}

export interface Notes {
  readonly newWriter: () => string
  /** A request was counted; `nowMs`: the engine's clock. */
  readonly counted: (request: number, nowMs: number) => void
}

export class Account implements Witness {
  /** Spans that were given to the engine and counted, or refused, by it. */
  received = 0
  readonly #accounts: Accounts
  readonly #notes: Notes
  #writer = ''

  constructor(accounts: Accounts, notes: Notes) {
    this.#accounts = accounts
    this.#notes = notes
  }

  get writer(): string {
    return this.#writer
  }

  newWriter(): string {
    this.#writer = this.#notes.newWriter()
    this.#accounts.books.set(this.#writer, new WriterBook(this.#writer))
    return this.#writer
  }

  counted({ identity }: ExportRequest, nowMs: number, skip: ReadonlySet<string>): void {
    const request = this.#accounts.requests.get(identity)!
    this.received += request.spans.length
    this.#book.counted(request.number, partsOf(request, nowMs, skip))
    this.#notes.counted(request.number, nowMs)
  }

  undone(identities: readonly string[]): void {
    this.#book.undo(new Set(identities.map((identity) => this.#accounts.requests.get(identity)!.number)))
  }

  adopted(experiment: string, rows: readonly WriterRow[]): void {
    const { backend, parts } = this.#accounts.server.state
    for (const [writer, ofWriter] of Map.groupBy(rows, (row) => row.writer)) {
      const stored = backend.experiment(experiment).rowsOf(writer, -Infinity)
      this.#book.adopted(inRows(parts.of(writer, experiment), ofWriter, stored))
    }
  }

  journalTaken(): void {
    this.#book.journalTaken()
  }

  /** What an entry gave to experiments whose flush was not written is counted again. */
  restored(entries: readonly LeftEntry[]): void {
    for (const { writer, number, unwritten } of entries as readonly LeftJournalEntry[])
      for (const experiment of unwritten) {
        const parts = this.#accounts.books.get(writer)!.inEntry(number, experiment)
        this.#book.counted(
          -1,
          parts.filter(({ request, span }) => this.#inherits(request, span)),
        )
      }
  }

  coverageOf({ flushes }: Commit): Coverage {
    return new Map(flushes.map(({ experiment }) => [experiment, this.#book.holds(experiment)]))
  }

  #inherits(request: number, span: number): boolean {
    return this.#accounts.requests.get(identityOf({ number: request }))!.spans[span].tags.length === 0
  }

  get #book(): WriterBook {
    return this.#accounts.books.get(this.#writer)!
  }
}
