// The store that forgets at exit: for trying things out, and the model of what every store does. Several of them on one backend
// are the replicas of a simulation. Copies what it is given, as a file would.
import { compareEventIds, type PublishedEvent } from '../../model/event.ts'
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
} from '../port.ts'
import { MemoryBackend } from './backend.ts'

export class MemoryStore implements Store {
  readonly shared: boolean
  readonly #backend: MemoryBackend
  readonly #now: () => number
  readonly #watchers: EventWatchers
  #state: 'new' | 'running' | 'stopped' = 'new'
  #unlisten = (): void => {}

  /** Without a backend it has one for itself alone. */
  constructor(options: StoreOptions, backend = new MemoryBackend({ ...options, shared: false })) {
    this.#backend = backend
    this.#now = options.now
    this.shared = backend.shared
    this.#watchers = new EventWatchers((afterId, limit) => this.readEvents(afterId, limit))
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new StoreError('a store can be started only once')
    this.#state = 'running'
    this.#unlisten = this.#backend.listen((events) => this.#watchers.published(events))
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#unlisten()
    this.#watchers.stop()
  }

  async commit(commit: Commit): Promise<FlushOutcome[]> {
    return this.#running().commit(commit, this.#now())
  }

  async experiments(): Promise<string[]> {
    return this.#running().experimentIds()
  }

  async load(experiment: string): Promise<StoredExperiment> {
    const backend = this.#running()
    return backend.experiment(experiment).snapshot(String(backend.change), backend.oldestSecond(this.#now()))
  }

  async activity(position: string | null): Promise<{ position: string; experiments: string[] }> {
    const backend = this.#running()
    const since = position === null ? 0 : (this.#changeAt(position) ?? 0)
    return { position: String(backend.change), experiments: backend.changedSince(since) }
  }

  async follow(experiment: string, position: string, writer: string): Promise<Followed> {
    const backend = this.#running()
    const since = this.#changeAt(position)
    if (since === null || backend.wasForgottenSince(experiment, since)) return { kind: 'gap' }
    const now = { position: String(backend.change), oldestSecond: backend.oldestSecond(this.#now()) }
    return backend.experiment(experiment).changesSince(since, writer, now)
  }

  async rowsOf(experiment: string, writer: string): Promise<PartialRow[]> {
    const backend = this.#running()
    return backend.experiment(experiment).rowsOf(writer, backend.oldestSecond(this.#now()))
  }

  async retire(experiment: string, writer: string, token: number): Promise<boolean> {
    return this.#running().retire(experiment, writer, token)
  }

  async forget(experiment: string, token: number): Promise<boolean> {
    return this.#running().forget(experiment, token)
  }

  async recentRequests(): Promise<string[]> {
    const backend = this.#running()
    if (this.shared) throw new StoreError('a shared store answers claims instead')
    return backend.requests.recent(this.#now())
  }

  async claim(writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]> {
    const backend = this.#running()
    backend.heard(writer, this.#now())
    return experiments.map((experiment) => backend.requests.claim(writer, { experiment, identity }, this.#now()))
  }

  async leftJournal(writer: string, name: string | null): Promise<LeftJournalEntry[]> {
    const backend = this.#running()
    const nowMs = this.#now()
    backend.heard(writer, nowMs)
    backend.name(writer, name)
    return backend.journal.left({
      writer,
      nowMs,
      lives: (other) => backend.isOthers(other, name, nowMs),
      sequenceOf: (experiment, other) => backend.experiment(experiment).sequenceOf(other),
    })
  }

  async lease(writer: string, experiments: readonly string[], ttlMs: number): Promise<ReadonlyMap<string, number>> {
    const backend = this.#running()
    backend.heard(writer, this.#now())
    const held = new Map<string, number>()
    for (const experiment of experiments) {
      const token = backend.leases.take(writer, experiment, { nowMs: this.#now(), ttlMs })
      if (token !== null) held.set(experiment, token)
    }
    return held
  }

  async release(writer: string, experiments: readonly string[]): Promise<void> {
    const { leases } = this.#running()
    for (const experiment of experiments) leases.release(writer, experiment)
  }

  async publish(publication: Publication): Promise<PublicationOutcome> {
    return this.#publish(publication, false)
  }

  async publishAnew(publication: Publication): Promise<PublicationOutcome> {
    return this.#publish(publication, true)
  }

  async readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    const { events } = this.#running()
    if (afterId !== null) mustBeEventId(afterId)
    const later = afterId === null ? events : events.filter((event) => compareEventIds(event.id, afterId) > 0)
    return later.slice(0, Math.max(0, limit))
  }

  async newestEvents(limit: number): Promise<PublishedEvent[]> {
    const { events } = this.#running()
    return limit > 0 ? events.slice(-limit) : []
  }

  watchEvents(afterId: string | null, listener: (events: readonly PublishedEvent[]) => void): () => void {
    this.#running()
    if (afterId !== null) mustBeEventId(afterId)
    return this.#watchers.watch(afterId, listener)
  }

  async records(kind: RecordKind): Promise<StoredRecord[]> {
    const kept = this.#recordsOf(kind)
    for (const [id, { untilMs }] of kept) if (untilMs !== null && untilMs <= this.#now()) kept.delete(id)
    return [...kept.values()]
  }

  async putRecords(kind: RecordKind, records: readonly StoredRecord[]): Promise<void> {
    const kept = this.#recordsOf(kind)
    for (const { id, json, untilMs } of records) kept.set(id, { id, json, untilMs })
  }

  async deleteRecords(kind: RecordKind, ids: readonly string[]): Promise<void> {
    const kept = this.#recordsOf(kind)
    for (const id of ids) kept.delete(id)
  }

  async secret(name: string, proposal: string): Promise<string> {
    return this.#running().secret(name, proposal)
  }

  #publish(publication: Publication, anew: boolean): PublicationOutcome {
    const backend = this.#running()
    for (const { id } of publication.events) mustBeEventId(id)
    return backend.publish(publication, anew)
  }

  /** Null: nobody was ever given this position here. */
  #changeAt(position: string): number | null {
    const change = /^\d+$/.test(position) ? Number(position) : Infinity
    return change <= this.#backend.change ? change : null
  }

  #recordsOf(kind: RecordKind): Map<string, StoredRecord> {
    return this.#running().records.get(kind)!
  }

  #running(): MemoryBackend {
    if (this.#state !== 'running') throw new StoreError('the store is not running')
    return this.#backend
  }
}
