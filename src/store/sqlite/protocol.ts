// What the SQLite store and its thread say to each other. Every request is answered by exactly one answer of the same number, in the
// order of the requests. Rows go in pieces before the request or the answer that they belong to.
import type { PublishedEvent } from '../../model/event.ts'
import type {
  Claim,
  CohortAlerts,
  Commit,
  Flush,
  FlushOutcome,
  LeftJournalEntry,
  Publication,
  PublicationOutcome,
  RecordKind,
  StoredRecord,
  WriterState,
} from '../port.ts'
import type { RowPiece } from './row-pieces.ts'

export interface OpenOptions {
  /** Absolute. */
  readonly path: string
  readonly eventLimit: number
  readonly retentionSeconds: number
  readonly retryWindowMs: number
  readonly durable: boolean
}

/** A commit whose rows travel apart. */
export interface PackedCommit extends Omit<Commit, 'flushes'> {
  readonly flushes: readonly (Omit<Flush, 'rows'> & { readonly rowCount: number })[]
}

export interface LoadedHead {
  readonly state: string | null
  readonly publicationSequence: number
  readonly writers: readonly WriterState[]
  readonly alerts: readonly CohortAlerts[]
  readonly position: string
}

export interface FollowedHead {
  readonly position: string
  readonly writers: readonly WriterState[]
  readonly alerts: readonly CohortAlerts[]
  readonly state: string | null
  readonly publicationSequence: number
}

export interface Published {
  readonly outcome: PublicationOutcome
  /** As they are kept. */
  readonly events: readonly PublishedEvent[]
}

/** By what is to be done: what it needs, and what it gives. */
export interface SqliteCalls {
  open(options: OpenOptions): null
  close(nothing: null): null
  commit(commit: PackedCommit): FlushOutcome[]
  experiments(nothing: null): string[]
  load(asked: { experiment: string }): LoadedHead
  activity(asked: { position: string | null }): { position: string; experiments: string[] }
  follow(asked: { experiment: string; position: string; writer: string }): FollowedHead | null
  rowsOf(asked: { experiment: string; writer: string }): null
  retire(asked: { experiment: string; writer: string; token: number }): boolean
  forget(asked: { experiment: string; token: number }): boolean
  recentRequests(nothing: null): string[]
  claim(asked: { identity: string; experiments: readonly string[] }): Claim[]
  leftJournal(asked: { writer: string; name: string | null }): LeftJournalEntry[]
  lease(asked: { writer: string; experiments: readonly string[] }): [string, number][]
  release(asked: { writer: string; experiments: readonly string[] }): null
  publish(asked: { publication: Publication; anew: boolean }): Published
  readEvents(asked: { afterId: string | null; limit: number }): PublishedEvent[]
  newestEvents(asked: { limit: number }): PublishedEvent[]
  records(asked: { kind: RecordKind }): StoredRecord[]
  putRecords(asked: { kind: RecordKind; records: readonly StoredRecord[] }): null
  deleteRecords(asked: { kind: RecordKind; ids: readonly string[] }): null
  secret(asked: { name: string; proposal: string }): string
}

export type SqliteCallName = keyof SqliteCalls
export type Needs<Name extends SqliteCallName> = Parameters<SqliteCalls[Name]>[0]
export type Gives<Name extends SqliteCallName> = ReturnType<SqliteCalls[Name]>

/** `nowMs`: the store's time, since the thread has no clock. */
export type SqliteRequest = {
  readonly [Name in SqliteCallName]: {
    readonly do: Name
    readonly call: number
    readonly nowMs: number
    readonly needs: Needs<Name>
  }
}[SqliteCallName]

export type SqliteMessage = SqliteRequest | { readonly do: 'piece'; readonly call: number; readonly piece: RowPiece }

export type SqliteAnswer =
  | { readonly call: number; readonly piece: RowPiece }
  | { readonly call: number; readonly result: Gives<SqliteCallName> }
  /** `message` is that of a StoreError. */
  | { readonly call: number; readonly message: string }
