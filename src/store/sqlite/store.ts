// The embedded store: one SQLite file, behind a thread of its own, so that neither ingestion nor the tick waits for a disk.
import { resolve } from 'node:path'
import type { PublishedEvent } from '../../model/event.ts'
import { mustBeEventId } from '../event-order.ts'
import { EventWatchers } from '../event-watchers.ts'
import {
  type Claim,
  type Commit,
  type FlushOutcome,
  type Followed,
  type LeftJournalEntry,
  type PartialRow,
  type Publication,
  type PublicationOutcome,
  type RecordKind,
  type Store,
  type StoredExperiment,
  type StoredRecord,
  StoreError,
  type StoreOptions,
  type WriterRow,
} from '../port.ts'
import type { Gives, Needs, SqliteCallName } from './protocol.ts'
import { SqliteThread } from './thread.ts'

/** Calls that show whether the file takes writes. */
const WRITES: ReadonlySet<SqliteCallName> = new Set(['commit', 'publish', 'lease', 'putRecords', 'deleteRecords'])

/** What is passed to a call must not be altered before its promise settles. */
export class SqliteStore implements Store {
  readonly shared = false
  readonly #path: string
  readonly #options: StoreOptions
  readonly #watchers: EventWatchers
  #thread: SqliteThread | null = null
  #state: 'new' | 'running' | 'stopped' = 'new'
  #stopping: Promise<void> | null = null
  /** Whether the observer was told that the file cannot be used. */
  #isUnavailable = false

  constructor(path: string, options: StoreOptions) {
    this.#path = resolve(path)
    this.#options = options
    this.#watchers = new EventWatchers((afterId, limit) => this.readEvents(afterId, limit))
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new StoreError('a store can be started only once')
    this.#state = 'running'
    const thread = new SqliteThread(this.#path)
    this.#thread = thread
    const { eventLimit, retentionSeconds, retryWindowMs, durable } = this.#options
    const needs = { path: this.#path, eventLimit, retentionSeconds, retryWindowMs, durable }
    try {
      await thread.call('open', needs, { nowMs: this.#options.now() })
    } catch (error) {
      this.#state = 'stopped'
      await thread.end()
      throw error
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  async commit(commit: Commit): Promise<FlushOutcome[]> {
    const flushes = commit.flushes.map(({ rows, ...flush }) => ({ ...flush, rowCount: rows.length }))
    const rows = commit.flushes.flatMap((flush) => flush.rows)
    return (await this.#call('commit', { ...commit, flushes }, rows)).result
  }

  async experiments(): Promise<string[]> {
    return (await this.#call('experiments', null)).result
  }

  async load(experiment: string): Promise<StoredExperiment> {
    const { result, rows } = await this.#call('load', { experiment })
    return { experiment, ...result, rows }
  }

  async activity(position: string | null): Promise<{ position: string; experiments: string[] }> {
    return (await this.#call('activity', { position })).result
  }

  async follow(experiment: string, position: string, writer: string): Promise<Followed> {
    const { result, rows } = await this.#call('follow', { experiment, position, writer })
    return result === null ? { kind: 'gap' } : { kind: 'changes', ...result, rows }
  }

  async rowsOf(experiment: string, writer: string): Promise<PartialRow[]> {
    const { rows } = await this.#call('rowsOf', { experiment, writer })
    return rows.map(({ variant, segmentKey, slice, newestSecond, bytes }) => ({
      variant,
      segmentKey,
      slice,
      newestSecond,
      bytes,
    }))
  }

  async retire(experiment: string, writer: string, token: number): Promise<boolean> {
    return (await this.#call('retire', { experiment, writer, token })).result
  }

  async forget(experiment: string, token: number): Promise<boolean> {
    return (await this.#call('forget', { experiment, token })).result
  }

  async recentRequests(): Promise<string[]> {
    return (await this.#call('recentRequests', null)).result
  }

  /** Only this process counts, so what is not counted is ours. */
  async claim(_writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]> {
    return (await this.#call('claim', { identity, experiments })).result
  }

  async leftJournal(writer: string, name: string | null): Promise<LeftJournalEntry[]> {
    return (await this.#call('leftJournal', { writer, name })).result
  }

  async lease(writer: string, experiments: readonly string[], _ttlMs: number): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#call('lease', { writer, experiments })).result)
  }

  async release(writer: string, experiments: readonly string[]): Promise<void> {
    await this.#call('release', { writer, experiments })
  }

  async publish(publication: Publication): Promise<PublicationOutcome> {
    return this.#publish(publication, false)
  }

  async publishAnew(publication: Publication): Promise<PublicationOutcome> {
    return this.#publish(publication, true)
  }

  async readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    if (afterId !== null) mustBeEventId(afterId)
    return (await this.#call('readEvents', { afterId, limit })).result
  }

  async newestEvents(limit: number): Promise<PublishedEvent[]> {
    return (await this.#call('newestEvents', { limit })).result
  }

  watchEvents(afterId: string | null, listener: (events: readonly PublishedEvent[]) => void): () => void {
    if (this.#state !== 'running') throw new StoreError('the store is not running')
    if (afterId !== null) mustBeEventId(afterId)
    return this.#watchers.watch(afterId, listener)
  }

  async records(kind: RecordKind): Promise<StoredRecord[]> {
    return (await this.#call('records', { kind })).result
  }

  async putRecords(kind: RecordKind, records: readonly StoredRecord[]): Promise<void> {
    await this.#call('putRecords', { kind, records })
  }

  async deleteRecords(kind: RecordKind, ids: readonly string[]): Promise<void> {
    await this.#call('deleteRecords', { kind, ids })
  }

  async secret(name: string, proposal: string): Promise<string> {
    return (await this.#call('secret', { name, proposal })).result
  }

  async #publish(publication: Publication, anew: boolean): Promise<PublicationOutcome> {
    for (const { id } of publication.events) mustBeEventId(id)
    const { outcome, events } = (await this.#call('publish', { publication, anew })).result
    this.#watchers.published(events)
    return outcome
  }

  async #close(): Promise<void> {
    const wasRunning = this.#state === 'running'
    this.#state = 'stopped'
    this.#watchers.stop()
    try {
      if (wasRunning) await this.#thread?.call('close', null, { nowMs: this.#options.now() })
    } finally {
      await this.#thread?.end()
    }
  }

  async #call<Name extends SqliteCallName>(
    name: Name,
    needs: Needs<Name>,
    rows: readonly PartialRow[] = [],
  ): Promise<{ result: Gives<Name>; rows: WriterRow[] }> {
    if (this.#state !== 'running' || this.#thread === null) throw new StoreError('the store is not running')
    try {
      const answered = await this.#thread.call(name, needs, { nowMs: this.#options.now(), rows })
      if (WRITES.has(name)) this.#works()
      return answered
    } catch (error) {
      this.#fails(error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  #fails(reason: string): void {
    if (this.#isUnavailable) return
    this.#isUnavailable = true
    this.#options.observer.unavailable(reason)
  }

  #works(): void {
    if (!this.#isUnavailable) return
    this.#isUnavailable = false
    this.#options.observer.available()
  }
}
