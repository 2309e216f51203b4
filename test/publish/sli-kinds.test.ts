// How SLIs that are no plain good and bad appear at /metrics and in what is exported.
import { expect, test } from 'vitest'
import { otlpRows } from '../../src/publish/otlp-layout.ts'
import { pageText } from './page.ts'
import { cohort, ratioSli, reading, slo } from './readings.ts'

const counts = { good: [30, 30, 30], bad: [40, 40, 40], valid: [100, 100, 100] }
const LABELS = '{experiment="checkout",variant="treatment",service_name="shop"'

function readingOf(sli: ReturnType<typeof ratioSli>, bound: Partial<ReturnType<typeof slo>> = {}) {
  return reading({ slis: [sli], slos: [slo('s', { sli: sli.name, ...bound })], cohorts: [cohort({ slis: [counts] })] })
}

async function linesOf(of: ReturnType<typeof reading>, name: string): Promise<string[]> {
  return (await pageText(of)).split('\n').filter((line) => line.startsWith(`${name}{`))
}

test('a share counts good and valid ones, since bad ones are derived and may become fewer', async () => {
  const of = readingOf(ratioSli('rows', 'good'))
  expect(await linesOf(of, 'cohortd_sli_events_total')).toEqual([
    `cohortd_sli_events_total${LABELS},sli="rows",outcome="good"} 30`,
    `cohortd_sli_events_total${LABELS},sli="rows",outcome="valid"} 40`,
  ])
  expect((await linesOf(of, 'cohortd_sli_good_ratio'))[0]).toBe(
    `cohortd_sli_good_ratio${LABELS},sli="rows",window="5m"} 0.3`,
  )
})

test('an amount has a ratio and no good ratio, and burns against its bound', async () => {
  const of = readingOf(ratioSli('cost'), { objective: null, upperBound: 0.2 })
  expect(await linesOf(of, 'cohortd_sli_good_ratio')).toEqual([])
  expect((await linesOf(of, 'cohortd_sli_ratio'))[0]).toBe(`cohortd_sli_ratio${LABELS},sli="cost",window="5m"} 0.4`)
  expect((await linesOf(of, 'cohortd_slo_burn_rate'))[0]).toBe(`cohortd_slo_burn_rate${LABELS},slo="s",window="5m"} 2`)
  expect(await linesOf(of, 'cohortd_slo_upper_bound')).toEqual(['cohortd_slo_upper_bound{slo="s"} 0.2'])
  expect(await linesOf(of, 'cohortd_slo_objective_ratio')).toEqual([])
  expect(await linesOf(of, 'cohortd_sli_events_total')).toEqual([
    `cohortd_sli_events_total${LABELS},sli="cost",outcome="valid"} 40`,
  ])
})

test('the same goes out as OTLP', () => {
  const of = readingOf(ratioSli('cost'), { objective: null, upperBound: 0.2 })
  const { columns, fill } = otlpRows(of)
  const values = new Float64Array(columns.length)
  fill(of.cohorts[0], values, 0)
  const told = columns.map(({ metric, attributes }, at) => [
    metric.name,
    attributes['outcome'] ?? attributes['window'] ?? '',
    values[at],
  ])
  expect(told.filter(([name]) => String(name).includes('sli'))).toEqual([
    ['cohortd.sli.events', 'valid', 40],
    ['cohortd.sli.ratio', '5m', 0.4],
    ['cohortd.sli.ratio', '1h', 0.4],
    ['cohortd.sli.ratio', '30d', 0.4],
  ])
})
