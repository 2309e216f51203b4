// The engine: consume(request, now) and the ticks of every whole second, from which all signals follow.
// It does no I/O and reads no clock, so a recording with its receipt times gives again what live gave.
import { type Cohort, CohortRegistry, type Variant } from '../cohort/registry.ts'
import type { LeftEntry, TakenJournal } from '../cohort/traces.ts'
import type { EventType } from '../model/event.ts'
import type { FlushDraft, PublicationDraft, WriterRow } from '../model/partial.ts'
import type { CohortReading, Reading, VariantReading } from '../model/reading.ts'
import type { ExperimentReport, ExperimentSummary, ItemsBySignal, Report } from '../model/report.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { ExportOutcome, ExportRequest, Refusal, Signal, Transport } from '../model/signal.ts'
import { SlicePlan } from '../slices/plan.ts'
import { type Alert, judge } from './alerts.ts'
import { Announcer } from './announcer.ts'
import { type CompiledSlo, compileSlos, windowsOf } from './burn.ts'
import { type EngineCounters, engineWarnings } from './engine-warnings.ts'
import type { EngineEvent } from './events.ts'
import { Exchange } from './exchange.ts'
import { Ledger } from './ledger.ts'
import { type ReportSource, reportExperiment, summarizeExperiment, verdictOf } from './report.ts'
import type { Touched } from './request-scope.ts'
import { RetryWindow } from './retries.ts'
import { type ConsumeOptions, SpanIntake } from './spans.ts'
import type { Countable, TrackedCohort } from './tracked-cohort.ts'
import { TrackedCohorts } from './tracked-cohorts.ts'

const RETRY_LIMIT = 200_000
/** An alert that fires now, with where it does. */
export interface FiringAlert {
  readonly tracked: TrackedCohort
  readonly slo: CompiledSlo
  readonly alert: Alert
}

export class Engine implements Reading, ReportSource {
  readonly settings: EngineSettings
  readonly registry: CohortRegistry
  readonly ledger: Ledger
  readonly slos: readonly CompiledSlo[]
  readonly windows: readonly number[]
  readonly #spans: SpanIntake
  readonly #retries: RetryWindow
  readonly #announcer: Announcer
  readonly #cohorts: TrackedCohorts
  /** What goes in and out by way of a store. */
  readonly exchange: Exchange
  #cursor: number
  #nowMs: number

