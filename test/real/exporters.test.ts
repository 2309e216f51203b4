import { describe, expect, test } from 'vitest'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'
import { MetricsCollector } from './otlp-collector.ts'
import { sendSpans } from './send-spans.ts'

describe('a daemon with exporters', () => {
  test('sends SLI metrics and its own metrics over OTLP/gRPC, and works on when nobody takes them', async () => {
    const collector = new MetricsCollector()
    const port = await collector.start()
    const endpoint = `http://127.0.0.1:${port}`
    const config = `{exporters: {otlp: {endpoint: "${endpoint}", interval: 1s}}, telemetry: {otlp: {endpoint: "${endpoint}", interval: 1s}}}`
    const daemon = await DaemonProcess.start({ config, args: ['--set', 'store.type=memory'] })
    try {
      await sendSpans(daemon, { experiment: 'checkout', variant: 'treatment', good: 90, bad: 10 })
      await eventuallyHolds(() => {
        const points = collector.requests.flatMap(({ points }) => points)
        const bad = points.filter(
          ({ attributes }) => attributes['outcome'] === 'bad' && attributes['variant'] === 'treatment',
        )
        expect(bad.map(({ value }) => value)).toContain(10)
        expect(points.some(({ name, value }) => name === 'cohortd_events_published_total' && value > 0)).toBe(true)
        expect(points.some(({ name, value }) => name === 'cohortd_tick_duration_seconds_count' && value > 0)).toBe(true)
        const services = new Set(collector.requests.map(({ resource }) => resource['service.name']))
        expect([...services]).toEqual(['cohortd'])
      })
      collector.failing = true
      await eventuallyHolds(async () => {
        const failures = (await daemon.metrics()).sum('cohortd_exporter_failures_total', { exporter: 'otlp' })
        expect(failures).toBeGreaterThan(0)
      }, 20_000)
      expect((await daemon.get('/readyz')).status).toBe(200)
    } finally {
      expect(await daemon.stop()).toBe(0)
      collector.stop()
    }
  })
})
