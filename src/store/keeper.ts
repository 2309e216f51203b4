// Keeps the store up to date with what runs in memory: once a second what changed, in pieces that hold nothing up. Events are
// written as soon as they are published, with the state that they tell of: else a crash would publish them a second time.
// A write that fails is made again, whole, until it succeeds; meanwhile nothing new is taken, so nothing piles up.
import type { PublishedEvent } from '../model/event.ts'
import { type Clock, every } from '../runtime/clock.ts'
import type { StateChange, Store } from './port.ts'

/** Cohorts in one write: a few milliseconds of encoding. */
const COHORTS_PER_WRITE = 250
const FLUSH_INTERVAL_MS = 1000
/** A pass over all changes may take this share of the time; after a long one the next waits. */
const DUTY = 0.25
/** Events that wait for a store that fails; beyond it the oldest are not stored. */
const MAX_WAITING_EVENTS = 100_000

export interface KeeperObserver {
  flushed(seconds: number): void
  failed(error: Error): void
}

export class StateKeeper {
  readonly #store: Store
  readonly #takeChange: (maxCohorts: number) => Omit<StateChange, 'events'> | null
  readonly #clock: Clock
  readonly #observer: KeeperObserver
  #events: PublishedEvent[] = []
  #unwritten: StateChange | null = null
  #pass: Promise<void> | null = null
  #restUntilMs = 0
  #lastEngine = '{}'
  #cancel = (): void => {}
  /** Why the store does not take writes now; null: it does. */
  problem: string | null = null
  /** Events that could not wait for the store any longer. */
  droppedEvents = 0

  constructor(parts: {
    store: Store
    takeChange: (maxCohorts: number) => Omit<StateChange, 'events'> | null
    clock: Clock
    observer: KeeperObserver
  }) {
    this.#store = parts.store
    this.#takeChange = parts.takeChange
    this.#clock = parts.clock
    this.#observer = parts.observer
  }

  start(): void {
    this.#cancel = every(FLUSH_INTERVAL_MS, () => this.#flushUnlessResting())
  }

  /** Takes events that are to be stored, oldest first, and begins to write them. */
  addEvents(events: readonly PublishedEvent[]): void {
    this.#events.push(...events)
    const excess = Math.max(0, this.#events.length - MAX_WAITING_EVENTS)
    this.#events.splice(0, excess)
    this.droppedEvents += excess
    this.#flushUnlessResting()
  }

  /** Writes all that changed until now; resolves when it is written or the store has failed. */
  flush(): Promise<void> {
    this.#pass ??= this.#writeAll().finally(() => {
      this.#pass = null
    })
    return this.#pass
  }

  /** Ends the regular writes and makes a last one of everything. */
  async stop(): Promise<void> {
    this.#cancel()
    await this.#pass
    await this.flush()
  }

  #flushUnlessResting(): void {
    if (this.#clock.monotonic() >= this.#restUntilMs) void this.flush()
  }

  async #writeAll(): Promise<void> {
    const begun = this.#clock.monotonic()
    try {
      while (this.#nextChange() !== null) await this.#writeOne()
      this.problem = null
    } catch (error) {
      this.problem = (error as Error).message
      this.#observer.failed(error as Error)
    }
    const tookMs = this.#clock.monotonic() - begun
    this.#restUntilMs = begun + tookMs / DUTY
  }

  async #writeOne(): Promise<void> {
    const begun = this.#clock.monotonic()
    await this.#store.save(this.#unwritten!)
    this.#unwritten = null
    this.#observer.flushed((this.#clock.monotonic() - begun) / 1000)
  }

  /** What is to be written next; the one that failed comes again before anything new. */
  #nextChange(): StateChange | null {
    if (this.#unwritten !== null) return this.#unwritten
    const change = this.#takeChange(COHORTS_PER_WRITE)
    if (change === null && this.#events.length === 0) return null
    const events = this.#events
    this.#events = []
    this.#lastEngine = change?.engine ?? this.#lastEngine
    this.#unwritten = { ...(change ?? NOTHING), engine: this.#lastEngine, events }
    return this.#unwritten
  }
}

const NOTHING = { experiments: [], cohorts: [], forgottenExperiments: [], forgottenCohorts: [] }
