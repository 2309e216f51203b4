// What /metrics shows of a running engine against what its report says.
import { describe, expect, it } from 'vitest'
import { countingOf } from '../../src/model/counting.ts'
import type { SliReport } from '../../src/model/report.ts'
import type { Sli } from '../../src/model/slo.ts'
import { EngineOfAllKinds } from './engine-of-all-kinds.ts'
import { parsedPage } from './page.ts'
import type { ParsedPage } from './strict-exposition.ts'

const TREATMENT = { experiment: 'checkout', variant: 'treatment', service_name: 'shop' }

/** Counters of cohorts and experiments, by series. */
function countersOf({ families }: ParsedPage): Map<string, number> {
  const samples = [...families.values()]
    .filter(({ type, name }) => type === 'counter' && /_(sli|experiment|metric)_/.test(name))
    .flatMap((family) => family.samples)
  return new Map(samples.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]))
}

/** Counts of the report that a counter of the page has. */
function countedOf(sli: Sli, { events, good, bad }: SliReport): Record<string, number | null> {
  if (sli.from === 'ingest') return { good }
  if (sli.name === 'converted') return {}
  const sides = { judged: { good, bad }, good_of_valid: { good, valid: events }, bad_of_valid: { bad, valid: events } }
  const counting = countingOf(sli)
  return counting === 'amount' ? { valid: events } : sides[counting]
}

describe('the page of an engine', () => {
  it('has of each SLI the counts that its report has, and the ratios of its windows', async () => {
    const running = new EngineOfAllKinds()
    running.before(60)
    running.traffic(40)
    const { slis } = running.engine
    const page = await parsedPage(running.engine)
    const variant = running.engine.experiment('checkout')?.variants.find((one) => one.variant === 'treatment')
    const [cohort] = variant?.cohorts ?? []
    expect(cohort?.slis.map(({ sli }) => sli)).toEqual(slis.map(({ name }) => name))
    for (const report of cohort?.slis ?? []) {
      const { sli } = report
      const of = slis.find(({ name }) => name === sli)
      const samples = page.families.get('cohortd_sli_events_total')?.samples ?? []
      const own = samples.filter(({ labels }) => labels.sli === sli && labels.variant === 'treatment')
      expect(report.events, sli).toBeGreaterThan(0)
      expect(Object.fromEntries(own.map(({ labels, value }) => [labels.outcome, value])), sli).toEqual(
        of === undefined ? null : countedOf(of, report),
      )
      const window = { ...TREATMENT, sli, window: '5m' }
      expect(page.value('cohortd_sli_good_ratio', window) ?? null, sli).toBe(report.windows['5m'].good_ratio)
      expect(page.value('cohortd_sli_ratio', window), sli).toBe(report.windows['5m'].ratio)
    }
    for (const slo of cohort?.slos ?? [])
      expect(page.value('cohortd_slo_burn_rate', { ...TREATMENT, slo: slo.slo, window: '5m' })).toBe(slo.burn['5m'])
    const own = { experiment: 'checkout', variant: 'treatment' }
    expect(page.value('cohortd_experiment_exposures_total', own)).toBe(variant?.exposures)
    expect(page.value('cohortd_experiment_unique_units', own)).toBe(variant?.unique_units)
    expect(page.value('cohortd_metric_streams')).toBe(6)
  })

  it('never lets a counter go back, also when windows have passed', async () => {
    const running = new EngineOfAllKinds()
    let before = new Map<string, number>()
    const goOn = [
      () => running.before(30),
      () => running.traffic(20),
      () => running.idle(400),
      () => running.traffic(5),
    ]
    for (const proceed of goOn) {
      proceed()
      const now = countersOf(await parsedPage(running.engine))
      for (const [series, value] of before) expect(now.get(series), series).toBeGreaterThanOrEqual(value)
      before = now
    }
    expect([...before.values()].filter((value) => value > 0).length).toBeGreaterThan(20)
  })
})
