// What of an experiment deserves a sentence in its report, as engine-warnings.ts has it for the engine.
import type { Experiment } from '../cohort/experiment.ts'
import type { Warning } from '../model/report.ts'
import type { ReportSource } from './report.ts'

export function experimentWarnings(experiment: Experiment, source: ReportSource): Warning[] {
  const units = source.unitsOf(experiment)
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
  const withoutUnit = [...experiment.variants.values()].reduce((sum, one) => sum + one.exposuresWithoutUnit, 0)
  if (withoutUnit > 0) {
    warnings.push({
      code: 'exposure_without_unit',
      message: `${withoutUnit} exposures did not tell their unit: unique units and conversions by unit leave them out`,
    })
  }
  if (units !== null && units.foreign > 0) {
    warnings.push({
      code: 'foreign_units',
      message: 'units in the store were hashed with another key (cohorts.units.key) and are left out',
    })
  }
  const shared = [...experiment.variants.values()]
    .flatMap((variant) => source.cohortsOf(variant))
    .reduce((sum, { own }) => sum + (own.streams?.shared ?? 0), 0)
  if (shared > 0) {
    warnings.push({
      code: 'stream_at_two_replicas',
      message: `${shared} cumulative time series of metrics reach more than one replica, which count the same increases: export delta temporality, or keep each sender at one replica`,
    })
  }
  for (const sli of experiment.summarized) {
    warnings.push({
      code: 'summary_without_values',
      message: `SLI ${source.slis[sli].name} asks for single values of a metric that comes as a summary, whose quantiles cannot be merged: it is not counted there; export a histogram, or leave out good_below and percentiles`,
    })
  }
  return warnings
}
