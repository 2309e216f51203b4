// SLI metrics over OTLP/gRPC: the real SDK in its thread, against an independent receiver.
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Reading } from '../../src/model/reading.ts'
import { OtlpMetricsExporter } from '../../src/publish/otlp-metrics.ts'
import { sleep } from '../../src/runtime/clock.ts'
import { parsedPage } from '../publish/page.ts'
import { cohort, reading, sli, slo } from '../publish/readings.ts'
import type { ReceivedPoint } from './otlp-collector.ts'
import { MetricsCollector } from './otlp-collector.ts'

const STARTED_MS = 1_767_225_000_000

const fullReading = reading({
  segments: ['service.name', 'sli'],
  slis: [sli('availability'), sli('latency', { value: { kind: 'duration' }, percentiles: [0.5, 0.99] })],
  slos: [slo('availability'), slo('fast', { sli: 'latency', objective: 0.99 })],
  cohorts: [
    cohort({
      segments: ['shop', 'eu'],
      slis: [
        { good: [90, 900, 0.1 + 0.2], bad: [10, 1, 3] },
        { good: [9, 9, 9], bad: [1, 1, 1], sum: 1, count: 10, quantiles: [0.1, 0.7] },
      ],
      alerts: ['page', null],
    }),
    cohort({ variant: 'control', segments: ['cart', ''], slis: [{ good: [5], bad: [1] }, null], sufficient: false }),
  ],
  variants: [{ experiment: 'checkout', variant: 'treatment', verdict: 'hold', processExposures: 12, uniqueUnits: 7 }],
})

interface Export {
  readonly collector: MetricsCollector
  readonly exporter: OtlpMetricsExporter
  readonly failures: [string, boolean][]
  recoveries: number
}

async function exporting(current: () => Reading | null, options: { port?: number } = {}): Promise<Export> {
  const collector = new MetricsCollector()
  const port = options.port ?? (await collector.start())
  const failures: [string, boolean][] = []
  const state = { collector, failures, recoveries: 0 }
  const exporter = new OtlpMetricsExporter({
    endpoint: `http://127.0.0.1:${port}`,
    intervalMs: 200,
    version: '0.1.0',
    instanceId: 'instance-1',
    startedMs: STARTED_MS,
    reading: current,
    observer: {
      exportFailed: (message, repeated) => failures.push([message, repeated]),
      exportRecovered: () => state.recoveries++,
    },
  })
  exporter.start()
  onTestFinished(async () => {
    await exporter.stop(100)
    collector.stop()
  })
  return Object.assign(state, { exporter })
}

async function until(done: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1500 && !done(); attempt++) await sleep(10)
  expect(done()).toBe(true)
}

/** Name and labels as Prometheus translates OTLP (UnderscoreEscapingWithSuffixes). */
function translated({ name, unit, monotonic, attributes }: ReceivedPoint): string {
  const words = name.split(/[^a-zA-Z0-9]+/)
  if (unit === 's' && !words.includes('seconds')) words.push('seconds')
  if (unit === '1' && !monotonic) words.splice(0, words.length, ...words.filter((word) => word !== 'ratio'), 'ratio')
  if (monotonic) words.push('total')
  const labels = Object.entries(attributes)
    .map(([key, value]) => [key.replace(/[^a-zA-Z0-9_]/g, '_'), value])
    .filter(([, value]) => value !== '')
  return JSON.stringify([words.join('_'), Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1)))])
}

describe('the OTLP exporter', () => {
  it('sends the numbers of /metrics under names from which Prometheus makes those of /metrics', async () => {
    const { collector } = await exporting(() => fullReading)
    await until(() => collector.requests.length > 0)
    const [{ points, resource }] = collector.requests
    expect(resource).toMatchObject({
      'service.name': 'cohortd',
      'service.version': '0.1.0',
      'service.instance.id': 'instance-1',
    })
    const page = await parsedPage(fullReading)
    const expected = [...page.families.values()]
      .flatMap((family) => family.samples)
      .filter(({ name }) => /^cohortd_(sli|slo|experiment)_/.test(name) && !/_(sum|count)$/.test(name))
      .map(({ name, labels, value }) => {
        const told = Object.entries(labels).filter(([, text]) => text !== '')
        return [JSON.stringify([name, Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1)))]), value]
      })
    const received = points.map((point) => [translated(point), point.value])
    expect(received.length).toBeGreaterThan(20)
    expect(Object.fromEntries(received)).toEqual(Object.fromEntries(expected))
    expect(received).toHaveLength(expected.length)
  })

  it('follows cohorts that come and go', async () => {
    const first = cohort({ segments: ['a'], slis: [{ good: [1] }] })
    const second = cohort({ segments: ['b'], slis: [{ good: [2] }] })
    let cohorts = [first]
    const { collector } = await exporting(() => reading({ cohorts }))
    const services = (): string[] => {
      const points = collector.requests.at(-1)?.points ?? []
      return [...new Set(points.map((point) => point.attributes['service.name']).filter((name) => name !== undefined))]
    }
    await until(() => services().join() === 'a')
    cohorts = [first, second]
    await until(() => services().join() === 'a,b')
    cohorts = [second]
    await until(() => services().join() === 'b')
    cohorts = [first]
    await until(() => services().join() === 'a')
  })

  it('splits many series over requests that a server takes', async () => {
    const cohorts = Array.from({ length: 2000 }, (_, at) =>
      cohort({ segments: [`s${at}`], slis: [{ good: [1, 1, 1] }] }),
    )
    const { collector } = await exporting(() => reading({ cohorts }))
    const points = (): number => collector.requests.reduce((sum, one) => sum + one.points.length, 0)
    await until(() => points() > 2000 * 12)
    expect(collector.requests.length).toBeGreaterThan(2)
    for (const { points: own, bytes } of collector.requests) {
      expect(own.length).toBeLessThanOrEqual(8000)
      expect(bytes).toBeLessThan(4 * 1024 * 1024)
    }
  })

  it('reports an endpoint that refuses, goes on trying, and tells when it is taken again', async () => {
    const state = await exporting(() => fullReading)
    await until(() => state.recoveries === 1)
    state.collector.failing = true
    await until(() => state.failures.length >= 3)
    expect(state.failures.map(([, repeated]) => repeated).slice(0, 3)).toEqual([false, true, true])
    expect(state.failures[0][0]).toContain('UNAVAILABLE')
    state.collector.failing = false
    await until(() => state.recoveries === 2)
  })

  it('is not disturbed by an endpoint that is not there, nor by a reading that fails', async () => {
    const nobody = await exporting(() => fullReading, { port: 1 })
    const broken = await exporting(() => {
      throw new Error('no reading')
    })
    await until(() => nobody.failures.length > 0 && broken.failures.length > 1)
    expect(broken.failures[0][0]).toContain('no reading')
    await Promise.all([nobody.exporter.stop(500), broken.exporter.stop(500)])
  })

  it('exports once more when it stops, and says nothing before the first evaluation', async () => {
    let current: Reading | null = null
    const { collector, exporter, failures } = await exporting(() => current)
    await sleep(700)
    expect(collector.requests).toEqual([])
    current = fullReading
    await Promise.all([exporter.stop(5000), exporter.stop(5000)])
    expect(collector.requests.length).toBeGreaterThan(0)
    expect(failures).toEqual([])
  })

  it('ends in time where the endpoint does not answer', async () => {
    const { exporter } = await exporting(() => fullReading, { port: 1 })
    await sleep(300)
    const began = performance.now()
    await exporter.stop(300)
    expect(performance.now() - began).toBeLessThan(3000)
  })
})
