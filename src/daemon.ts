// The composition root: the one file that names every concrete part, and the order in which they start and stop.
import { randomUUID } from 'node:crypto'
import { type ApiServer, createApiServer } from './api/server.ts'
import { apiSource } from './daemon/api-source.ts'
import { observeEngine, observeProcess, observeRequests } from './daemon/self-observation.ts'
import { Engine } from './engine/engine.ts'
import type { EngineEvent } from './engine/events.ts'
import { Admission } from './ingest/admission.ts'
import { GrpcReceiver } from './ingest/grpc/receiver.ts'
import { HttpReceiver } from './ingest/http/receiver.ts'
import type { Receiver } from './ingest/receiver.ts'
import { RequestCounters } from './ingest/request-counters.ts'
import type { Settings } from './model/settings.ts'
import type { ExportOutcome, ExportRequest, TelemetrySink } from './model/signal.ts'
import { DAEMON_METRICS } from './publish/catalogue-daemon.ts'
import { EventLog } from './publish/event-log.ts'
import { SelfMetrics } from './publish/self-metrics.ts'
import { Recorder } from './replay/recorder.ts'
import { after, type Clock, systemClock } from './runtime/clock.ts'
import { everySecond } from './runtime/ticker.ts'
import { StateKeeper } from './store/keeper.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/port.ts'
import type { Log } from './telemetry/log.ts'
import type { SelfTelemetry } from './telemetry/self-telemetry.ts'

export interface Listening {
  readonly listener: 'otlp-grpc' | 'otlp-http' | 'api'
  readonly address: string
  readonly port: number
}

export interface DaemonOptions {
  readonly settings: Settings
  readonly version: string
  readonly log: Log
  /** A file to which everything received is recorded. */
  readonly recordPath?: string | null
  readonly clock?: Clock
}

/** Something that can be stopped within a bounded time. */
interface Stoppable {
  stop(deadlineMs: number): Promise<void>
}

/** A tick older than this means that the daemon does not do its work. */
const STUCK_SECONDS = 30
/** A tick that takes longer is worth a span. */
const SLOW_TICK_MS = 50

export class Daemon {
  readonly #settings: Settings
  readonly #log: Log
  readonly #clock: Clock
  readonly #metrics = new SelfMetrics()
  readonly #engine: Engine
  readonly #eventLog: EventLog
  readonly #store: Store
  readonly #keeper: StateKeeper
  readonly #recorder: Recorder | null
  readonly #receivers: { name: Listening['listener']; receiver: Receiver }[] = []
  readonly #api: ApiServer
  readonly #exporters: Stoppable[] = []
  readonly #version: string
  #selfTelemetry: SelfTelemetry | null = null
  #stopTicking = (): void => {}
  #state: 'starting' | 'ready' | 'stopping' = 'starting'
  #stopped: Promise<void> | null = null

