// Own partials into the store. A pass hands over what had changed when it began, in pieces that hold nothing up (acknowledging
// durably: all at once, since a request may be counted in any of them). What fails goes back to the engine, which hands it over again
// in the state it then has: nothing piles up here, however long the store is away.
import type { PublishedEvent } from '../../model/event.ts'
import type { AdoptedRows, FlushDraft } from '../../model/partial.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Flush, FlushOutcome, JournalEntry, Store } from '../port.ts'
import type { Journal, KeptEngine, TakenJournal } from './kept-engine.ts'
import type { CommitRequests, PendingRequests } from './requests.ts'
import type { Writer } from './writer.ts'

/** Cohorts in one commit: a few milliseconds of encoding. */
const COHORTS_PER_COMMIT = 250
/** Encoding may take this share of the time. */
const ENCODING_DUTY = 0.15

export interface FlusherObserver {
  flushed(seconds: number): void
  failed(error: Error, operation: string): void
  lost(experiment: string, what: string): void
}

export interface FlusherParts {
  readonly store: Store
  readonly engine: KeptEngine<PublishedEvent>
  readonly writer: Writer
  readonly requests: PendingRequests
  /** Null: waiting spans are not kept. */
  readonly journal: Journal | null
  readonly clock: Clock
  readonly wait: (ms: number) => Promise<void>
  readonly observer: FlusherObserver
}

/** What a commit says that cannot be settled by writing again. */
export interface Rejected {
  /** This writer was given up by others. */
  readonly retired: boolean
  /** Experiments in which a request turned out to be another's. */
  readonly unclaimed: readonly string[]
}

/** What goes with one commit. */
interface Taken {
  readonly drafts: readonly FlushDraft[]
  readonly journal: JournalEntry | null
  readonly identities: CommitRequests
}

const NONE: CommitRequests = { byExperiment: new Map(), others: [] }

interface Entry {
  readonly number: number
  readonly lastMs: number
}

export class Flusher {
  readonly #parts: FlusherParts
  readonly #durable: boolean
  readonly #onRejected: (rejected: Rejected) => Promise<void>
  readonly #adoptedOf: (experiment: string) => readonly AdoptedRows[]
  #pass: Promise<void> | null = null
  #entries: Entry[] = []
  #entryNumber = 0
  /** What the store did not take, and what follows from it is not done yet: nothing is written before. */
  #rejected: Rejected | null = null
  /** What was taken of the journal and is not written. */
  #unwrittenJournal: JournalEntry | null = null
  /** Why the store does not take writes now; null: it does. */
  problem: string | null = null

  constructor(
    parts: FlusherParts,
    options: {
      durable: boolean
      onRejected: (rejected: Rejected) => Promise<void>
      /** Rows of others that the own history contains. */
      adoptedOf: (experiment: string) => readonly AdoptedRows[]
    },
  ) {
    this.#parts = parts
    this.#durable = options.durable
    this.#onRejected = options.onRejected
    this.#adoptedOf = options.adoptedOf
  }

