// The store as the rest of the program knows it: domain verbs, no connection types.
//
// The law: a slice's truth is the merge of what all writers know of it, and a writer only ever replaces its own part by a later
// one. So every write may be repeated, delayed or overtaken without harm, and nobody has to read before he writes.
//
//   writer      one incarnation of one process; a random id. Never used again after the process ends.
//   partial     what one writer knows of one cohort in one slice: opaque bytes here (slices/, engine/ make them)
//   slice       a minute of event time (number n: the seconds (60 n, 60 (n + 1)]), or HISTORY: all that is older, folded together
//   sequence    numbers a writer's flushes of one experiment, from 1; a lower one never replaces a higher one
//   lease       who evaluates an experiment. Its token grows with every change of hands and fences alerts and events
//
// What is atomic: one Flush, one Publication (each concerns one experiment). Stores of one process (`shared` false: memory, SQLite) make a
// whole Commit atomic; a shared one (Redis) makes each flush of it atomic, and the journal with
// `requests` before the flushes.
import type { PublishedEvent } from '../model/event.ts'
import type { AdoptedRows, CohortAlerts, PartialRow, RowKey, WriterRow, WriterState } from '../model/partial.ts'

export { HISTORY } from '../model/partial.ts'
export type { AdoptedRows, CohortAlerts, PartialRow, RowKey, WriterRow, WriterState }

/** What a writer hands over of one experiment. */
export interface Flush {
  readonly experiment: string
  readonly writer: string
  /** Greater than in every earlier flush of this writer for this experiment. Where the store already has this one or a later one, nothing is changed and the answer is `written`. */
  readonly sequence: number
  /** The sequence that the store must have of this writer; anything lower means that the store has lost something. 0: no matter, this flush begins anew. */
  readonly after: number
  /** No row of this writer for a minute up to this one will change any more (they may still be folded into HISTORY). -1: none yet. */
  readonly sealedMinute: number
  /** Replace the writer's own rows of the same keys. */
  readonly rows: readonly PartialRow[]
  /** Own rows to remove: folded into HISTORY by this flush, or of a cohort that is forgotten. Absent ones do not matter. */
  readonly dropped: readonly RowKey[]
  /** Rows of retired writers to remove, since the rows of this flush contain them now. Absent ones do not matter. */
  readonly adopted: readonly AdoptedRows[]
  /** Identities of requests whose items these rows count; kept for the retry window. */
  readonly requests: readonly string[]
}

/** Inputs of trace inheritance, so that spans that wait for their trace survive a crash. */
export interface JournalEntry {
  /** Numbers the entries of a writer, from 1, ascending. */
  readonly number: number
  /** Opaque here. */
  readonly bytes: Uint8Array
  /** Entries with lower numbers are not needed any more. */
  readonly oldestNeeded: number
}

/** What a writer hands over at a time. */
export interface Commit {
  readonly writer: string
  readonly flushes: readonly Flush[]
  readonly journal: JournalEntry | null
  /** Identities of requests of which something is in the journal, or that belong to no experiment; kept for the retry window. */
  readonly requests: readonly string[]
}

/**
 * `written`: in the store, as safely as the store was opened for. `lost`: the store has less of this writer than it once took, and wrote nothing;
 * flush all rows again with `after: 0`. `retired`: this writer was given up while it could not be reached; it must go on under a new id, and
 * wrote nothing. `unclaimed`: another writer has taken over the claim on one of `requests`; nothing was written.
 */
export type FlushOutcome = 'written' | 'lost' | 'retired' | 'unclaimed'

/** All that is kept of an experiment. */
export interface StoredExperiment {
  readonly experiment: string
  /** Experiment state as JSON of the engine's making; null where none was published yet. */
  readonly state: string | null
  readonly rows: readonly WriterRow[]
  readonly writers: readonly WriterState[]
  /** Without those where nothing fires. */
  readonly alerts: readonly CohortAlerts[]
  /** Sequence of the latest publication; 0: none. */
  readonly publicationSequence: number
  /** Where follow() goes on. */
  readonly position: string
}

/** What has changed in an experiment after a position. `gap`: too much to tell; load it anew. */
export type Followed =
  | { readonly kind: 'gap' }
  | {
      readonly kind: 'changes'
      readonly position: string
      /** Rows as they are now of all writers but the asking one; removed ones are not told. */
      readonly rows: readonly WriterRow[]
      readonly writers: readonly WriterState[]
      /** Only cohorts whose alerts changed, those that stopped included (json null). */
      readonly alerts: readonly CohortAlerts[]
      /** Null: unchanged. */
      readonly state: string | null
      /** Of the latest publication, as in load(). */
      readonly publicationSequence: number
    }

/** What the lease holder makes known: written together or not at all. */
export interface Publication {
  readonly experiment: string
  readonly token: number
  /** Greater than in every earlier publication of the experiment. An equal or lower one has been written already: `published`, nothing changes. */
  readonly sequence: number
  /** Null: unchanged. */
  readonly state: string | null
  /** Only cohorts whose alerts changed. */
  readonly alerts: readonly CohortAlerts[]
  /** Oldest first. A shared store may give an event a later id where another replica's came first; watchers see the final one. */
  readonly events: readonly PublishedEvent[]
}

/** `stale`: the token is not the current one, nothing was written. `lost`: the store has fewer publications than sequence - 1; nothing was written, publish the whole state with `sequence` again by publishAnew. */
export type PublicationOutcome = 'published' | 'stale' | 'lost'

/** What a claim on a request finds. `ours`: this writer may count it. `counted`: it is counted already. `busy`: another writer may be at it; ask the sender to come again. */
export type Claim = 'ours' | 'counted' | 'busy'

