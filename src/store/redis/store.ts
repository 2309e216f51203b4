// The store that replicas share: Redis or Valkey, standalone, behind Sentinels, or as a Cluster. Every change of an experiment is one script
// on that experiment's slot. What all the keys are: keys.ts and docs/reference/store-redis.md.
import type { PublishedEvent } from '../../model/event.ts'
import type { RedisSettings } from '../../model/settings.ts'
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
import { isFatal } from './errors.ts'
import { Events } from './events.ts'
import { Experiments } from './experiments.ts'
import { Journals } from './journal.ts'
import { Leadership } from './leadership.ts'
import { Partials } from './partials.ts'
import { Records } from './records.ts'
import { Requests } from './requests.ts'
import { writerStateOf } from './rows.ts'
import { Secrets } from './secrets.ts'
import { RedisServer, type RedisServerOptions, textOf } from './server.ts'

interface Parts {
  readonly server: RedisServer
  readonly partials: Partials
  readonly experiments: Experiments
  readonly requests: Requests
  readonly journals: Journals
  readonly leadership: Leadership
  readonly events: Events
  readonly records: Records
  readonly secrets: Secrets
}

export class RedisStore implements Store {
  readonly shared = true
  readonly #open: () => RedisServer
  readonly #accepted = new Set<Promise<unknown>>()
  #parts: Parts | null = null
  #state: 'new' | 'running' | 'stopped' = 'new'
  #stopping: Promise<void> | null = null

  constructor(settings: RedisSettings, options: StoreOptions, serverOptions: RedisServerOptions = {}) {
    this.#open = () => new RedisServer(settings, options, serverOptions)
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new StoreError('a store can be started only once')
    this.#state = 'running'
    try {
      const server = this.#open()
      const journals = new Journals(server)
      this.#parts = {
        server,
        partials: new Partials(server),
        experiments: new Experiments(server),
        requests: new Requests(server, (writer, identity) => journals.has(writer, identity)),
        journals,
        leadership: new Leadership(server),
        events: new Events(server),
        records: new Records(server),
        secrets: new Secrets(server),
      }
      await server.connection.start()
      await lookAt(this.#parts.experiments)
    } catch (error) {
      this.#state = 'stopped'
      this.#parts?.server.connection.stop()
      throw error
    }
  }

  stop(): Promise<void> {
    this.#state = 'stopped'
    this.#stopping ??= this.#close()
    return this.#stopping
  }

  commit(commit: Commit): Promise<FlushOutcome[]> {
    return this.#do((parts) => commitTo(parts, commit))
  }

  experiments(): Promise<string[]> {
    return this.#do(({ experiments }) => experiments.all())
  }

  load(experiment: string): Promise<StoredExperiment> {
    return this.#do(({ partials }) => partials.load(experiment))
  }

