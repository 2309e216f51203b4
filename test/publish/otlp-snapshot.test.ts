import { describe, expect, it } from 'vitest'
import type { CohortMetricName, GlobalMetricName } from '../../src/publish/catalogue.ts'
import { COHORT_METRICS, GLOBAL_METRICS } from '../../src/publish/catalogue.ts'
import { otlpMetric, otlpRows } from '../../src/publish/otlp-layout.ts'
import { OtlpSnapshots } from '../../src/publish/otlp-snapshot.ts'
import { cohort, reading, sli } from './readings.ts'

describe('a row of the OTLP snapshot', () => {
  it('has NaN exactly where /metrics has no series', () => {
    const input = reading()
    const rows = otlpRows(input)
    const row = (sketch: Parameters<typeof cohort>[0]): Record<string, number> => {
      const values = new Float64Array(rows.columns.length)
      rows.fill(cohort(sketch), values, 0)
      const named = rows.columns.map(({ metric, attributes }, at) => {
        const detail = attributes.window ?? attributes.severity ?? attributes.outcome ?? ''
        return [`${metric.name.replace('cohortd.', '')} ${detail}`.trim(), values[at]]
      })
      return Object.fromEntries(named)
    }
    expect(Object.values(row({ slis: [null] })).every(Number.isNaN)).toBe(true)
    expect(row({ slis: [{ good: [9, 0, 99], bad: [1, 0, 1] }], sufficient: false, alerts: ['page'] })).toEqual({
      'sli.events good': 99,
      'sli.events bad': 1,
      'sli.good_ratio 5m': 0.9,
      'sli.good_ratio 1h': Number.NaN,
      'sli.good_ratio 30d': 0.99,
      'slo.burn_rate 5m': Number.NaN,
      'slo.burn_rate 1h': Number.NaN,
      'slo.burn_rate 30d': Number.NaN,
      'slo.error_budget_remaining_ratio': 1 - 0.01 / 0.001,
      'slo.sufficient_data': 0,
      'slo.alert_firing ticket': 0,
      'slo.alert_firing page': 1,
    })
  })

  it('keeps segment names but those of our own attributes', () => {
    expect(otlpRows(reading({ segments: ['service.name', 'variant', 'quantile'] })).segments).toEqual([
      'service.name',
      'segment.variant',
      'segment.quantile',
    ])
  })

  it.each([
    ['cohortd_sli_events_total', 'cohortd.sli.events', '1', true],
    ['cohortd_sli_duration_seconds', 'cohortd.sli.duration', 's', false],
    ['cohortd_sli_good_ratio', 'cohortd.sli.good_ratio', '1', false],
    ['cohortd_slo_burn_rate', 'cohortd.slo.burn_rate', '', false],
  ] as const)('%s is %s over OTLP', (name, otlp, unit, monotonic) => {
    expect(otlpMetric(name)).toMatchObject({ name: otlp, unit, monotonic })
  })

  it('has another name for every metric', () => {
    const names = [...Object.keys(COHORT_METRICS), ...Object.keys(GLOBAL_METRICS)] as (
      | CohortMetricName
      | GlobalMetricName
    )[]
    expect(new Set(names.map((name) => otlpMetric(name).name)).size).toBe(names.length)
  })
})

describe('snapshots for the exporter', () => {
  it('describe their rows once, and name each cohort once', async () => {
    const snapshots = new OtlpSnapshots()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => cohort({ segments: [name], slis: [{ good: [1] }] }))
    const first = await snapshots.take(reading({ cohorts: [a, b] }))
    expect(first.description?.columns).toHaveLength(12)
    expect(first.newLabels).toEqual(['checkout', 'treatment', 'a', 'checkout', 'treatment', 'b'])
    expect(first.values).toHaveLength(24)
    const second = await snapshots.take(reading({ cohorts: [b, c] }))
    expect(second.description).toBeNull()
    expect(second.newLabels).toEqual(['checkout', 'treatment', 'c'])
    expect([...second.cohorts]).toEqual([first.cohorts[1], second.newCohorts[0]])
    const third = await snapshots.take(reading({ cohorts: [a] }))
    expect([...third.newCohorts]).toEqual([...third.cohorts])
    expect([...first.cohorts, ...second.newCohorts]).not.toContain(third.cohorts[0])
  })

  it('let other work have its turn', async () => {
    const cohorts = Array.from({ length: 2000 }, () => cohort({ slis: [{ good: [1] }] }))
    let turns = 0
    let taking = true
    const other = (): void => {
      turns++
      if (taking) setImmediate(other)
    }
    setImmediate(other)
    await new OtlpSnapshots().take(reading({ slis: [sli('availability')], cohorts }))
    taking = false
    expect(turns).toBeGreaterThanOrEqual(4)
  })

  it('hold objectives and verdicts beside the cohorts', async () => {
    const variants = [
      { experiment: 'checkout', variant: 'treatment', verdict: 'hold', processExposures: 3, uniqueUnits: null },
    ]
    const { globals, verdicts } = await new OtlpSnapshots().take(reading({ variants }))
    expect(globals).toContainEqual({
      name: 'cohortd_slo_objective_ratio',
      labels: { slo: 'availability' },
      value: 0.999,
    })
    expect(verdicts).toEqual(['checkout', 'treatment', 'hold'])
  })
})
