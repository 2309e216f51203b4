// The engine: consume(request, now) and the ticks of every whole second, from which all signals follow.
// It does no I/O and reads no clock, so a recording with its receipt times gives again what live gave.
import { type Cohort, CohortRegistry, type Experiment, type Variant } from '../cohort/registry.ts'
import type { CohortReading, Reading, VariantReading } from '../model/reading.ts'
import type { ExperimentReport, ExperimentSummary, ItemsBySignal, Report, Warning } from '../model/report.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { ExportOutcome, ExportRequest, Refusal, Signal, Transport } from '../model/signal.ts'
import { SlicePlan } from '../slices/plan.ts'
import { type Alert, judge, type Transition } from './alerts.ts'
import { type CompiledSlo, compileSlos, windowsOf } from './burn.ts'
import { burnEventData, type EngineEvent, type EventDraft, EventNumbers, makeEvent, subjectOf } from './events.ts'
import { Ledger } from './ledger.ts'
import { type ReportSource, reportExperiment, summarizeExperiment, verdictOf } from './report.ts'
import { RetryWindow } from './retries.ts'
import { SpanIntake } from './spans.ts'
import type { EngineChange, EngineState } from './state.ts'
import type { Countable, TrackedCohort } from './tracked-cohort.ts'
import { TrackedCohorts } from './tracked-cohorts.ts'

const RETRY_LIMIT = 200_000
const TRANSITION_EVENTS = {
  firing: 'cohortd.burn.firing',
  escalated: 'cohortd.burn.escalated',
  updated: 'cohortd.burn.updated',
  recovered: 'cohortd.burn.resolved',
  no_traffic: 'cohortd.burn.resolved',
} as const satisfies Record<Transition, string>

/** An alert that fires now, with where it does. */
export interface FiringAlert {
  readonly tracked: TrackedCohort
  readonly slo: CompiledSlo
  readonly alert: Alert
}

/** Counts of what limits turned away or moved aside since the start. */
export interface EngineCounters {
  readonly negativeDurations: number
  readonly tracesEvicted: number
  readonly retriesEvicted: number
  readonly overflowSegments: number
  readonly overflowVariants: number
  readonly refusedExperiments: number
  /** Idle experiments that were forgotten to make room for new ones. */
  readonly idleExperiments: number
  readonly unusableTags: number
}

export class Engine implements Reading, ReportSource {
  readonly settings: EngineSettings
  readonly registry: CohortRegistry
  readonly ledger: Ledger
  readonly slos: readonly CompiledSlo[]
  readonly windows: readonly number[]
  readonly #spans: SpanIntake
  readonly #retries: RetryWindow
  readonly #numbers = new EventNumbers()
  readonly #cohorts: TrackedCohorts
  #events: EngineEvent[] = []
  #cursor: number
  #nowMs: number

