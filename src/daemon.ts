// The composition root: the one file that names every concrete part, and the order in which they start and stop.
import { randomUUID } from 'node:crypto'
import { type ApiServer, createApiServer } from './api/server.ts'
import type { Loaded } from './config/load.ts'
import { apiSource } from './daemon/api-source.ts'
import { Reloader } from './daemon/reload.ts'
import { RequestIntake } from './daemon/request-intake.ts'
import { observeEngine, observeProcess, observeRequests } from './daemon/self-observation.ts'
import { DaemonState } from './daemon/state.ts'
import { UNIT_KEY_SECRET, UnitKey } from './daemon/unit-key.ts'
import { Engine } from './engine/engine.ts'
import { Admission } from './ingest/admission.ts'
import { GrpcReceiver } from './ingest/grpc/receiver.ts'
import { HttpReceiver } from './ingest/http/receiver.ts'
import type { Receiver } from './ingest/receiver.ts'
import { RequestCounters } from './ingest/request-counters.ts'
import type { EngineSettings, Settings } from './model/settings.ts'
import type { ExportOutcome, ExportRequest, TelemetrySink } from './model/signal.ts'
import { DAEMON_METRICS } from './publish/catalogue-daemon.ts'
import { EventLog } from './publish/event-log.ts'
import { SelfMetrics } from './publish/self-metrics.ts'
import { Recorder } from './replay/recorder.ts'
import { after, type Clock, systemClock } from './runtime/clock.ts'
import { everySecond } from './runtime/ticker.ts'
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
/** Longest that the start waits for the key of unit hashes. */
const UNIT_KEY_MS = 1000

export class Daemon {
  readonly #settings: Settings
  readonly #log: Log
  readonly #clock: Clock
  readonly #metrics = new SelfMetrics()
  readonly #engine: Engine
  readonly #eventLog: EventLog
  readonly #state: DaemonState
  readonly #unitKey: UnitKey
  readonly #reloader: Reloader
  readonly #intake: RequestIntake
  readonly #recorder: Recorder | null
  readonly #receivers: { name: Listening['listener']; receiver: Receiver }[] = []
  readonly #api: ApiServer
  readonly #exporters: Stoppable[] = []
  readonly #version: string
  #selfTelemetry: SelfTelemetry | null = null
  #stopTicking = (): void => {}
  #stage: 'starting' | 'ready' | 'stopping' = 'starting'
  #stopped: Promise<void> | null = null

  constructor(options: DaemonOptions) {
    const { settings, log } = options
    this.#settings = settings
    this.#log = log
    this.#version = options.version
    this.#clock = options.clock ?? systemClock
    const shared = settings.store.type === 'redis'
    this.#engine = new Engine(settings.engine, this.#clock.now(), { journal: settings.ack === 'durable', shared })
    this.#eventLog = new EventLog({ limit: settings.eventLogLimit })
    this.#state = new DaemonState({
      settings,
      engine: this.#engine,
      eventLog: this.#eventLog,
      metrics: this.#metrics,
      clock: this.#clock,
      log,
      selfTelemetry: () => this.#selfTelemetry,
    })
    this.#unitKey = new UnitKey({
      settings: settings.engine,
      secret: (proposal) => this.#state.secret(UNIT_KEY_SECRET, proposal),
      onKey: (key) => this.#engine.setUnitKey(key),
      log,
    })
    const resourceVariants = (rules: EngineSettings['resourceVariants']): void => {
      this.#advance()
      this.#engine.setResourceVariants(rules)
    }
    this.#reloader = new Reloader({ settings, log, metrics: this.#metrics, appliers: { resourceVariants } })
    this.#recorder = options.recordPath ? new Recorder(options.recordPath, (message) => log.error(message)) : null
    this.#intake = new RequestIntake({
      engine: this.#engine,
      keeper: this.#state.keeper,
      ack: settings.ack,
      shared,
      refusal: () => this.#state.refusal,
      onAccepted: (request, nowMs) => this.#recorder?.record(request, nowMs),
    })
    this.#makeReceivers()
    this.#api = createApiServer({
      listen: settings.api,
      source: apiSource({
        engine: this.#engine,
        eventLog: this.#eventLog,
        selfMetrics: this.#metrics,
        clock: this.#clock,
        version: options.version,
        configHash: () => this.#reloader.configHash,
        state: this.#state,
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

  /**
   * Opens the store, listens, begins to tick; resolves with where it listens. What is stored is brought back meanwhile: `loaded` tells when. Rejects
   * (and stops) where the store can never be used, or an address cannot be had.
   */
  async start(): Promise<Listening[]> {
    try {
      await this.#state.start()
      await within(UNIT_KEY_MS, this.#unitKey.begin())
      const listening = await this.#listen()
      this.#stopTicking = everySecond(this.#clock, () => this.#advance())
      await this.#startExporters()
      this.#stage = 'ready'
      return listening
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Resolves when everything stored is here, or the first attempt to get it has failed (it goes on in the background). */
  get loaded(): Promise<void> {
    return this.#state.settled
  }

  /** Takes over what can change while it runs of a configuration that was read again, and tells the rest. */
  reload(loaded: Loaded): void {
    if (this.#stage !== 'stopping') this.#reloader.take(loaded)
  }

  /** Finishes what was accepted, answers new requests "later", writes everything down. Bounded in time; safe twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#stage = 'stopping'
    this.#unitKey.stop()
    const deadlineMs = this.#settings.shutdownTimeoutMs
    await Promise.all(this.#receivers.map(({ receiver }) => receiver.stop(deadlineMs)))
    this.#stopTicking()
    this.#advance()
    await within(deadlineMs, this.#state.keeper.flush())
    await this.#api.stop(Math.min(deadlineMs, 2000))
    await Promise.all(this.#exporters.map((exporter) => exporter.stop(deadlineMs)))
    await this.#recorder?.stop()
    await within(deadlineMs, this.#state.stop())
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
        reading: () => (this.#state.isLoaded ? this.#engine : null),
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
      // Nobody uses a body after the answer.
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

  #consume(request: ExportRequest, receivedMs: number): ExportOutcome | Promise<ExportOutcome> {
    this.#advance()
    return this.#intake.consume(request, Math.max(receivedMs, this.#engine.nowMs))
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
    this.#state.publish()
  }

  #unhealthy(): string[] {
    const age = (this.#clock.now() - this.#engine.evaluatedMs) / 1000
    return this.#stage === 'ready' && age > STUCK_SECONDS ? [`the last evaluation is ${Math.round(age)} s old`] : []
  }

  #notReady(): string[] {
    return this.#stage === 'ready' ? this.#state.notReady() : [`the daemon is ${this.#stage}`]
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