/** State of other parts of the program. silence: suppression windows; experiment: declared through the API; delivery: webhook deliveries that are due. */
export const RECORD_KINDS = ['silence', 'experiment', 'delivery'] as const
export type RecordKind = (typeof RECORD_KINDS)[number]

export interface StoredRecord {
  readonly id: string
  readonly json: string
  /** Forgotten after this moment, Unix milliseconds; null: kept until it is deleted (a shared store may still forget it after its retention). */
  readonly untilMs: number | null
}

/** What a store tells of itself, at any time between start() and stop(). */
export interface StoreObserver {
  /** It does not answer, or does not take writes. Told once for each such time. */
  unavailable(reason: string): void
  /** It does again. */
  available(): void
  /** Something that was stored is gone without anybody having removed it (evicted, flushed, a failover). Null: of no particular experiment. */
  lost(experiment: string | null, what: string): void
}

export interface StoreOptions {
  /** Events that are kept. */
  readonly eventLimit: number
  /** Longest window, in seconds: older rows may be forgotten. */
  readonly retentionSeconds: number
  /** How long identities of requests are kept. */
  readonly retryWindowMs: number
  /** Whether `written` must mean: on disk. */
  readonly durable: boolean
  /** Unix milliseconds. */
  readonly now: () => number
  readonly observer: StoreObserver
}

/** An entry left by an earlier incarnation. */
export interface LeftJournalEntry {
  readonly writer: string
  readonly number: number
  readonly bytes: Uint8Array
  /** Experiments whose flush in the same commit was not written (a shared store may be caught in the middle of a commit). */
  readonly unwritten: readonly string[]
}

/**
 * Keeps state over restarts, and between replicas where it is shared. start() may be called once, stop() more than once; stop() waits for
 * what was accepted. Every call of a store that cannot do it rejects with StoreError, and may be made again.
 */
export interface Store {
  /** Whether other processes may use it at the same time. */
  readonly shared: boolean
  start(): Promise<void>
  stop(): Promise<void>

  // Partials.
  /** Answers in the order of the flushes. */
  commit(commit: Commit): Promise<FlushOutcome[]>
  /** Ids of all experiments of which anything is kept. */
  experiments(): Promise<string[]>
  /** An experiment of which nothing is kept has no rows, writers or alerts. The answer is of one moment. */
  load(experiment: string): Promise<StoredExperiment>
  /** Experiments that changed after the position (null: all), and the next position. May tell too many, never too few. */
  activity(position: string | null): Promise<{ readonly position: string; readonly experiments: readonly string[] }>
  follow(experiment: string, position: string, writer: string): Promise<Followed>
  /** All rows of one writer. */
  rowsOf(experiment: string, writer: string): Promise<PartialRow[]>
  /**
   * Gives up a writer that is gone: from now on its flushes are refused, and the lease holder, its heir, may adopt its rows. False: the token is
   * stale, or another holder has given it up before and is not given up itself (its rows are that one's to adopt, perhaps on their way already). The heir is a known writer of the experiment from then on, so that it can be given up in its turn.
   */
  retire(experiment: string, writer: string, token: number): Promise<boolean>
  /** Removes everything of an experiment, the lease aside. */
  forget(experiment: string, token: number): Promise<boolean>

  // Retried requests.
  /** Identities of the last retry window that were committed; stores of one process only (a shared one answers claims instead, and rejects). */
  recentRequests(): Promise<string[]>
  /** For each experiment ('' stands for the journal): may this writer count the request? Shared stores only. */
  claim(writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]>
  /** Journal entries of earlier incarnations of this process (a shared store: of the same name, which only one living writer bears; without a name, of those without one that are silent), oldest first; they are removed from the store with this writer's first commit of a journal entry, or after the retry window. */
  leftJournal(writer: string, name: string | null): Promise<LeftJournalEntry[]>

  // Leadership.
  /** Takes or renews leases; gives the tokens of those that the writer holds now. */
  lease(writer: string, experiments: readonly string[], ttlMs: number): Promise<ReadonlyMap<string, number>>
  release(writer: string, experiments: readonly string[]): Promise<void>
  publish(publication: Publication): Promise<PublicationOutcome>
  /** As publish(), with all alerts of the experiment, where the store has lost some. */
  publishAnew(publication: Publication): Promise<PublicationOutcome>

  // Events.
  /** Events after `afterId` (null: from the oldest kept), oldest first, at most `limit`. */
  readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]>
  /** The newest events, oldest first, at most `limit`. */
  newestEvents(limit: number): Promise<PublishedEvent[]>
  /** Calls back with events after `afterId` (null: from now), of all replicas, in order, each once; the returned function ends it. */
  watchEvents(afterId: string | null, listener: (events: readonly PublishedEvent[]) => void): () => void

  // State of other parts.
  records(kind: RecordKind): Promise<StoredRecord[]>
  putRecords(kind: RecordKind, records: readonly StoredRecord[]): Promise<void>
  deleteRecords(kind: RecordKind, ids: readonly string[]): Promise<void>

  // Secrets.
  /**
   * The text that is kept under the name: the proposal where there was none, the same for all who ask, whoever came first. Neither listed, archived nor
   * told anywhere. Whoever uses it asks again now and then, proposing what it has: a shared store that has lost it gets it back in this way,
   * and keeps it as long as somebody asks. Where another proposal was faster after a loss, the answer is a new one, for everybody.
   */
  secret(name: string, proposal: string): Promise<string>
}

/** A store that cannot do what was asked; the message says what is wrong and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}