  /** `startMs`: the moment before which nothing is ticked, Unix milliseconds. */
  constructor(settings: EngineSettings, startMs: number) {
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
      rules: { plan, slos: this.slos, digests: settings.slis.map((sli) => sli.percentiles.length > 0) },
      sliNames: names,
      idleExpiryMs: settings.limits.idleExpiryMs,
      cursor: this.#cursor,
    })
    this.ledger = new Ledger((signal) => (signal === 'traces' ? this.#spans.pendingItems : 0))
    this.#retries = new RetryWindow({ windowMs: settings.retryWindowMs, limit: RETRY_LIMIT })
    this.#spans = new SpanIntake({
      settings,
      registry: this.registry,
      ledger: this.ledger,
      countInto: (cohort, observation, nowMs) => this.#count(cohort, observation, nowMs),
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
  consume(request: ExportRequest, nowMs: number): ExportOutcome {
    this.advanceTo(nowMs)
    const earlier = this.#retries.earlierAnswer(request.identity, this.#nowMs)
    if (earlier !== null) {
      this.#spans.duplicate(request)
      return earlier
    }
    const outcome = this.#spans.consume(request, this.#nowMs)
    if (outcome.kind === 'accepted' && request.body.length > 0)
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
    const events = this.#events
    this.#events = []
    return events
  }

  /** Goes on numbering events after this one. */
  resumeAfterEvent(id: string): void {
    this.#numbers.resumeAfter(id)
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
      warnings: this.#warnings(),
    }
  }

  // --------------------------------------------------------------------------------------------------- state

  /** What changed since last asked, of at most `maxCohorts` cohorts; null when nothing did. */
  takeChange(maxCohorts: number): EngineChange | null {
    const change = this.#cohorts.takeChange(maxCohorts)
    return change === null ? null : { ...change, engine: JSON.stringify({ evaluatedMs: this.evaluatedMs }) }
  }

  /** Takes over what an earlier run left in the store; to be called before anything is consumed. */
  restore(state: EngineState): void {
    this.#cohorts.restore(state)
  }

  // ---------------------------------------------------------------------------------------------------- tick

  #tick(second: number): void {
    this.#cursor = second
    const nowMs = second * 1000
    this.#spans.advance(nowMs)
    this.#retries.advance(nowMs)
    this.#tellDiscovered()
    for (const tracked of this.#cohorts.advance(second)) this.#judge(tracked, nowMs)
  }

  #tellDiscovered(): void {
    for (const { id, discoveredMs, control } of this.registry.takeDiscovered().map(discovery)) {
      const data = { experiment: id, control, discovered_at: new Date(discoveredMs).toISOString() }
      this.#emit({ type: 'cohortd.experiment.discovered', subject: id, data, receivedMs: discoveredMs })
    }
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
      if (alert !== before) tracked.setAlert(slo.index, alert)
      if (transition !== null) this.#tellBurn(tracked, slo, { transition, alert: alert ?? before! })
    }
  }

  #tellBurn(tracked: TrackedCohort, slo: CompiledSlo, change: { transition: Transition; alert: Alert }): void {
    const { transition, alert } = change
    const reason = transition === 'recovered' || transition === 'no_traffic' ? transition : null
    const counts = tracked.series(slo.sliIndex)
    this.#emit({
      type: TRANSITION_EVENTS[transition],
      subject: subjectOf(tracked),
      data: burnEventData({ tracked, segmentNames: this.segments, slo, counts, alert, reason }),
      receivedMs: transition === 'no_traffic' ? null : tracked.lastReceivedMs,
    })
  }

  #emit(draft: EventDraft): void {
    const nowMs = this.#cursor * 1000
    this.#events.push(makeEvent(draft, this.#numbers.next(nowMs), nowMs))
  }

  #count(cohort: Cohort, observation: Countable, nowMs: number): void {
    this.#cohorts.of(cohort).count(observation, nowMs)
    this.#cohorts.wakeNext()
  }

  #warnings(): Warning[] {
    const { negativeDurations, refusedExperiments, tracesEvicted, unusableTags } = this.counters
    const warnings: Warning[] = []
    const warn = (count: number, code: string, message: string): void => {
      if (count > 0) warnings.push({ code, message: `${count} ${message}` })
    }
    warn(
      negativeDurations,
      'negative_duration',
      'spans ended before they started and were counted with a duration of 0 s',
    )
    warn(refusedExperiments, 'experiment_limit', 'times an item named a new experiment beyond the limit of experiments')
    warn(tracesEvicted, 'pending_memory', 'spans or traces were let go before their time, for want of pending_memory')
    warn(
      unusableTags,
      'unusable_tag',
      'tags were passed over: a name longer than 256 characters, or too many on one item',
    )
    return warnings
  }
}

function discovery(experiment: Experiment): { id: string; discoveredMs: number; control: string | null } {
  return { id: experiment.id, discoveredMs: experiment.discoveredMs, control: experiment.control()?.name ?? null }
}
