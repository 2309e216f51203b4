// The SQLite file, synchronously: what the store's thread does for each call, each write in one transaction. Every failure is a
// StoreError that names the file.
import type { PublishedEvent } from '../../model/event.ts'
import type {
  Claim,
  Commit,
  Flush,
  FlushOutcome,
  LeftJournalEntry,
  Publication,
  PublicationOutcome,
  RecordKind,
  StoredRecord,
  WriterRow,
} from '../port.ts'
import { Changes } from './changes.ts'
import { explainSqliteError } from './errors.ts'
import { Housekeeping } from './housekeeping.ts'
import { type OpenedFile, openFile } from './open-file.ts'
import { PartialTables } from './partials.ts'
import type { FollowedHead, LoadedHead, OpenOptions, Published } from './protocol.ts'
import { PublicationTables } from './publications.ts'
import { RecordTable } from './records.ts'
import { RequestTables } from './requests.ts'
import { Statements } from './statements.ts'

type Rows = (row: Iterable<WriterRow>) => void

/** One open file, locked against every other cohortd until close(). */
export class SqliteDatabase {
  readonly #options: OpenOptions
  readonly #file: OpenedFile
  readonly #sql: Statements
  readonly #partials: PartialTables
  readonly #publications: PublicationTables
  readonly #requests: RequestTables
  readonly #records: RecordTable
  readonly #housekeeping: Housekeeping
  readonly #changes: Changes
  /** By writer: its name, for people. */
  readonly #names = new Map<string, string | null>()
  /** Whose journal must not be pruned. */
  #livingWriter: string | null = null

