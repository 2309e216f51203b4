// Parts of reports that tests look at.
import type { Engine } from '../../src/engine/engine.ts'
import type { CohortReport, SliReport, SloReport, VariantReport } from '../../src/model/report.ts'

export function variantReport(engine: Engine, experiment: string, variant: string): VariantReport {
  const report = engine.experiment(experiment)?.variants.find((one) => one.variant === variant)
  if (report === undefined) throw new Error(`no variant ${variant} of ${experiment}`)
  return report
}

/** The cohort of a variant in a service. */
export function cohortReport(engine: Engine, path: string): CohortReport {
  const [experiment, variant, service = 'shop'] = path.split('/')
  const report = variantReport(engine, experiment, variant).cohorts.find(
    ({ segments }) => segments['service.name'] === service,
  )
  if (report === undefined) throw new Error(`no cohort ${path}`)
  return report
}

/** `path`: experiment/variant[/service]. */
export function sliReport(engine: Engine, path: string, sli: string): SliReport {
  const report = cohortReport(engine, path).slis.find((one) => one.sli === sli)
  if (report === undefined) throw new Error(`no SLI ${sli} in ${path}`)
  return report
}

export function sloReport(engine: Engine, path: string, slo: string): SloReport {
  const report = cohortReport(engine, path).slos.find((one) => one.slo === slo)
  if (report === undefined) throw new Error(`no SLO ${slo} in ${path}`)
  return report
}
