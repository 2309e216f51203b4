// The store's server: a memory backend, and beside it the naive account of what it holds. It remembers all that it was ever asked, so
// that another server can go on from an earlier moment.
import type { PublishedEvent } from '../../src/model/event.ts'
import { MemoryBackend } from '../../src/store/memory/backend.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import type { Commit, FlushOutcome } from '../../src/store/port.ts'
import { StoredParts } from './book.ts'
import { EPOCH_MS, EVENT_LIMIT, SETTINGS } from './settings.ts'
import type { Part } from './traffic.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface ServerState {
  readonly backend: MemoryBackend
  readonly store: MemoryStore
  readonly parts: StoredParts
}

/** What a commit says that the rows of each experiment hold. */
export type Coverage = ReadonlyMap<string, ReadonlySet<Part>>

interface Request {
  readonly atMs: number
  readonly effect: (state: ServerState) => unknown
}

/** More than are given in the life of a world. */
const TOKENS = 1000
const NO_OBSERVER = { unavailable: () => {}, available: () => {}, lost: () => {} }

export class StoreServer {
  readonly shared: boolean
  readonly #time: VirtualTime
  readonly #listeners = new Set<() => void>()
  #requests: Request[] = []
  #state: ServerState
  #nowMs = 0
  /** Grows whenever another server goes on. */
  epoch = 0

  constructor(time: VirtualTime, options: { shared: boolean }) {
    this.#time = time
    this.shared = options.shared
    this.#state = this.#begin()
  }

  get state(): ServerState {
    return this.#state
  }

  get events(): readonly PublishedEvent[] {
    return this.#state.backend.events
  }

  /** What is asked takes its effect. */
  ask<Answer>(effect: (state: ServerState) => Answer): Answer {
    const before = this.events
    this.#nowMs = this.#time.nowMs
    this.#requests.push({ atMs: this.#nowMs, effect })
    const answer = effect(this.#state)
    if (this.events !== before) for (const listener of this.#listeners) listener()
    return answer
  }

  /** Calls back when events were published, or may be gone. */
  onEvents(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Another server goes on with what was there at the moment. */
  goBackTo(atMs: number): void {
    this.#requests = this.#requests.filter((request) => request.atMs <= atMs)
    this.#state = this.#begin()
    this.epoch++
    for (const request of this.#requests) {
      this.#nowMs = request.atMs
      quietly(request.effect(this.#state))
    }
    for (const listener of this.#listeners) listener()
  }

  /** All that is kept of an experiment is gone, as if its keys were evicted. */
  evict(experiment: string): void {
    this.ask((state) => evict(state, experiment))
  }

  /** A server with nothing in it goes on. Like Redis, which takes the time for it, it gives no token that was given before. */
  empty(experiments: readonly string[]): void {
    this.goBackTo(-1)
    const tokens = TOKENS * this.epoch
    this.ask(({ backend: { leases } }) => {
      for (const experiment of experiments) {
        const times = { nowMs: 0, ttlMs: 0 }
        for (let token = 0; token < tokens; token++) leases.take(`nobody ${token % 2}`, experiment, times)
      }
    })
  }

  #begin(): ServerState {
    const options = { eventLimit: EVENT_LIMIT, retentionSeconds: 21_600, retryWindowMs: SETTINGS.retryWindowMs }
    const backend = new MemoryBackend({ ...options, shared: this.shared })
    const now = (): number => EPOCH_MS + this.#nowMs
    const store = new MemoryStore({ ...options, durable: true, now, observer: NO_OBSERVER }, backend)
    void store.start()
    return { backend, store, parts: new StoredParts() }
  }
}

/**
 * Writes a commit, or of its flushes only these, after its journal. As the backend does it, but flush by flush, and noted in the account.
 */
export function write(
  { backend, parts }: ServerState,
  commit: Commit,
  options: { coverage: Coverage; only: ReadonlySet<number> | null; nowMs: number },
): FlushOutcome[] {
  const { writer, flushes } = commit
  const { coverage, only, nowMs } = options
  // The journal is told of all flushes that come with it.
  backend.journal.add(commit, nowMs)
  backend.commit({ ...commit, journal: null, flushes: [] }, nowMs)
  return flushes.flatMap((flush, at) => {
    if (only?.has(at) === false) return []
    const isNew = backend.experiment(flush.experiment).sequenceOf(writer) < flush.sequence
    const outcomes = backend.commit({ writer, flushes: [flush], journal: null, requests: [] }, nowMs)
    if (outcomes[0] === 'written' && isNew) {
      const adopted = flush.adopted.map((one) => one.writer)
      parts.write(writer, flush.experiment, coverage.get(flush.experiment)!, adopted)
    }
    return outcomes
  })
}

function evict({ backend, parts }: ServerState, experiment: string): void {
  // After a failover to a moment at which nobody had led it yet, no token is current.
  if (!forgetByAnyToken(backend, experiment)) {
    backend.leases.take('nobody', experiment, { nowMs: 0, ttlMs: 0 })
    backend.leases.release('nobody', experiment)
    if (!forgetByAnyToken(backend, experiment)) throw new Error(`${experiment} cannot be evicted`)
  }
  parts.forget(experiment)
}

function forgetByAnyToken(backend: MemoryBackend, experiment: string): boolean {
  for (let token = 1; token < 20 * TOKENS; token++) if (backend.forget(experiment, token)) return true
  return false
}

function quietly(result: unknown): void {
  if (result instanceof Promise) result.catch(() => {})
}
