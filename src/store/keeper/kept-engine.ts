// What the keeper needs of an engine, in the terms of model/partial.ts; the store never sees the engine itself.
import type { PublishedEvent } from '../../model/event.ts'
import type {
  AdoptedRows,
  CohortAlerts,
  FlushDraft,
  PartialRow,
  PublicationDraft,
  WriterRow,
  WriterState,
} from '../../model/partial.ts'
import type { LeftJournalEntry } from '../port.ts'

/** What a store has of an experiment. */
export interface StoredParts {
  readonly rows: readonly WriterRow[]
  readonly writers: readonly WriterState[]
}

/** What goes in and out of an engine; see engine/exchange.ts. */
export interface KeptExchange {
  giveBack(draft: FlushDraft): void
  beginAnew(experiment: string, adopted: readonly AdoptedRows[]): void
  load(experiment: string, stored: StoredParts): void
  /** False: rebuild() it. */
  follow(experiment: string, stored: StoredParts): boolean
  rebuild(experiment: string, stored: StoredParts, own: readonly PartialRow[] | null): void
  setState(experiment: string, json: string | null): void
  setAlerts(experiment: string, alerts: readonly CohortAlerts[], whole: boolean): void
  leadAll(): void
  leadNone(): void
  lead(experiment: string): void
  unlead(experiment: string): void
  /** All that is to be published of an experiment where the store has lost it. */
  takeChanges(experiment: string, all: boolean): { state: string | null; alerts: readonly CohortAlerts[] }
  takeForgotten(): readonly string[]
}

export interface KeptEngine<Event extends PublishedEvent> {
  readonly exchange: KeptExchange
  /** Cohorts with something for the store. */
  readonly changedCohorts: number
  /** Experiments of which anything was received. */
  readonly experimentIds: readonly string[]
  takeFlushes(maxCohorts: number): FlushDraft[]
  takePublications(): PublicationDraft<Event>[]
  /** Gives those of the rows that are adopted now. */
  adopt(experiment: string, rows: readonly WriterRow[]): readonly WriterRow[]
  resumeAfterEvent(id: string): void
  rememberRequests(identities: readonly string[]): void
  forgetRequests(identities: readonly string[]): void
}

/** What a request left in the engine. */
export interface Touched {
  /** Into which its items were counted. */
  readonly experiments: ReadonlySet<string>
  /** Whether something of it waits for its trace, or tells a trace. */
  readonly journal: boolean
}

export interface TakenJournal {
  readonly bytes: Uint8Array
  /** Receipt of the newest item in it, Unix milliseconds. */
  readonly lastMs: number
  /** Once it is stored, earlier entries whose newest item is older than this are not needed. */
  readonly needsSinceMs: number
}

/** What waits in the engine for more to come. */
export interface Journal {
  /** What was recorded since it was last taken; null: nothing. */
  takeJournal(): TakenJournal | null
  /** All that still matters; null: nothing does. */
  encodeWaiting(): TakenJournal | null
  /** That nothing does. */
  encodeNothing(): TakenJournal
  /** Takes over what earlier processes left. */
  restoreJournal(entries: readonly LeftJournalEntry[]): void
}