  /** `file`: opened already; for tests, which make its disk fail. */
  constructor(options: OpenOptions, file = openFile(options.path, options.durable)) {
    this.#options = options
    this.#file = file
    this.#sql = new Statements(this.#file.database)
    this.#partials = new PartialTables(this.#sql)
    this.#publications = new PublicationTables(this.#sql, options.eventLimit)
    this.#requests = new RequestTables(this.#sql, options.retryWindowMs)
    this.#records = new RecordTable(this.#sql)
    this.#housekeeping = new Housekeeping(this.#file.database, {
      forgetOld: (nowMs) => this.#forgetOld(nowMs),
      forgetOldHistories: (nowMs) => this.#partials.forgetHistoriesBefore(this.#oldestSecond(nowMs)),
    })
    try {
      this.#changes = this.#begin()
    } catch (error) {
      this.#closeFile()
      throw explainSqliteError(error, options.path)
    }
  }

  /** Writes commits together: one trip to the disk. */
  commit(commits: readonly Commit[], nowMs: number): FlushOutcome[][] {
    return this.#write(nowMs, () => commits.map((commit) => this.#commit(commit, nowMs)))
  }

  experiments(): string[] {
    return this.#read(() => [...new Set([...this.#partials.experiments(), ...this.#publications.experiments()])])
  }

  /** `take` is given the rows while they are read. */
  load(experiment: string, nowMs: number, take: Rows): LoadedHead {
    return this.#read(() => {
      take(this.#partials.rows(experiment, this.#oldestSecond(nowMs)))
      return {
        ...this.#publications.state(experiment),
        writers: this.#partials.writers(experiment),
        alerts: this.#publications.firingAlerts(experiment),
        position: this.#changes.position,
      }
    })
  }

  activity(position: string | null): { position: string; experiments: string[] } {
    const experiments = (position === null ? null : this.#changes.since(position)) ?? this.experiments()
    return { position: this.#changes.position, experiments }
  }

  /** Null: a gap. */
  follow(
    asked: { experiment: string; position: string; writer: string },
    nowMs: number,
    take: Rows,
  ): FollowedHead | null {
    const { experiment, writer } = asked
    const since = this.#changes.followedFrom(experiment, asked.position)
    if (since === null) return null
    return this.#read(() => {
      take(this.#partials.changedRows(experiment, { since, asking: writer, oldestSecond: this.#oldestSecond(nowMs) }))
      return {
        position: this.#changes.position,
        writers: this.#partials.writers(experiment, since, writer),
        alerts: this.#publications.changedAlerts(experiment, since),
        state: this.#publications.changedState(experiment, since),
        publicationSequence: this.#publications.state(experiment).publicationSequence,
      }
    })
  }

  rowsOf(experiment: string, writer: string, nowMs: number, take: Rows): void {
    this.#read(() => take(this.#partials.rowsOf(experiment, writer, this.#oldestSecond(nowMs))))
  }

  retire(experiment: string, writer: string, token: number, nowMs: number): boolean {
    return this.#write(nowMs, () => {
      const heir = this.#publications.holder(experiment, token)
      if (heir === null || !this.#partials.mayInherit(experiment, writer, heir)) return false
      this.#partials.retire({ experiment, writer, heir }, this.#changes.next(experiment))
      return true
    })
  }

  forget(experiment: string, token: number, nowMs: number): boolean {
    return this.#write(nowMs, () => {
      if (!this.#publications.isCurrent(experiment, token)) return false
      this.#partials.forget(experiment)
      this.#publications.forget(experiment)
      this.#changes.forgot(experiment)
      return true
    })
  }

  recentRequests(nowMs: number): string[] {
    return this.#read(() => this.#requests.recent(nowMs))
  }

  claim(identity: string, experiments: readonly string[], nowMs: number): Claim[] {
    return this.#read(() => experiments.map((experiment) => this.#requests.claim(identity, experiment, nowMs)))
  }

  leftJournal(writer: string, name: string | null, nowMs: number): LeftJournalEntry[] {
    this.#names.set(writer, name)
    return this.#read(() =>
      this.#requests.leftJournal(writer, nowMs, (experiment, other) => this.#partials.sequenceOf(experiment, other)),
    )
  }

  lease(writer: string, experiments: readonly string[], nowMs: number): [string, number][] {
    return this.#write(nowMs, () =>
      experiments.map((experiment) => [experiment, this.#publications.lease(writer, experiment)]),
    )
  }

  release(writer: string, experiments: readonly string[], nowMs: number): void {
    this.#write(nowMs, () => {
      for (const experiment of experiments) this.#publications.release(writer, experiment)
    })
  }

  publish(publication: Publication, anew: boolean, nowMs: number): Published {
    return this.#write(nowMs, () => {
      const refusal: PublicationOutcome | null = this.#publications.refusal(publication, anew)
      if (refusal !== null) return { outcome: refusal, events: [] }
      const change = this.#changes.next(publication.experiment)
      return { outcome: 'published', events: this.#publications.write(publication, { anew, change }) }
    })
  }

  readEvents(afterId: string | null, limit: number): PublishedEvent[] {
    return this.#read(() => this.#publications.readEvents(afterId, limit))
  }

  newestEvents(limit: number): PublishedEvent[] {
    return this.#read(() => this.#publications.newestEvents(limit))
  }

  records(kind: RecordKind, nowMs: number): StoredRecord[] {
    return this.#read(() => this.#records.all(kind, nowMs))
  }

  putRecords(kind: RecordKind, records: readonly StoredRecord[], nowMs: number): void {
    this.#write(nowMs, () => this.#records.put(kind, records))
  }

  deleteRecords(kind: RecordKind, ids: readonly string[], nowMs: number): void {
    this.#write(nowMs, () => this.#records.delete(kind, ids))
  }

  /** Writes only where there is none yet. */
  secret(name: string, proposal: string, nowMs: number): string {
    const kept = this.#read(() => this.#sql.first('SELECT secret FROM secrets WHERE name = ?', [name]))
    if (kept !== null) return String(kept[0])
    this.#write(nowMs, () => this.#sql.run('INSERT INTO secrets (name, secret) VALUES (?, ?)', [name, proposal]))
    return proposal
  }

  close(): void {
    this.#read(() => this.#closeFile())
  }

  /** The first write: shows whether there can be others. */
  #begin(): Changes {
    return this.#sql.transaction(() => {
      this.#partials.forgetHeirs()
      this.#partials.forgetEmptyWriters()
      this.#publications.forgetStoppedAlerts()
      this.#publications.pruneEvents()
      const start = Number(this.#sql.first('UPDATE process SET starts = starts + 1 RETURNING starts')?.[0])
      const last = this.#sql.first(
        'SELECT max((SELECT ifnull(max(changed), 0) FROM writers), (SELECT ifnull(max(changed), 0) FROM experiments))',
      )
      return new Changes({ start, last: Number(last?.[0]) })
    })
  }

  #commit(commit: Commit, nowMs: number): FlushOutcome[] {
    this.#livingWriter = commit.writer
    if (commit.journal !== null) this.#requests.addToJournal(commit, commit.journal, nowMs)
    this.#requests.count('', commit.requests, nowMs)
    return commit.flushes.map((flush) => this.#flush(flush, nowMs))
  }

  #flush(flush: Flush, nowMs: number): FlushOutcome {
    const refusal = this.#partials.refusal(flush)
    if (refusal !== null) return refusal
    const { experiment, writer, requests } = flush
    this.#partials.write(flush, this.#names.get(writer) ?? null, this.#changes.next(experiment))
    this.#requests.count(experiment, requests, nowMs)
    return 'written'
  }

  #forgetOld(nowMs: number): void {
    this.#sql.transaction(() => {
      this.#partials.forgetMinutesBefore(this.#oldestSecond(nowMs))
      this.#requests.prune(nowMs, this.#livingWriter)
      this.#records.prune(nowMs)
    })
  }

  #oldestSecond(nowMs: number): number {
    return Math.floor(nowMs / 1000 - this.#options.retentionSeconds)
  }

  #write<T>(nowMs: number, work: () => T): T {
    return this.#read(() => {
      const result = this.#sql.transaction(work)
      this.#housekeeping.run(nowMs)
      return result
    })
  }

  #read<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw explainSqliteError(error, this.#options.path)
    }
  }

  #closeFile(): void {
    try {
      this.#file.database.close()
    } finally {
      this.#file.lock.close()
    }
  }
}