  activity(position: string | null): Promise<{ position: string; experiments: string[] }> {
    return this.#do(async ({ experiments, records }) => {
      const [activity] = await Promise.all([experiments.activity(position), records.renew()])
      return activity
    })
  }

  follow(experiment: string, position: string, writer: string): Promise<Followed> {
    return this.#do(({ partials }) => partials.follow(experiment, position, writer))
  }

  rowsOf(experiment: string, writer: string): Promise<PartialRow[]> {
    return this.#do(({ partials }) => partials.rowsOf(experiment, writer))
  }

  retire(experiment: string, writer: string, token: number): Promise<boolean> {
    return this.#do(async ({ leadership, experiments }) => {
      const isRetired = await leadership.retire(experiment, writer, token)
      if (isRetired) await experiments.announce([experiment])
      return isRetired
    })
  }

  forget(experiment: string, token: number): Promise<boolean> {
    return this.#do(async ({ leadership, experiments, partials }) => {
      const isForgotten = await leadership.forget(experiment, token, await partials.writers(experiment))
      if (isForgotten) await experiments.forgotten(experiment)
      return isForgotten
    })
  }

  async recentRequests(): Promise<string[]> {
    throw new StoreError('a shared store answers claims instead')
  }

  claim(writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]> {
    return this.#do(async ({ requests, journals }) => {
      const [claims] = await Promise.all([requests.claim(writer, identity, experiments), journals.heard(writer)])
      return claims
    })
  }

  leftJournal(writer: string, name: string | null): Promise<LeftJournalEntry[]> {
    return this.#do(async ({ journals, requests, server }) => {
      const left = await journals.left(writer, name, async (experiment, other) => {
        const record = await server.connection.call('hget', [server.keys.of(experiment).writers, other])
        return record === null ? 0 : writerStateOf(other, textOf(record)).sequence
      })
      await requests.count(writer, left.requests)
      return left.entries
    })
  }

  lease(writer: string, experiments: readonly string[], ttlMs: number): Promise<ReadonlyMap<string, number>> {
    return this.#do(async ({ leadership, journals }) => {
      const [tokens] = await Promise.all([leadership.lease(writer, experiments, ttlMs), journals.heard(writer)])
      return tokens
    })
  }

  release(writer: string, experiments: readonly string[]): Promise<void> {
    return this.#do(({ leadership }) => leadership.release(writer, experiments))
  }

  publish(publication: Publication): Promise<PublicationOutcome> {
    return this.#publish(publication, false)
  }

  publishAnew(publication: Publication): Promise<PublicationOutcome> {
    return this.#publish(publication, true)
  }

  readEvents(afterId: string | null, limit: number): Promise<PublishedEvent[]> {
    return this.#do(({ events }) => events.read(afterId, limit))
  }

  newestEvents(limit: number): Promise<PublishedEvent[]> {
    return this.#do(({ events }) => events.newest(limit))
  }

  watchEvents(afterId: string | null, listener: (events: readonly PublishedEvent[]) => void): () => void {
    return this.#running().events.watch(afterId, listener)
  }

  records(kind: RecordKind): Promise<StoredRecord[]> {
    return this.#do(({ records }) => records.all(kind))
  }

  putRecords(kind: RecordKind, records: readonly StoredRecord[]): Promise<void> {
    return this.#do((parts) => parts.records.put(kind, records))
  }

  deleteRecords(kind: RecordKind, ids: readonly string[]): Promise<void> {
    return this.#do(({ records }) => records.delete(kind, ids))
  }

  secret(name: string, proposal: string): Promise<string> {
    return this.#do(({ secrets }) => secrets.get(name, proposal))
  }

  #publish(publication: Publication, anew: boolean): Promise<PublicationOutcome> {
    return this.#do(async ({ leadership, experiments }) => {
      const outcome = await leadership.publish(publication, anew)
      if (outcome === 'published') await experiments.announce([publication.experiment])
      return outcome
    })
  }

  async #do<Result>(work: (parts: Parts) => Promise<Result>): Promise<Result> {
    const doing = work(this.#running())
    this.#accepted.add(doing)
    try {
      return await doing
    } finally {
      this.#accepted.delete(doing)
    }
  }

  async #close(): Promise<void> {
    const parts = this.#parts
    parts?.events.stop()
    await Promise.allSettled(this.#accepted)
    parts?.server.connection.stop()
  }

  #running(): Parts {
    if (this.#state !== 'running' || this.#parts === null) throw new StoreError('the store is not running')
    return this.#parts
  }
}

/** The journal before the flushes, so that whoever finds the entry can tell which of them were not written. */
async function commitTo({ partials, journals, requests, experiments }: Parts, commit: Commit): Promise<FlushOutcome[]> {
  const { writer, flushes, journal } = commit
  if (journal !== null) {
    await journals.add(writer, journal, {
      flushes: flushes.map(({ experiment, sequence }) => [experiment, sequence]),
      requests: commit.requests,
    })
  }
  const name = journals.nameOf(writer)
  const [counted, heard, ...flushed] = await Promise.allSettled([
    requests.count(writer, commit.requests),
    journals.heard(writer),
    ...flushes.map((flush) => partials.flush(flush, name)),
  ])
  const outcomes = flushed.map((one) => (one.status === 'fulfilled' ? one.value : null))
  const written = flushes.filter((_, at) => outcomes[at] === 'written').map(({ experiment }) => experiment)
  experiments.announceLater(written)
  for (const one of [counted, heard, ...flushed]) if (one.status === 'rejected') throw one.reason
  await experiments.announce(written)
  return outcomes as FlushOutcome[]
}

/** Rejects where the server can never be used as configured; where it only does not answer now, it may later. */
async function lookAt(experiments: Experiments): Promise<void> {
  try {
    await experiments.look()
  } catch (error) {
    if (isFatal((error as Error).cause)) throw error
  }
}