  /** `startMs`: the moment before which nothing is ticked, Unix milliseconds. `journal`: whether takeJournal() will be called. */
  constructor(settings: EngineSettings, startMs: number, options: { journal?: boolean } = {}) {
    this.settings = settings
    this.#nowMs = startMs
    this.#cursor = Math.floor(startMs / 1000)
    const plan = new SlicePlan({
      windowsSeconds: windowsOf(settings.slos),
      latenessSeconds: Math.ceil(settings.allowedLatenessMs / 1000),
      futureSeconds: Math.ceil(settings.allowedFutureMs / 1000),
      waitSeconds: Math.ceil(settings.inheritMs / 1000),
    })
    this.windows = plan.windows
    const names = settings.slis.map((sli) => sli.name)
    this.slos = compileSlos(settings.slos, names, plan.windows)
    this.registry = new CohortRegistry(settings, startMs)
    this.#cohorts = new TrackedCohorts({
      registry: this.registry,
      rules: {
        plan,
        slos: this.slos,
        digests: settings.slis.map((sli) => sli.percentiles.length > 0),
        sliNames: names,
        changed: (tracked) => this.exchange.changed(tracked),
      },
      idleExpiryMs: settings.limits.idleExpiryMs,
      cursor: this.#cursor,
      forgotten: (tracked) => this.exchange.forgotten(tracked),
    })
    const { registry, slos } = this
    this.#announcer = new Announcer(settings.segments)
    this.exchange = new Exchange({ registry, cohorts: this.#cohorts, plan, sliNames: names, slos })
    this.ledger = new Ledger((signal) => (signal === 'traces' ? this.#spans.pendingItems : 0))
    this.#retries = new RetryWindow({ windowMs: settings.retryWindowMs, limit: RETRY_LIMIT })
    this.#spans = new SpanIntake({
      settings,
      registry: this.registry,
      ledger: this.ledger,
      countInto: (cohort, observation, nowMs) => this.#count(cohort, observation, nowMs),
      journal: options.journal ?? false,
    })
  }

  /** Whether this version counts the signal at all. */
  accepts(signal: Signal): boolean {
    return signal === 'traces'
  }

  /**
   * Counts a request received at `nowMs` (a clock that goes back is held). Ticks that are due are made first.
   * A request sent again within the retry window gets its first answer and is not counted twice.
   */
  consume(request: ExportRequest, nowMs: number, options: ConsumeOptions = {}): ExportOutcome {
    this.advanceTo(nowMs)
    const earlier = this.#retries.earlierAnswer(request.identity, this.#nowMs)
    if (earlier !== null) {
      this.#spans.duplicate(request)
      return earlier
    }
    const outcome = this.#spans.consume(request, this.#nowMs, options)
    if (outcome.kind === 'accepted' && request.body.length > 0)
      this.#retries.remember(request.identity, outcome, this.#nowMs)
    return outcome
  }

  /** What the last request that was counted has changed; to be read before the next one comes. */
  get lastTouched(): Touched {
    return this.#spans.lastTouched
  }

  /** As SpanIntake.experimentsOf(), now. */
  experimentsOf(request: ExportRequest, nowMs: number): string[] | null {
    this.advanceTo(nowMs)
    return this.#spans.experimentsOf(request, this.#nowMs)
  }

  /** Whether a request of this identity was counted here within the retry window. */
  hasCounted(identity: string): boolean {
    return this.#retries.earlierAnswer(identity, this.#nowMs) !== null
  }

  /** Notes a request that was counted elsewhere already: by another replica. */
  countedElsewhere(request: ExportRequest): ExportOutcome {
    this.#spans.duplicate(request)
    const outcome: ExportOutcome = { kind: 'accepted', refused: 0, message: '' }
    this.#retries.remember(request.identity, outcome, this.#nowMs)
    return outcome
  }

  /** Notes a request that was refused before decoding; it counts as one item. */
  refuse(signal: Signal, transport: Transport, reason: Refusal): void {
    this.ledger.refused(signal, transport, reason)
  }

  /** Makes the ticks of all whole seconds up to `nowMs`, passing over those at which nothing can change. */
  advanceTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    const target = Math.floor(this.#nowMs / 1000)
    while (this.#cursor < target) {
      const next = Math.min(target, Math.max(this.#cursor + 1, this.#cohorts.nextWake))
      this.#tick(next)
    }
    this.#spans.advance(this.#nowMs)
  }

  /** Whether a whole second has passed since the last tick. */
  isTickDue(nowMs: number): boolean {
    return Math.floor(nowMs / 1000) > this.#cursor
  }

  /** The engine's clock, Unix milliseconds: the latest moment it was told. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** The events since this was last asked, oldest first. */
  takeEvents(): EngineEvent[] {
    return this.#announcer.take()
  }

  /** Tells of something that concerns no experiment, among the events of the last tick. */
  tell(event: { readonly type: EventType; readonly subject: string; readonly data: unknown }): void {
    this.#announcer.tell({ ...event, experiment: '', receivedMs: null }, this.evaluatedMs)
  }

  /** Goes on numbering events after this one. */
  resumeAfterEvent(id: string): void {
    this.#announcer.resumeAfter(id)
  }

  // ------------------------------------------------------------------------------------------------- reading

  get evaluatedMs(): number {
    return this.#cursor * 1000
  }

  get segments(): readonly string[] {
    return this.settings.segments
  }

  get slis(): EngineSettings['slis'] {
    return this.settings.slis
  }

  get cohorts(): CohortReading[] {
    const oldest = this.#nowMs - this.settings.limits.idleExpiryMs
    return this.tracked().filter(({ cohort }) => cohort.lastSeenMs >= oldest)
  }

  get variants(): VariantReading[] {
    const readings: VariantReading[] = []
    for (const experiment of this.registry.experiments()) {
      for (const variant of experiment.variants.values()) {
        readings.push({ experiment: experiment.id, variant: variant.name, verdict: verdictOf(variant, this).verdict })
      }
    }
    return readings
  }

  get counters(): EngineCounters {
    const { overflow } = this.registry
    return {
      negativeDurations: this.#spans.negativeDurations,
      tracesEvicted: this.#spans.evicted,
      retriesEvicted: this.#retries.evicted,
      overflowSegments: overflow.segments,
      overflowVariants: overflow.variants,
      refusedExperiments: overflow.experiments,
      idleExperiments: overflow.idleExperiments,
      unusableTags: this.#spans.unusableTags,
    }
  }

  /** All cohorts that are kept, those idle in /metrics included. */
  tracked(): TrackedCohort[] {
    return this.#cohorts.all()
  }

  cohortsOf(variant: Variant): TrackedCohort[] {
    return [...variant.cohorts.values()].map((cohort) => this.#cohorts.of(cohort))
  }

  /** Null for an experiment that was neither declared nor seen. */
  experiment(id: string): ExperimentReport | null {
    const experiment = this.registry.experiment(id)
    return experiment === null ? null : reportExperiment(experiment, this)
  }

  experiments(): ExperimentReport[] {
    return [...this.registry.experiments()].map((experiment) => reportExperiment(experiment, this))
  }

  summaries(): ExperimentSummary[] {
    return [...this.registry.experiments()].map((experiment) => summarizeExperiment(experiment, this))
  }

  /** What became of all items since the start. */
  items(): ItemsBySignal {
    const { ledger } = this
    return { traces: ledger.report('traces'), metrics: ledger.report('metrics'), logs: ledger.report('logs') }
  }

  firing(): FiringAlert[] {
    return this.tracked().flatMap((tracked) =>
      tracked.firing.flatMap((alert, index) => (alert === null ? [] : [{ tracked, slo: this.slos[index], alert }])),
    )
  }

  report(): Report {
    return {
      type: 'report',
      evaluated_at: new Date(this.evaluatedMs).toISOString(),
      items: this.items(),
      experiments: this.experiments(),
      warnings: engineWarnings(this.counters),
    }
  }

  // --------------------------------------------------------------------------------------------------- state

  get changedCohorts(): number {
    return this.exchange.changedCohorts
  }

  /** Experiments of which anything was received, here or elsewhere. */
  get experimentIds(): string[] {
    return [...this.registry.experiments()].filter(({ seen }) => seen).map(({ id }) => id)
  }

  /** The requests are not counted any more: sent again, they are new. */
  forgetRequests(identities: readonly string[]): void {
    for (const identity of identities) this.#retries.forget(identity)
  }

  /** Requests that were counted before this process began: sent again, they are not. */
  rememberRequests(identities: readonly string[]): void {
    const outcome: ExportOutcome = { kind: 'accepted', refused: 0, message: '' }
    for (const identity of identities) this.#retries.remember(identity, outcome, this.#nowMs)
  }

  /** As TraceInheritance: what came into the inheritance since this was last asked. */
  takeJournal(): TakenJournal | null {
    return this.#spans.takeJournal()
  }

  /** As TraceInheritance: all that waits. */
  encodeWaiting(): TakenJournal | null {
    return this.#spans.encodeWaiting()
  }

  /** As TraceInheritance: that nothing waits. */
  encodeNothing(): TakenJournal {
    return this.#spans.encodeNothing()
  }

  /** Takes over what earlier processes left waiting. */
  restoreJournal(entries: Iterable<LeftEntry>): void {
    this.#spans.restore(entries, this.#nowMs)
  }

  /** What changed of own partials since last asked, of at most `maxCohorts` cohorts. */
  takeFlushes(maxCohorts: number): FlushDraft[] {
    return this.exchange.takeFlushes(maxCohorts, this.#cursor)
  }

  /** As Exchange.adopt(), now. */
  adopt(experiment: string, rows: readonly WriterRow[]): WriterRow[] {
    return this.exchange.adopt(experiment, rows, this.#cursor)
  }

  /** What there is to make known of the experiments that are led here, events among it. */
  takePublications(): PublicationDraft<EngineEvent>[] {
    const events = Map.groupBy(this.takeEvents(), ({ experiment }) => experiment)
    return [...new Set([...events.keys(), ...this.exchange.withChanges()])].map((experiment) => ({
      experiment,
      ...this.exchange.takeChanges(experiment, false),
      events: events.get(experiment) ?? [],
    }))
  }

  // ---------------------------------------------------------------------------------------------------- tick

  #tick(second: number): void {
    this.#cursor = second
    const nowMs = second * 1000
    this.#spans.advance(nowMs)
    this.#retries.advance(nowMs)
    for (const experiment of this.exchange.takeUnannounced()) this.#announcer.discovered(experiment, nowMs)
    for (const tracked of this.#cohorts.advance(second))
      if (this.exchange.leads(tracked.experiment)) this.#judge(tracked, nowMs)
  }

  #judge(tracked: TrackedCohort, nowMs: number): void {
    const control = tracked.cohort.control()
    const controlCohort = control === null ? null : this.#cohorts.of(control)
    for (const slo of this.slos) {
      const series = tracked.slis[slo.sliIndex]
      if (series === null) continue
      const before = tracked.firing[slo.index]
      const { alert, transition } = judge({
        slo,
        counts: series,
        control: controlCohort?.slis[slo.sliIndex] ?? null,
        alert: before,
        nowMs,
      })
      if (alert !== before) {
        tracked.setAlert(slo.index, alert)
        this.exchange.alertChanged(tracked)
      }
      if (transition !== null) this.#announcer.burn(tracked, slo, { transition, alert: alert ?? before! }, nowMs)
    }
  }

  #count(cohort: Cohort, observation: Countable, nowMs: number): void {
    this.#cohorts.of(cohort).count(observation, nowMs)
    this.#cohorts.wakeNext()
  }
}