  constructor(options: DaemonOptions) {
    const { settings, log } = options
    this.#settings = settings
    this.#log = log
    this.#version = options.version
    this.#clock = options.clock ?? systemClock
    this.#engine = new Engine(settings.engine, this.#clock.now())
    this.#eventLog = new EventLog({ limit: settings.eventLogLimit })
    this.#store = openStore(settings.store, { eventLimit: settings.eventLogLimit })
    this.#keeper = this.#makeKeeper()
    this.#recorder = options.recordPath ? new Recorder(options.recordPath, (message) => log.error(message)) : null
    this.#makeReceivers()
    this.#api = createApiServer({
      listen: settings.api,
      source: apiSource({
        engine: this.#engine,
        eventLog: this.#eventLog,
        selfMetrics: this.#metrics,
        clock: this.#clock,
        version: options.version,
        configHash: settings.configHash,
        health: { unhealthy: () => this.#unhealthy(), notReady: () => this.#notReady() },
      }),
      observer: {
        streams: (open) => this.#metrics.gauge('cohortd_sse_subscribers').set(open),
        streamDropped: (reason) => this.#metrics.counter('cohortd_sse_dropped_total', { reason }).add(),
        failed: (error, route) => log.error({ route, err: String(error) }, 'an API request failed'),
      },
    })
    observeProcess(this.#metrics, { version: options.version, startMs: this.#clock.now() })
    observeEngine(this.#metrics, this.#engine)
  }

  /** Loads the state, listens, begins to tick; resolves with where it listens. Rejects (and stops) where that fails. */
  async start(): Promise<Listening[]> {
    try {
      await this.#restore()
      const listening = await this.#listen()
      this.#stopTicking = everySecond(this.#clock, () => this.#advance())
      this.#keeper.start()
      await this.#startExporters()
      this.#state = 'ready'
      return listening
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Finishes what was accepted, answers new requests "later", writes everything down. Bounded in time; safe twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping'
    const deadlineMs = this.#settings.shutdownTimeoutMs
    await Promise.all(this.#receivers.map(({ receiver }) => receiver.stop(deadlineMs)))
    this.#stopTicking()
    this.#advance()
    await this.#api.stop(Math.min(deadlineMs, 2000))
    await Promise.all(this.#exporters.map((exporter) => exporter.stop(deadlineMs)))
    await this.#recorder?.stop()
    await within(deadlineMs, this.#keeper.stop())
    await within(deadlineMs, this.#store.stop())
  }

  async #restore(): Promise<void> {
    await this.#store.start()
    const state = await this.#store.load()
    this.#engine.restore(state)
    const events = await this.#store.newestEvents(this.#settings.eventLogLimit)
    this.#eventLog.restore(events)
    const last = events.at(-1)
    if (last !== undefined) this.#engine.resumeAfterEvent(last.id)
    if (state.cohorts.length > 0) {
      this.#log.info(
        { experiments: state.experiments.length, cohorts: state.cohorts.length, events: events.length },
        'state restored',
      )
    }
  }

  async #listen(): Promise<Listening[]> {
    const listening: Listening[] = []
    for (const { name, receiver } of this.#receivers) {
      const { host, port } = await receiver.start()
      listening.push({ listener: name, address: host, port })
    }
    const { host, port } = await this.#api.start()
    listening.push({ listener: 'api', address: host, port })
    return listening
  }

  /** What is configured only; each loads the OpenTelemetry SDK, so none is loaded without need. */
  async #startExporters(): Promise<void> {
    const { exporters, selfTelemetry } = this.#settings
    if (exporters.otlp !== null) {
      const { OtlpMetricsExporter } = await import('./publish/otlp-metrics.ts')
      const exporter = new OtlpMetricsExporter({
        ...exporters.otlp,
        version: this.#version,
        instanceId: randomUUID(),
        startedMs: this.#clock.now(),
        reading: () => this.#engine,
        observer: {
          exportFailed: (message, repeated) => this.#exportFailed('otlp', message, repeated),
          exportRecovered: () => this.#log.info({ exporter: 'otlp' }, 'exports go through'),
        },
      })
      exporter.start()
      this.#exporters.push(exporter)
    }
    if (selfTelemetry !== null) {
      const { SelfTelemetry } = await import('./telemetry/self-telemetry.ts')
      const exporter = new SelfTelemetry({
        ...selfTelemetry,
        version: this.#version,
        catalogue: DAEMON_METRICS,
        metrics: this.#metrics,
        onFailure: (message) => this.#exportFailed('self', message, false),
      })
      exporter.start()
      this.#selfTelemetry = exporter
      this.#exporters.push(exporter)
    }
  }

  #exportFailed(exporter: string, reason: string, repeated: boolean): void {
    this.#metrics.counter('cohortd_exporter_failures_total', { exporter }).add()
    this.#log[repeated ? 'debug' : 'warn']({ exporter, reason }, 'an export failed')
  }

  #makeReceivers(): void {
    const { receivers } = this.#settings
    const counters = new RequestCounters()
    const parts = {
      settings: receivers,
      sink: this.#sink(),
      clock: this.#clock,
      admission: new Admission(receivers.maxInFlightBytes),
      counters,
      log: this.#log,
      // The engine and the recorder are done with a body when consume() returns.
      borrowedBodies: true,
    }
    if (receivers.grpc !== null) this.#receivers.push({ name: 'otlp-grpc', receiver: new GrpcReceiver(parts) })
    if (receivers.http !== null) this.#receivers.push({ name: 'otlp-http', receiver: new HttpReceiver(parts) })
    observeRequests(this.#metrics, counters)
  }

  #sink(): TelemetrySink {
    return {
      accepts: (signal) => this.#engine.accepts(signal),
      consume: (request, receivedMs) => this.#consume(request, receivedMs),
      refuse: (signal, transport, reason) => this.#engine.refuse(signal, transport, reason),
    }
  }

