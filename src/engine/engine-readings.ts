// What an engine can be asked: the numbers of its last tick, for the metric writers and for reports.
import type { CohortRegistry, Experiment, Variant } from '../cohort/registry.ts'
import { FLAG_EVALUATIONS } from '../model/flag-evaluations.ts'
import type { CohortReading, Reading, StreamReading, VariantReading } from '../model/reading.ts'
import type { ExperimentReport, ExperimentSummary, ItemsBySignal, Report } from '../model/report.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { Alert } from './alerts.ts'
import type { Baseline } from './baseline.ts'
import type { CompiledSlo } from './burn.ts'
import type { EngineParts } from './engine-parts.ts'
import { type EngineCounters, engineWarnings } from './engine-warnings.ts'
import type { ExperimentUnits } from './experiment-units.ts'
import type { Ledger } from './ledger.ts'
import { type ReportSource, reportExperiment, summarizeExperiment, verdictOf } from './report.ts'
import type { Estimates } from './report-sli.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

/** An alert that fires now, with where it does. */
export interface FiringAlert {
  readonly tracked: TrackedCohort
  readonly slo: CompiledSlo
  readonly alert: Alert
}

export abstract class EngineReadings implements Reading, ReportSource {
  protected readonly parts: EngineParts
  readonly exposuresSli: number

  protected constructor(parts: EngineParts) {
    this.parts = parts
    this.exposuresSli = parts.settings.slis.indexOf(FLAG_EVALUATIONS)
  }

  get settings(): EngineSettings {
    return this.parts.settings
  }

  get registry(): CohortRegistry {
    return this.parts.registry
  }

  get ledger(): Ledger {
    return this.parts.ledger
  }

  get slos(): readonly CompiledSlo[] {
    return this.parts.slos
  }

  get windows(): readonly number[] {
    return this.parts.windows
  }

  get evaluatedMs(): number {
    return this.parts.clock.second * 1000
  }

  get segments(): readonly string[] {
    return this.settings.segments
  }

  get slis(): EngineSettings['slis'] {
    return this.settings.slis
  }

  get cohorts(): CohortReading[] {
    const oldest = this.parts.clock.nowMs - this.settings.limits.idleExpiryMs
    return this.tracked().filter(({ cohort }) => cohort.lastSeenMs >= oldest)
  }

  get variants(): VariantReading[] {
    return [...this.registry.experiments()].flatMap((experiment) => {
      const units = this.unitsOf(experiment)
      return [...experiment.variants.values()].map((variant) => ({
        experiment: experiment.id,
        variant: variant.name,
        verdict: verdictOf(variant, this).verdict,
        processExposures: variant.processExposures,
        uniqueUnits: units?.uniqueOf(variant.name)?.units ?? null,
      }))
    })
  }

  get streams(): StreamReading {
    return this.parts.items.points.streams
  }

  get estimates(): Estimates {
    return this.parts.items.points.estimates
  }

  unitsOf(experiment: Experiment): ExperimentUnits | null {
    return this.parts.units.of(experiment.id)
  }

  baselineOf({ cohort }: TrackedCohort): Baseline | null {
    return this.parts.baselines.of(cohort)
  }

  get counters(): EngineCounters {
    const { overflow } = this.registry
    return {
      negativeDurations: this.parts.items.negativeDurations,
      tracesEvicted: this.parts.items.evicted,
      retriesEvicted: this.parts.retries.evicted,
      overflowSegments: overflow.segments,
      overflowVariants: overflow.variants,
      refusedExperiments: overflow.experiments,
      idleExperiments: overflow.idleExperiments,
      unusableTags: this.parts.items.unusableTags,
      failedEvaluations: this.parts.items.failedEvaluations,
      unitEventsEvicted: this.parts.units.evicted,
      streams: this.streams.points,
    }
  }

  /** All cohorts of experiments that are kept, those idle in /metrics included. */
  tracked(): TrackedCohort[] {
    return this.parts.cohorts.all().filter(({ cohort }) => !cohort.experiment.isUntagged)
  }

  cohortsOf(variant: Variant): TrackedCohort[] {
    return [...variant.cohorts.values()].map((cohort) => this.parts.cohorts.of(cohort))
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
}