  /** Writes all that changed until now; resolves when it is written or the store has failed. */
  async flush(): Promise<void> {
    await this.#pass
    await (this.#pass ??= this.#run().finally(() => {
      this.#pass = null
    }))
  }

  /** Begins a pass unless one runs. */
  begin(): void {
    this.#pass ??= this.#run().finally(() => {
      this.#pass = null
    })
  }

  async #run(): Promise<void> {
    const { engine, requests, clock, wait } = this.#parts
    if (!(await this.#settleRejected())) return
    let left = engine.changedCohorts
    let isFirst = true
    while (isFirst || left > 0 || (this.#durable && requests.size > 0)) {
      isFirst = false
      const begun = clock.monotonic()
      const drafts = engine.takeFlushes(this.#durable ? Infinity : COHORTS_PER_COMMIT)
      const journal = this.#takeJournal()
      const encodedMs = clock.monotonic() - begun
      left -= this.#durable ? left : COHORTS_PER_COMMIT
      // Not before everything that they may have been counted in.
      const identities = left <= 0 ? requests.forCommit(new Set(drafts.map(({ experiment }) => experiment))) : NONE
      if (drafts.length === 0 && journal === null && identities.others.length === 0) {
        this.problem = null
        return
      }
      if (!(await this.#commit({ drafts, journal, identities }))) return
      const restMs = begun + encodedMs / ENCODING_DUTY - clock.monotonic()
      if (restMs > 0) await wait(restMs)
    }
  }

  /** False where the store failed. */
  async #commit({ drafts, journal, identities }: Taken): Promise<boolean> {
    const { store, writer, requests, clock, observer } = this.#parts
    const flushes = drafts.map((draft) => this.#flushOf(draft, identities))
    const begun = clock.monotonic()
    try {
      const outcomes = await store.commit({ writer: writer.id, flushes, journal, requests: identities.others })
      this.problem = null
      observer.flushed((clock.monotonic() - begun) / 1000)
      this.#unwrittenJournal = null
      this.#settle(drafts, flushes, outcomes)
      requests.settle(identities.others)
    } catch (error) {
      for (const draft of drafts) this.#parts.engine.exchange.giveBack(draft)
      this.#fail(error as Error, 'commit')
      return false
    }
    return this.#settleRejected()
  }

  #fail(error: Error, operation: string): void {
    this.problem = error.message
    this.#parts.observer.failed(error, operation)
    this.#parts.requests.fail()
  }

  /** False where the store fails; then it is for the next pass. */
  async #settleRejected(): Promise<boolean> {
    if (this.#rejected === null) return true
    try {
      await this.#onRejected(this.#rejected)
      this.#rejected = null
      return true
    } catch (error) {
      this.#fail(error as Error, 'take back')
      return false
    }
  }

  #flushOf(draft: FlushDraft, { byExperiment }: CommitRequests): Flush {
    const { writer } = this.#parts
    const requests = byExperiment.get(draft.experiment) ?? []
    return { ...draft, writer: writer.id, ...writer.next(draft.experiment), requests }
  }

  #settle(drafts: readonly FlushDraft[], flushes: readonly Flush[], outcomes: readonly FlushOutcome[]): void {
    const { engine, writer, requests } = this.#parts
    const unclaimed: string[] = []
    let retired = false
    for (const [at, flush] of flushes.entries()) {
      const outcome = outcomes[at]
      if (outcome === 'written') {
        writer.confirm(flush.experiment, flush.sequence)
        requests.written(flush)
        continue
      }
      engine.exchange.giveBack(drafts[at])
      if (outcome === 'lost') this.beginAnew(flush.experiment)
      else if (outcome === 'retired') retired = true
      // What the store has lost cannot be had from it again: better one request counted twice than all others not at all.
      else if (writer.hasLost(flush.experiment)) requests.written(flush)
      else unclaimed.push(flush.experiment)
    }
    if (retired || unclaimed.length > 0) this.#rejected = { retired, unclaimed }
  }

  /** The store has lost what this writer had written of the experiment. */
  beginAnew(experiment: string): void {
    const { engine, writer, observer } = this.#parts
    engine.exchange.beginAnew(experiment, this.#adoptedOf(experiment))
    writer.beginAnew(experiment)
    observer.lost(experiment, 'what this replica had counted; it is written again from memory')
  }

  #takeJournal(): JournalEntry | null {
    if (!this.#durable || this.#unwrittenJournal !== null) return this.#unwrittenJournal
    const taken = this.#parts.journal?.takeJournal() ?? null
    this.#parts.requests.entryTaken()
    return taken === null ? null : this.#addEntry(taken)
  }

  /** Makes the last entry: all that still matters, in the place of all earlier ones. */
  async writeWaiting(): Promise<void> {
    const waiting = this.#parts.journal?.encodeWaiting() ?? null
    if (waiting === null || this.#parts.store.shared) return
    const journal = this.#addEntry(waiting)
    await this.#parts.store.commit({ writer: this.#parts.writer.id, flushes: [], journal, requests: [] })
  }

  /** Where no journal is kept, what an earlier process left is taken over once: it goes with the next commit. */
  forgetLeft(): void {
    if (!this.#durable && this.#parts.journal !== null) this.#addEntry(this.#parts.journal.encodeNothing())
  }

  #addEntry({ bytes, lastMs, needsSinceMs }: TakenJournal): JournalEntry {
    this.#entries = this.#entries.filter((entry) => entry.lastMs >= needsSinceMs)
    this.#entries.push({ number: ++this.#entryNumber, lastMs })
    this.#unwrittenJournal = { number: this.#entryNumber, bytes, oldestNeeded: this.#entries[0].number }
    return this.#unwrittenJournal
  }
}