  #consume(request: ExportRequest, receivedMs: number): ExportOutcome {
    this.#advance()
    const nowMs = Math.max(receivedMs, this.#engine.nowMs)
    const outcome = this.#engine.consume(request, nowMs)
    if (outcome.kind === 'accepted') this.#recorder?.record(request, nowMs)
    return outcome
  }

  /** Makes the ticks that are due and publishes what they bring. */
  #advance(): void {
    const nowMs = this.#clock.now()
    if (!this.#engine.isTickDue(nowMs)) return
    const begun = this.#clock.monotonic()
    this.#engine.advanceTo(nowMs)
    const tookMs = this.#clock.monotonic() - begun
    this.#metrics.histogram('cohortd_tick_duration_seconds').observe(tookMs / 1000)
    if (tookMs >= SLOW_TICK_MS) this.#selfTelemetry?.took('cohortd.tick', nowMs, nowMs + tookMs)
    const events = this.#engine.takeEvents()
    if (events.length > 0) this.#publish(events)
  }

  #publish(events: readonly EngineEvent[]): void {
    this.#eventLog.append(events)
    this.#keeper.addEvents(events)
    const nowMs = this.#clock.now()
    for (const { type, receivedMs } of events) {
      this.#metrics.counter('cohortd_events_published_total', { type }).add()
      if (receivedMs === null || type !== 'cohortd.burn.firing') continue
      this.#metrics.histogram('cohortd_detection_latency_seconds').observe(Math.max(0, nowMs - receivedMs) / 1000)
    }
  }

  #makeKeeper(): StateKeeper {
    return new StateKeeper({
      store: this.#store,
      takeChange: (maxCohorts) => this.#engine.takeChange(maxCohorts),
      clock: this.#clock,
      observer: {
        flushed: (seconds) => {
          this.#metrics.histogram('cohortd_store_flush_duration_seconds').observe(seconds)
          const nowMs = this.#clock.now()
          this.#selfTelemetry?.took('cohortd.store.write', nowMs - seconds * 1000, nowMs)
        },
        failed: (error) => {
          this.#metrics.counter('cohortd_store_errors_total', { operation: 'save' }).add()
          this.#log.error({ reason: error.message }, 'state could not be written; it is tried again')
        },
      },
    })
  }

  #unhealthy(): string[] {
    const age = (this.#clock.now() - this.#engine.evaluatedMs) / 1000
    return this.#state === 'ready' && age > STUCK_SECONDS ? [`the last evaluation is ${Math.round(age)} s old`] : []
  }

  #notReady(): string[] {
    if (this.#state !== 'ready') return [`the daemon is ${this.#state}`]
    return this.#keeper.problem === null ? [] : [`the store does not take writes: ${this.#keeper.problem}`]
  }
}

/** Waits for the work, but no longer than this. */
async function within(deadlineMs: number, work: Promise<void>): Promise<void> {
  let cancel = (): void => {}
  const expired = new Promise<void>((resolve) => {
    cancel = after(deadlineMs, resolve)
  })
  await Promise.race([work, expired])
  cancel()
}
