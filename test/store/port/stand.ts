// What the conformance suite stands on: a rig that each adapter brings, and the makers of commits, flushes and publications.
//
// An adapter plugs in like this (its own test file):
//
//   describeStore('redis', { shared: true, movesTime: false, makeRig: async () => new RedisRig(await freshPrefix()) })
//
// A rig is one backing state, empty at first, with any number of stores (connections) that are opened on it. One is made for each
// test and closed after it; the stand starts the stores it opens and stops those that still run.
import type { PublishedEvent } from '../../../src/model/event.ts'
import type { RowKey, Store, StoredExperiment, StoreOptions } from '../../../src/store/port.ts'
import { type Commit, type Flush, HISTORY, type PartialRow, type Publication } from '../../../src/store/port.ts'

export interface StoreRig {
  /** A store that is not started yet, on the state of this rig. Where the store belongs to one process, the one before is stopped. */
  open(options: StoreOptions): Store
  /** Unix milliseconds; what StoreOptions.now answers. */
  now(): number
  /** Lets time pass. Called only where the traits say `movesTime`. */
  advance(ms: number): void | Promise<void>
  close(): void | Promise<void>
}

export interface StoreTraits {
  /** As the store says of itself. */
  readonly shared: boolean
  /** Whether leases, claims, records and rows end as advance() moves time on; else the tests of that are left to the adapter. */
  readonly movesTime: boolean
  readonly makeRig: () => StoreRig | Promise<StoreRig>
}

export const EVENT_LIMIT = 20
export const RETENTION_SECONDS = 3600
export const RETRY_WINDOW_MS = 60_000
export const LEASE_MS = 5000
/** A claim of a writer that is silent for longer than this may be taken over. */
export const CLAIM_MS = 10_000

/** What the observer of a stand was told. */
export interface Told {
  readonly unavailable: string[]
  available: number
  readonly lost: string[]
}

/** One test's rig and stores. */
export class Stand {
  readonly traits: StoreTraits
  readonly told: Told = { unavailable: [], available: 0, lost: [] }
  #rig: StoreRig | null = null
  #stores: Store[] = []

  constructor(traits: StoreTraits) {
    this.traits = traits
  }

  /** A started store on this test's state. */
  async open(changed: Partial<StoreOptions> = {}): Promise<Store> {
    const store = await this.unstarted(changed)
    await store.start()
    return store
  }

  async unstarted(changed: Partial<StoreOptions> = {}): Promise<Store> {
    this.#rig ??= await this.traits.makeRig()
    const rig = this.#rig
    const store = rig.open({
      eventLimit: EVENT_LIMIT,
      retentionSeconds: RETENTION_SECONDS,
      retryWindowMs: RETRY_WINDOW_MS,
      durable: false,
      now: () => rig.now(),
      observer: {
        unavailable: (reason) => this.told.unavailable.push(reason),
        available: () => this.told.available++,
        lost: (experiment, what) => this.told.lost.push(`${experiment ?? ''}: ${what}`),
      },
      ...changed,
    })
    this.#stores.push(store)
    return store
  }

  /** The store as the next process finds it. */
  async reopen(store: Store, changed: Partial<StoreOptions> = {}): Promise<Store> {
    await store.stop()
    return this.open(changed)
  }

  now(): number {
    return this.#rig!.now()
  }

  async advance(ms: number): Promise<void> {
    await this.#rig!.advance(ms)
  }

  /** The second that runs. */
  get second(): number {
    return Math.floor(this.now() / 1000)
  }

  /** The minute that runs. */
  get minute(): number {
    return Math.floor((this.second - 1) / 60)
  }

  async clear(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.stop()
    await this.#rig?.close()
    this.#rig = null
    this.told.unavailable.length = 0
    this.told.available = 0
    this.told.lost.length = 0
  }

  /** A row of this minute, or of the slice that is given. */
  row(variant: string, bytes: readonly number[] = [1], changed: Partial<PartialRow> = {}): PartialRow {
    const slice = changed.slice ?? this.minute
    return { variant, segmentKey: 'shop', slice, bytes: Uint8Array.from(bytes), newestSecond: this.second, ...changed }
  }

  history(variant: string, bytes: readonly number[] = [1], changed: Partial<PartialRow> = {}): PartialRow {
    return this.row(variant, bytes, { slice: HISTORY, ...changed })
  }
}

export const EXPERIMENT = 'checkout-redesign'

/** A flush of the experiment with what is given; `after` is one below `sequence` unless it is said. */
export function flush(writer: string, sequence: number, parts: Partial<Flush> = {}): Flush {
  return {
    experiment: EXPERIMENT,
    writer,
    sequence,
    after: sequence - 1,
    sealedMinute: -1,
    rows: [],
    dropped: [],
    adopted: [],
    requests: [],
    ...parts,
  }
}

export function commitOf(flushes: readonly Flush[], parts: Partial<Commit> = {}): Commit {
  return { writer: flushes[0]?.writer ?? 'w1', flushes, journal: null, requests: [], ...parts }
}

/** Commits one flush and gives its outcome. */
export async function put(store: Store, one: Flush): Promise<string> {
  const [outcome] = await store.commit(commitOf([one]))
  return outcome
}

export function publication(token: number, sequence: number, parts: Partial<Publication> = {}): Publication {
  return { experiment: EXPERIMENT, token, sequence, state: null, alerts: [], events: [], ...parts }
}

export function event(id: string, data: unknown = {}): PublishedEvent {
  return { id, json: JSON.stringify({ specversion: '1.0', id, source: '/cohortd', type: 'cohortd.burn.firing', data }) }
}

export function keyOf({ variant, segmentKey, slice }: RowKey): RowKey {
  return { variant, segmentKey, slice }
}

/** A stored experiment in a form that can be compared: lists sorted, bytes as plain numbers. */
export function plain(stored: StoredExperiment): Record<string, unknown> {
  return {
    experiment: stored.experiment,
    state: stored.state,
    publicationSequence: stored.publicationSequence,
    rows: plainRows(stored.rows),
    writers: sorted(stored.writers),
    alerts: sorted(stored.alerts),
  }
}

/** Rows as "writer variant segment slice: bytes", sorted; newestSecond aside. */
export function plainRows(rows: readonly (PartialRow & { readonly writer?: string })[]): string[] {
  return rows
    .map(
      (row) => `${JSON.stringify([row.writer ?? '', row.variant, row.segmentKey, row.slice])}: ${row.bytes.join(' ')}`,
    )
    .sort()
}

export function sorted<T>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** The token under which the writer now holds the experiment. */
export async function lead(store: Store, writer: string, experiment = EXPERIMENT): Promise<number> {
  const token = (await store.lease(writer, [experiment], LEASE_MS)).get(experiment)
  if (token === undefined) throw new Error(`${writer} was not given the lease`)
  return token
}
