// Builds the report: a pure function of what the engine holds at its last tick.
import type { Experiment, Variant } from '../cohort/registry.ts'
import { formatSeconds } from '../model/duration.ts'
import type {
  AlertReport,
  CohortReport,
  ContaminationReport,
  ExperimentReport,
  ExperimentSummary,
  SloReport,
  UnitsReport,
  VariantReport,
  VerdictReport,
} from '../model/report.ts'
import type { Sli } from '../model/slo.ts'
import { wilsonInterval } from '../stats/wilson.ts'
import type { Alert } from './alerts.ts'
import type { Baseline } from './baseline.ts'
import { budgetRemaining, burnRate, type CompiledSlo, isSufficient, type WindowCounts } from './burn.ts'
import { namedSegments } from './events.ts'
import type { ExperimentUnits } from './experiment-units.ts'
import { type Estimates, reportSli } from './report-sli.ts'
import { experimentWarnings } from './report-warnings.ts'
import type { TrackedCohort } from './tracked-cohort.ts'
import { holdFor } from './verdict.ts'

/** What a report is made from. */
export interface ReportSource {
  /** Names, in the order of a cohort's segment values. */
  readonly segments: readonly string[]
  readonly slis: readonly Sli[]
  readonly slos: readonly CompiledSlo[]
  /** In seconds, by index. */
  readonly windows: readonly number[]
  readonly estimates: Estimates
  /** Index of the SLI whose good events are exposures. */
  readonly exposuresSli: number
  cohortsOf(variant: Variant): readonly TrackedCohort[]
  /** Null: no unit of it was seen. */
  unitsOf(experiment: Experiment): ExperimentUnits | null
  baselineOf(tracked: TrackedCohort): Baseline | null
}

export function reportExperiment(experiment: Experiment, source: ReportSource): ExperimentReport {
  return {
    ...headOf(experiment),
    variants: [...experiment.variants.values()].map((variant) => reportVariant(variant, source)),
    comparisons: [],
    contamination: reportContamination(source.unitsOf(experiment)),
    warnings: experimentWarnings(experiment, source),
  }
}

function reportContamination(units: ExperimentUnits | null): ContaminationReport | null {
  if (units === null || units.sampled === 0) return null
  const { sampled, sampledInSeveral } = units
  const [lower, upper] = wilsonInterval(sampledInSeveral, sampled)
  return {
    units: Math.round(units.unique().units),
    contaminated: Math.round(sampledInSeveral / units.probability),
    ratio: sampledInSeveral / sampled,
    lower,
    upper,
  }
}

function headOf(experiment: Experiment): Omit<ExperimentSummary, 'variants' | 'warnings'> {
  const declared = experiment.declared
  return {
    id: experiment.id,
    state: 'running',
    since: new Date(experiment.discoveredMs).toISOString(),
    control: experiment.control()?.name ?? declared?.control ?? null,
    hypothesis: declared?.hypothesis ?? null,
    owner: declared?.owner ?? null,
    runbook_url: declared?.runbookUrl ?? null,
  }
}

/** An experiment without its cohorts: what a list shows. */
export function summarizeExperiment(experiment: Experiment, source: ReportSource): ExperimentSummary {
  const variants = [...experiment.variants.values()]
  return {
    ...headOf(experiment),
    variants: variants.map((variant) => ({ variant: variant.name, verdict: verdictOf(variant, source) })),
    warnings: experimentWarnings(experiment, source),
  }
}

/** The verdict of one variant, from all of its cohorts. */
export function verdictOf(variant: Variant, source: ReportSource): VerdictReport {
  return holdFor(source.cohortsOf(variant), source.slos)
}

function reportVariant(variant: Variant, source: ReportSource): VariantReport {
  const cohorts = source.cohortsOf(variant)
  const exposures = exposuresOf(cohorts, source)
  const units = source.unitsOf(variant.experiment)
  const unique = units === null ? null : units.uniqueOf(variant.name)
  return {
    variant: variant.name,
    exposures,
    unique_units: unique === null ? null : Math.round(unique.units),
    units: units === null || unique === null ? null : reportUnits(variant, { units, unique, exposures }),
    verdict: verdictOf(variant, source),
    cohorts: cohorts.map((tracked) => reportCohort(tracked, source)),
  }
}

/** Flag evaluations that gave the variant of these cohorts. */
export function exposuresOf(
  cohorts: readonly TrackedCohort[],
  { exposuresSli }: Pick<ReportSource, 'exposuresSli'>,
): number {
  return cohorts.reduce((sum, { slis }) => sum + (slis[exposuresSli]?.totalGood ?? 0), 0)
}

function reportUnits(
  { name, experiment, exposuresWithoutUnit }: Variant,
  at: { units: ExperimentUnits; unique: { units: number; relativeError: number }; exposures: number },
): UnitsReport {
  const { units, unique, exposures } = at
  const allocation = experiment.declared?.allocation ?? null
  const planned = allocation === null ? 0 : Object.values(allocation).reduce((sum, share) => sum + share, 0)
  return {
    relative_error: unique.relativeError,
    share: units.shareOf(name),
    expected_share: allocation === null ? null : (allocation[name] ?? 0) / planned,
    repeat_exposures: Math.max(0, Math.round(exposures - exposuresWithoutUnit - unique.units)),
  }
}

function reportCohort(tracked: TrackedCohort, source: ReportSource): CohortReport {
  tracked.settle()
  const { windows, estimates } = source
  const baseline = source.baselineOf(tracked)
  const isSampled = (source.unitsOf(tracked.cohort.experiment)?.probability ?? 1) < 1
  return {
    segments: namedSegments(source.segments, tracked.segments),
    slis: source.slis.flatMap((sli, index) => {
      const reading = tracked.slis[index]
      if (reading === null) return []
      return [
        reportSli(sli, reading, { index, windows, estimates, isSampled, baseline: baseline?.slis[sli.name] ?? null }),
      ]
    }),
    slos: source.slos.flatMap((slo) => {
      const reading = tracked.slis[slo.sliIndex]
      return reading === null ? [] : [reportSlo(slo, reading, { alert: tracked.firing[slo.index], windows })]
    }),
  }
}

function reportSlo(
  slo: CompiledSlo,
  counts: WindowCounts,
  at: { alert: Alert | null; windows: readonly number[] },
): SloReport {
  const burn = slo.toldWindows.map(
    (window) => [formatSeconds(at.windows[window]), burnRate(counts, window, slo.budget)] as const,
  )
  return {
    slo: slo.name,
    objective: slo.objective,
    ...(slo.upperBound === null ? {} : { upper_bound: slo.upperBound }),
    burn: Object.fromEntries(burn),
    sufficient: isSufficient(counts, slo),
    events: counts.validItems(slo.longestRuleWindow),
    events_required: slo.policy.minEvents,
    error_budget_remaining: budgetRemaining(counts, slo.ownWindow, slo.budget),
    alert: at.alert === null ? null : reportAlert(at.alert),
  }
}

function reportAlert(alert: Alert): AlertReport {
  return { severity: alert.severity, since: new Date(alert.sinceMs).toISOString(), shared: alert.shared }
}
