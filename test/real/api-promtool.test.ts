// `promtool check metrics` over a page with every family.
import { describe, expect, it } from 'vitest'
import { COHORT_METRICS, GLOBAL_METRICS } from '../../src/publish/catalogue.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'
import { everyMetric } from '../publish/every-metric.ts'
import { pageText } from '../publish/page.ts'
import { cohort, ratioSli, reading, sli, slo } from '../publish/readings.ts'
import { parseStrictly } from '../publish/strict-exposition.ts'
import { runPromtool } from './promtool/promtool.ts'

const fullReading = reading({
  slis: [
    sli('availability'),
    sli('latency', { value: { kind: 'duration' }, percentiles: [0.5, 0.99] }),
    sli('size', { value: { kind: 'attribute', name: 'size' }, percentiles: [0.5] }),
    ratioSli('cost'),
  ],
  slos: [
    slo('availability'),
    slo('fast', { sli: 'latency' }),
    slo('cheap', { sli: 'cost', objective: null, upperBound: 2 }),
  ],
  cohorts: ['treatment', 'control'].map((variant) => {
    const counts = { good: [9, 9, 9], bad: [1, 1, 1], sum: 3, count: 10 }
    const slis = [counts, { ...counts, quantiles: [0.1, 0.2] }, { ...counts, quantiles: [7] }, counts]
    return cohort({ variant, segments: ['shop "1"\\\n'], slis, alerts: ['page', null, null] })
  }),
  variants: [{ experiment: 'checkout', variant: 'treatment', verdict: 'hold', processExposures: 12, uniqueUnits: 7 }],
  ledger: {
    rows: () => [{ signal: 'logs', transport: 'http', outcome: 'refused', reason: 'late', items: 1 }],
    pending: () => 2,
  },
  streams: { live: 3, points: { resets: 1 } },
})

describe('a page with every family', () => {
  it('holds all families of the catalogue and passes the strict reader', async () => {
    const text = parseStrictly(await pageText(fullReading, 'text', everyMetric()), 'text')
    const openMetrics = parseStrictly(await pageText(fullReading, 'openmetrics', everyMetric()), 'openmetrics')
    const names = [COHORT_METRICS, GLOBAL_METRICS, DAEMON_METRICS].flatMap((families) => Object.keys(families))
    expect([...text.families.keys()].sort()).toEqual(names.sort())
    expect(openMetrics.families.size).toBe(names.length)
  })

  it('passes promtool check metrics without a remark', async () => {
    const input = await pageText(fullReading, 'text', everyMetric())
    expect(runPromtool(['check', 'metrics'], { input })).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
