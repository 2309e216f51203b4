// The state behind memory stores: what would be the file or the server. Everything happens at once, in the order of the calls.
import type { PublishedEvent } from '../../model/event.ts'
import { inOrderAfter } from '../event-order.ts'
import type { Commit, Flush, FlushOutcome, Publication, PublicationOutcome, RecordKind, StoredRecord } from '../port.ts'
import { publicationRefusal } from '../refusals.ts'
import { Journal } from './journal.ts'
import { KeptExperiment } from './kept-experiment.ts'
import { Leases } from './leases.ts'
import { RequestIdentities } from './requests.ts'

/** A writer that was not heard of for so long is gone. */
const SILENCE_MS = 10_000

export interface MemoryBackendOptions {
  /** Whether several stores, as of several processes, use it at the same time. */
  readonly shared: boolean
  readonly eventLimit: number
  readonly retentionSeconds: number
  readonly retryWindowMs: number
}

export class MemoryBackend {
  readonly shared: boolean
  readonly leases: Leases
  readonly requests: RequestIdentities
  readonly journal: Journal
  readonly records: ReadonlyMap<RecordKind, Map<string, StoredRecord>> = new Map([
    ['silence', new Map()],
    ['experiment', new Map()],
    ['delivery', new Map()],
  ])
  readonly #options: MemoryBackendOptions
  /** By name. */
  readonly #secrets = new Map<string, string>()
  readonly #experiments = new Map<string, KeptExperiment>()
  /** By experiment: the change in which it was forgotten. */
  readonly #forgotten = new Map<string, number>()
  readonly #heardOf = new Map<string, number>()
  readonly #names = new Map<string, string | null>()
  readonly #listeners = new Set<(events: readonly PublishedEvent[]) => void>()
  /** Oldest first. */
  events: readonly PublishedEvent[] = []
  /** The number of the last change. */
  change = 0

  constructor(options: MemoryBackendOptions) {
    this.#options = options
    this.shared = options.shared
    this.leases = new Leases({ expire: options.shared })
    this.requests = new RequestIdentities({ windowMs: options.retryWindowMs, othersLive: options.shared })
    this.journal = new Journal(options.retryWindowMs)
  }

  commit(commit: Commit, nowMs: number): FlushOutcome[] {
    this.heard(commit.writer, nowMs)
    this.requests.advance(nowMs)
    this.journal.add(commit, nowMs)
    this.requests.count(commit.writer, '', commit.requests, nowMs)
    return commit.flushes.map((flush) => this.#flush(flush, nowMs))
  }

  experimentIds(): string[] {
    return [...this.#experiments.keys()]
  }

  /** What is kept of it; where that is nothing, something empty that is not kept. */
  experiment(id: string): KeptExperiment {
    return this.#experiments.get(id) ?? new KeptExperiment(id)
  }

  /** All experiments that changed after the change, the forgotten ones too. */
  changedSince(change: number): string[] {
    const kept = [...this.#experiments].flatMap(([id, { changed }]) => (changed > change ? [id] : []))
    const forgotten = [...this.#forgotten].flatMap(([id, changed]) => (changed > change ? [id] : []))
    return [...new Set([...kept, ...forgotten])]
  }

  wasForgottenSince(id: string, change: number): boolean {
    return (this.#forgotten.get(id) ?? -1) > change
  }

  retire(experiment: string, writer: string, token: number): boolean {
    const heir = this.leases.holder(experiment, token)
    return heir !== null && this.#kept(experiment).retire(writer, heir, ++this.change)
  }

  forget(experiment: string, token: number): boolean {
    if (!this.leases.isCurrent(experiment, token)) return false
    this.#experiments.delete(experiment)
    this.#forgotten.set(experiment, ++this.change)
    return true
  }

  publish(publication: Publication, anew: boolean): PublicationOutcome {
    const { experiment, token } = publication
    const isCurrent = this.leases.isCurrent(experiment, token)
    const known = this.experiment(experiment).publicationSequence
    const refusal = publicationRefusal(publication, { isCurrent, known, anew })
    if (refusal !== null) return refusal
    this.#kept(experiment).publish(publication, { anew, change: ++this.change })
    this.#append(publication.events)
    return 'published'
  }

  secret(name: string, proposal: string): string {
    const kept = this.#secrets.get(name)
    if (kept !== undefined) return kept
    this.#secrets.set(name, proposal)
    return proposal
  }

  /** Calls back with events as they are appended; the returned function ends it. */
  listen(listener: (events: readonly PublishedEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Rows whose newest second lies before this one are not kept. */
  oldestSecond(nowMs: number): number {
    return nowMs / 1000 - this.#options.retentionSeconds
  }

  heard(writer: string, nowMs: number): void {
    this.#heardOf.set(writer, nowMs)
  }

  name(writer: string, name: string | null): void {
    this.#names.set(writer, name)
  }

  /** Whether the writer's journal is not for an incarnation of this name: it may still live, or is another's. */
  isOthers(writer: string, name: string | null, nowMs: number): boolean {
    if (!this.shared) return false
    const silentMs = nowMs - (this.#heardOf.get(writer) ?? -Infinity)
    // Of one name only one lives at a time.
    return (name === null && silentMs < SILENCE_MS) || (this.#names.get(writer) ?? null) !== name
  }

  #flush(flush: Flush, nowMs: number): FlushOutcome {
    const { experiment, writer, requests } = flush
    const refusal = this.experiment(experiment).refusal(flush)
    if (refusal !== null) return refusal
    if (this.shared && !this.requests.mayCount(writer, experiment, requests)) return 'unclaimed'
    const kept = this.#kept(experiment)
    kept.write(flush, this.#names.get(writer) ?? null, ++this.change)
    kept.forgetBefore(this.oldestSecond(nowMs))
    this.requests.count(writer, experiment, requests, nowMs)
    return 'written'
  }

  #kept(id: string): KeptExperiment {
    let kept = this.#experiments.get(id)
    if (kept === undefined) this.#experiments.set(id, (kept = new KeptExperiment(id)))
    return kept
  }

  #append(events: readonly PublishedEvent[]): void {
    if (events.length === 0) return
    const placed = inOrderAfter(this.events.at(-1)?.id ?? null, events)
    const all = [...this.events, ...placed]
    this.events = all.slice(Math.max(0, all.length - this.#options.eventLimit))
    for (const listener of this.#listeners) listener(placed)
  }
}
