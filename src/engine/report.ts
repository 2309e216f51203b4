// Builds the report: a pure function of what the engine holds at its last tick.
import type { Experiment, Variant } from '../cohort/registry.ts'
import { formatSeconds } from '../model/duration.ts'
import type {
  AlertReport,
  CohortReport,
  ExperimentReport,
  ExperimentSummary,
  SliReport,
  SliWindowReport,
  SloReport,
  VariantReport,
  VerdictReport,
  Warning,
} from '../model/report.ts'
import type { Sli } from '../model/slo.ts'
import type { Series } from '../slices/series.ts'
import type { Alert } from './alerts.ts'
import { budgetRemaining, burnRate, type CompiledSlo, isSufficient } from './burn.ts'
import { namedSegments } from './events.ts'
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
  cohortsOf(variant: Variant): readonly TrackedCohort[]
}

export function reportExperiment(experiment: Experiment, source: ReportSource): ExperimentReport {
  return {
    ...headOf(experiment),
    variants: [...experiment.variants.values()].map((variant) => reportVariant(variant, source)),
    comparisons: [],
    warnings: overflowWarnings(experiment),
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
    warnings: overflowWarnings(experiment),
  }
}

/** The verdict of one variant, from all of its cohorts. */
export function verdictOf(variant: Variant, source: ReportSource): VerdictReport {
  return holdFor(source.cohortsOf(variant), source.slos)
}

function reportVariant(variant: Variant, source: ReportSource): VariantReport {
  return {
    variant: variant.name,
    exposures: 0,
    unique_units: null,
    verdict: verdictOf(variant, source),
    cohorts: source.cohortsOf(variant).map((tracked) => reportCohort(tracked, source)),
  }
}

function reportCohort(tracked: TrackedCohort, source: ReportSource): CohortReport {
  tracked.settle()
  return {
    segments: namedSegments(source.segments, tracked.segments),
    slis: source.slis.flatMap((sli, index) => {
      const series = tracked.slis[index]
      return series === null ? [] : [reportSli(sli, series, source.windows)]
    }),
    slos: source.slos.flatMap((slo) => {
      const series = tracked.slis[slo.sliIndex]
      return series === null
        ? []
        : [reportSlo(slo, series, { alert: tracked.firing[slo.index], windows: source.windows })]
    }),
  }
}

function reportSli(sli: Sli, series: Series, windows: readonly number[]): SliReport {
  return {
    sli: sli.name,
    events: series.totalGood + series.totalBad,
    good: series.totalGood,
    bad: series.totalBad,
    windows: Object.fromEntries(windows.map((seconds, index) => [formatSeconds(seconds), reportWindow(series, index)])),
    percentiles: reportPercentiles(sli, series),
  }
}

function reportWindow(series: Series, window: number): SliWindowReport {
  const good = series.good(window)
  const bad = series.bad(window)
  const events = good + bad
  return { events, good, bad, good_ratio: events > 0 ? good / events : null }
}

function reportPercentiles(sli: Sli, series: Series): Record<string, number> | null {
  if (sli.percentiles.length === 0) return null
  const values = series.quantiles(sli.percentiles)
  return values === null
    ? null
    : Object.fromEntries(sli.percentiles.map((percentile, at) => [String(percentile), values[at]]))
}

function reportSlo(
  slo: CompiledSlo,
  series: Series,
  at: { alert: Alert | null; windows: readonly number[] },
): SloReport {
  const burn = slo.toldWindows.map(
    (window) => [formatSeconds(at.windows[window]), burnRate(series, window, slo.budget)] as const,
  )
  return {
    slo: slo.name,
    objective: slo.objective,
    burn: Object.fromEntries(burn),
    sufficient: isSufficient(series, slo),
    events: series.validItems(slo.longestRuleWindow),
    events_required: slo.policy.minEvents,
    error_budget_remaining: budgetRemaining(series, slo.ownWindow, slo.budget),
    alert: at.alert === null ? null : reportAlert(at.alert),
  }
}

function reportAlert(alert: Alert): AlertReport {
  return { severity: alert.severity, since: new Date(alert.sinceMs).toISOString(), shared: alert.shared }
}

function overflowWarnings(experiment: Experiment): Warning[] {
  const warnings: Warning[] = []
  const { overflow } = experiment
  if (overflow.segments > 0) {
    warnings.push({
      code: 'cohort_limit',
      message: `${overflow.segments} items were counted under the segment _other_: the experiment has reached cohorts_per_experiment`,
    })
  }
  if (overflow.variants > 0) {
    warnings.push({
      code: 'variant_limit',
      message: `${overflow.variants} items were counted under the variant _other_: the experiment has reached variants_per_experiment`,
    })
  }
  return warnings
}
