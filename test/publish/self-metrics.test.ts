import { describe, expect, it } from 'vitest'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'
import { SelfMetrics } from '../../src/publish/self-metrics.ts'
import { everyMetric } from './every-metric.ts'
import { pageText } from './page.ts'
import { parseStrictly } from './strict-exposition.ts'

async function parsed(metrics: SelfMetrics) {
  return parseStrictly(await pageText(null, 'text', metrics), 'text')
}

describe("the daemon's own metrics", () => {
  it('count, set and observe by label values', async () => {
    const metrics = new SelfMetrics()
    metrics.counter('cohortd_events_published_total', { type: 'a' }).add()
    metrics.counter('cohortd_events_published_total', { type: 'a' }).add(2)
    metrics.counter('cohortd_events_published_total', { type: 'b' }).add()
    metrics.gauge('cohortd_sse_subscribers').set(5)
    metrics.gauge('cohortd_sse_subscribers').set(4)
    const page = await parsed(metrics)
    expect(page.value('cohortd_events_published_total', { type: 'a' })).toBe(3)
    expect(page.value('cohortd_events_published_total', { type: 'b' })).toBe(1)
    expect(page.value('cohortd_sse_subscribers')).toBe(4)
  })

  it('put a value into the bucket whose bound it does not exceed', async () => {
    const metrics = new SelfMetrics()
    const ticks = metrics.histogram('cohortd_tick_duration_seconds')
    for (const value of [0.0005, 0.0011, 0.1, 2, Number.NaN]) ticks.observe(value)
    const page = await parsed(metrics)
    const bucket = (le: string) => page.value('cohortd_tick_duration_seconds_bucket', { le })
    expect(bucket('0.0005')).toBe(1)
    expect(bucket('0.001')).toBe(1)
    expect(bucket('0.0025')).toBe(2)
    expect(bucket('0.1')).toBe(3)
    expect(bucket('1.0')).toBe(3)
    expect(bucket('+Inf')).toBe(4)
    expect(page.value('cohortd_tick_duration_seconds_sum')).toBeCloseTo(2.1016, 12)
    expect(page.value('cohortd_tick_duration_seconds_count')).toBe(4)
  })

  it('have their histograms from the beginning, empty', async () => {
    const page = await parsed(new SelfMetrics())
    expect(page.value('cohortd_detection_latency_seconds_count')).toBe(0)
    expect(page.value('cohortd_detection_latency_seconds_bucket', { le: '+Inf' })).toBe(0)
  })

  it('are asked at the scrape where a callback was given, and absent where it has nothing to say', async () => {
    const metrics = new SelfMetrics()
    let cohorts: number | null = null
    metrics.observe('cohortd_cohorts', () => cohorts)
    metrics.observe('cohortd_limit_overflows_total', () => [{ labels: { limit: 'cohorts' }, value: 9 }])
    expect((await parsed(metrics)).families.has('cohortd_cohorts')).toBe(false)
    cohorts = 7
    const page = await parsed(metrics)
    expect(page.value('cohortd_cohorts')).toBe(7)
    expect(page.value('cohortd_limit_overflows_total', { limit: 'cohorts' })).toBe(9)
  })

  it('share one overflow series once a metric has too many', async () => {
    const metrics = new SelfMetrics()
    for (let at = 0; at < 1000; at++) metrics.counter('cohortd_store_errors_total', { operation: `o${at}` }).add()
    const page = await parsed(metrics)
    expect(page.families.get('cohortd_store_errors_total')?.samples).toHaveLength(257)
    expect(page.value('cohortd_store_errors_total', { operation: '_other_' })).toBe(744)
  })

  it('all pass the strict reader in both formats when all have a sample', async () => {
    const metrics = everyMetric()
    for (const format of ['text', 'openmetrics'] as const) {
      const page = parseStrictly(await pageText(null, format, metrics), format)
      expect(page.families.size).toBe(Object.keys(DAEMON_METRICS).length)
    }
  })
})
