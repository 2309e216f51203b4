// The daemon's state and the store that keeps it: opens it, moves it along, and tells how it is doing, in the log, in metrics, in events and
// as readiness. What goes wrong with the store never reaches those who send telemetry, unless they are promised durability.
import { randomUUID } from 'node:crypto'
import type { Engine } from '../engine/engine.ts'
import type { EngineEvent } from '../engine/events.ts'
import { formatSeconds } from '../model/duration.ts'
import type { Settings } from '../model/settings.ts'
import type { EventLog } from '../publish/event-log.ts'
import type { SelfMetrics } from '../publish/self-metrics.ts'
import { type Clock, every, sleep, turn } from '../runtime/clock.ts'
import { StateKeeper } from '../store/keeper/keeper.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/port.ts'
import type { Log } from '../telemetry/log.ts'
import type { SelfTelemetry } from '../telemetry/self-telemetry.ts'
import { StoreNews } from './store-news.ts'

/** How often it is looked whether something is due; the longest that a durable acknowledgement waits for nothing. */
const TICK_MS = 100

export interface StateParts {
  readonly settings: Settings
  readonly engine: Engine
  readonly eventLog: EventLog
  readonly metrics: SelfMetrics
  readonly clock: Clock
  readonly log: Log
  readonly selfTelemetry: () => SelfTelemetry | null
}

export class DaemonState {
  readonly keeper: StateKeeper<EngineEvent>
  readonly #parts: StateParts
  readonly #store: Store
  readonly #news: StoreNews
  readonly #begunMs: number
  readonly #settled = Promise.withResolvers<void>()
  #stopTicking = (): void => {}

  constructor(parts: StateParts) {
    const { settings, clock, engine } = parts
    this.#parts = parts
    this.#begunMs = clock.monotonic()
    this.#news = new StoreNews({ clock, log: parts.log, tell: (event) => engine.tell(event) })
    this.#store = openStore(settings.store, {
      eventLimit: settings.eventLogLimit,
      retentionSeconds: Math.max(...engine.windows),
      retryWindowMs: settings.engine.retryWindowMs,
      durable: settings.ack === 'durable',
      now: () => clock.now(),
      observer: this.#news,
    })
    this.keeper = this.#makeKeeper()
    this.#observe(parts.metrics)
  }

  /** Opens the store and begins to bring back what it keeps. Rejects where the store can never be used as configured. */
  async start(): Promise<void> {
    await this.keeper.start()
    this.#stopTicking = every(TICK_MS, () => this.keeper.tick())
    this.keeper.tick()
  }

  /** Resolves when everything stored is here, or the first attempt to get it has failed. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** As Store.secret(); a failure is told like every other of the store. */
  async secret(name: string, proposal: string): Promise<string> {
    try {
      return await this.#store.secret(name, proposal)
    } catch (error) {
      this.#tellFailure(error as Error, 'secret')
      throw error
    }
  }

  /** Makes known what the last ticks brought. */
  publish(): void {
    this.#news.tellDue()
    this.keeper.publish()
  }

  /** Writes everything down and closes the store. */
  async stop(): Promise<void> {
    this.#stopTicking()
    await this.keeper.stop()
  }

  /** Whether reports tell all that is stored. */
  get isLoaded(): boolean {
    return this.keeper.isLoaded
  }

  /** Why requests that are promised durability cannot be taken now; null: they can. */
  get refusal(): string | null {
    return this.#news.unavailableBecause ?? this.keeper.problems[0] ?? null
  }

  /** Why this daemon should get no requests now, a sentence each. A store that is away is no reason, unless durability is promised: then telemetry would go nowhere. */
  notReady(): string[] {
    const { refusal } = this
    if (refusal !== null)
      return this.#parts.settings.ack === 'durable' ? [`ingest: acknowledgement is durable, and ${refusal}`] : []
    return this.isLoaded ? [] : [`reports: ${this.#loading()}`]
  }

  /** What is not as it should be while the work goes on, a sentence each. */
  degraded(): string[] {
    const reasons = new Set(this.#news.degraded())
    for (const problem of this.keeper.problems) reasons.add(`the store does not do its work: ${problem}`)
    if (!this.isLoaded && this.refusal !== null) reasons.add(`reports: ${this.#loading()}`)
    return [...reasons]
  }

  #observe(metrics: SelfMetrics): void {
    metrics.observe('cohortd_store_available', () => (this.refusal === null ? 1 : 0))
    metrics.observe('cohortd_state_loaded', () => (this.isLoaded ? 1 : 0))
    metrics.observe('cohortd_store_losses_total', () => this.#news.losses)
    metrics.observe('cohortd_events_dropped_total', () => this.keeper.droppedEvents)
  }

  #loading(): string {
    const seconds = (this.#parts.clock.monotonic() - this.#begunMs) / 1000
    return `what is stored is being loaded, for ${formatSeconds(Math.round(seconds))}`
  }

  #makeKeeper(): StateKeeper<EngineEvent> {
    const { engine, eventLog, clock, settings } = this.#parts
    const { store } = settings
    return new StateKeeper<EngineEvent>(
      {
        store: this.#store,
        engine,
        journal: engine,
        clock,
        wait: (ms) => (ms <= 0 ? turn() : sleep(ms)),
        observer: {
          restored: (events) => eventLog.restore(events),
          events: (events) => eventLog.append(events),
          told: (events) => this.#told(events),
          loaded: ({ experiments }) => this.#loaded(experiments),
          flushed: (seconds) => this.#flushed(seconds),
          failed: (error, operation) => this.#failed(error, operation),
          lost: (experiment, what) => this.#news.lost(experiment, what),
        },
      },
      {
        durable: settings.ack === 'durable',
        newWriterId: randomUUID,
        name: store.type === 'redis' ? store.redis.replicaName : null,
        eventLimit: settings.eventLogLimit,
      },
    )
  }

  #loaded(experiments: number): void {
    const { log, engine, eventLog, clock } = this.#parts
    this.#settled.resolve()
    if (experiments === 0) return
    const seconds = Math.round(clock.monotonic() - this.#begunMs) / 1000
    log.info({ experiments, cohorts: engine.tracked().length, events: eventLog.size, seconds }, 'state restored')
  }

  #told(events: readonly EngineEvent[]): void {
    const { metrics, clock } = this.#parts
    const nowMs = clock.now()
    for (const { type, receivedMs } of events) {
      metrics.counter('cohortd_events_published_total', { type }).add()
      if (receivedMs === null || type !== 'cohortd.burn.firing') continue
      metrics.histogram('cohortd_detection_latency_seconds').observe(Math.max(0, nowMs - receivedMs) / 1000)
    }
  }

  #flushed(seconds: number): void {
    const { metrics, clock, selfTelemetry } = this.#parts
    metrics.histogram('cohortd_store_flush_duration_seconds').observe(seconds)
    const nowMs = clock.now()
    selfTelemetry()?.took('cohortd.store.write', nowMs - seconds * 1000, nowMs)
  }

  #failed(error: Error, operation: string): void {
    this.#settled.resolve()
    this.#tellFailure(error, operation)
  }

  #tellFailure(error: Error, operation: string): void {
    this.#parts.metrics.counter('cohortd_store_errors_total', { operation }).add()
    this.#news.failed(error, operation)
  }
}
