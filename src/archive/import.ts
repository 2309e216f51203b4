// Writes what a checked archive holds into a store: records, then the experiments one by one, the events with the first that publishes.
import { compareEventIds, type PublishedEvent } from '../model/event.ts'
import type { RecordKind, Store } from '../store/port.ts'
import { ArchivedExperiment } from './archived-experiment.ts'
import { type ContentLine, experimentOfEvent } from './format.ts'
import { type ImportOutcome, importExperiment } from './import-experiment.ts'
import { readArchive } from './reader.ts'

export interface ImportOptions {
  /** Of a file that checkArchive() has found good. */
  readonly path: string
  readonly store: Store
  /** A name that nobody else has. */
  readonly importer: string
  /** Only this one; null: everything. */
  readonly experiment: string | null
  /** Add to counts of writers that the archive does not know. */
  readonly add: boolean
  /** Events that the store keeps; older ones of the archive are left out. */
  readonly eventLimit: number
  /** Unix milliseconds. */
  readonly nowMs: number
  /** Told after each experiment. */
  readonly progress?: (done: number) => void
}

export interface ImportResult {
  readonly experiments: Readonly<Record<ImportOutcome, readonly string[]>>
  readonly events: { readonly written: number; readonly known: number; readonly leftOut: number }
  readonly records: { readonly written: number; readonly known: number; readonly leftOut: number }
}

interface Tally {
  written: number
  known: number
  leftOut: number
}

/** Imports into a started store. Throws StoreError where the store cannot take it; running it again goes on. */
export async function importArchive(options: ImportOptions): Promise<ImportResult> {
  return await new Import(options).run()
}

class Import {
  readonly #options: ImportOptions
  readonly #experiments: Record<ImportOutcome, string[]> = { written: [], known: [], added: [], beside: [], forked: [] }
  readonly #events: Tally = { written: 0, known: 0, leftOut: 0 }
  readonly #records: Tally = { written: 0, known: 0, leftOut: 0 }
  /** Newer than the store's, not published yet. */
  #waiting: PublishedEvent[] = []
  /** The store's newest before the import; null: its log is empty. */
  #newestId: string | null = null
  readonly #recordIds = new Map<RecordKind, ReadonlySet<string>>()

  constructor(options: ImportOptions) {
    this.#options = options
  }

  async run(): Promise<ImportResult> {
    this.#newestId = (await this.#options.store.newestEvents(1)).at(-1)?.id ?? null
    let current: ArchivedExperiment | null = null
    for await (const line of readArchive(this.#options.path)) {
      if (line.type === 'event') this.#takeEvent(line)
      else if (line.type === 'record') await this.#takeRecord(line)
      else if (line.type === 'experiment') {
        await this.#finish(current)
        current = this.#isAsked(line.experiment) ? new ArchivedExperiment(line) : null
      } else current?.add(line)
    }
    await this.#finish(current)
    this.#events.leftOut += this.#waiting.length
    return { experiments: this.#experiments, events: this.#events, records: this.#records }
  }

  #isAsked(experiment: string | null): boolean {
    return this.#options.experiment === null || this.#options.experiment === experiment
  }

  /** An event below the store's newest one is not written: watchers have gone past it, and a shared store would tell it as new. */
  #takeEvent({ id, json }: ContentLine & { type: 'event' }): void {
    if (this.#options.experiment !== null && !this.#isAsked(experimentOfEvent(json))) return
    if (this.#newestId !== null && compareEventIds(id, this.#newestId) <= 0) {
      this.#events.known++
      return
    }
    this.#waiting.push({ id, json })
    if (this.#waiting.length <= this.#options.eventLimit) return
    this.#waiting.shift()
    this.#events.leftOut++
  }

  /** What the store has under the same name stays. Deliveries go only where nothing was ever told, else they might be made twice. */
  async #takeRecord({ kind, id, json, until }: ContentLine & { type: 'record' }): Promise<void> {
    const { store, experiment, nowMs } = this.#options
    if (experiment !== null && (kind !== 'experiment' || id !== experiment)) return
    if ((await this.#idsOf(kind)).has(id)) {
      this.#records.known++
    } else if ((until !== null && until <= nowMs) || (kind === 'delivery' && this.#newestId !== null)) {
      this.#records.leftOut++
    } else {
      await store.putRecords(kind, [{ id, json, untilMs: until }])
      this.#records.written++
    }
  }

  async #idsOf(kind: RecordKind): Promise<ReadonlySet<string>> {
    const known = this.#recordIds.get(kind)
    if (known !== undefined) return known
    const ids = new Set((await this.#options.store.records(kind)).map(({ id }) => id))
    this.#recordIds.set(kind, ids)
    return ids
  }

  async #finish(archived: ArchivedExperiment | null): Promise<void> {
    if (archived === null) return
    const { store, importer, add } = this.#options
    const events = this.#waiting
    const { outcome, eventsWritten } = await importExperiment({ store, importer, archived, add, events })
    this.#experiments[outcome].push(archived.experiment)
    if (eventsWritten > 0) this.#waiting = []
    this.#events.written += eventsWritten
    this.#options.progress?.(Object.values(this.#experiments).flat().length)
  }
}
