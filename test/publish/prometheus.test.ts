import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exposition } from '../../src/publish/prometheus.ts'
import { SelfMetrics } from '../../src/publish/self-metrics.ts'
import { pageText, parsedPage } from './page.ts'
import { cohort, EXPERIMENT_POLICY, reading, sli, slo } from './readings.ts'
import { parseStrictly } from './strict-exposition.ts'

const labels = { experiment: 'checkout', variant: 'treatment', service_name: 'shop' }

describe('the metrics page', () => {
  it('gives events, good ratio, burn rate and budget of a cohort as the formulas have them', async () => {
    const page = await parsedPage(
      reading({ cohorts: [cohort({ slis: [{ good: [90, 990, 9990], bad: [10, 10, 10] }] })] }),
    )
    expect(page.value('cohortd_sli_events_total', { ...labels, sli: 'availability', outcome: 'good' })).toBe(9990)
    expect(page.value('cohortd_sli_events_total', { ...labels, sli: 'availability', outcome: 'bad' })).toBe(10)
    expect(page.value('cohortd_sli_good_ratio', { ...labels, sli: 'availability', window: '5m' })).toBe(0.9)
    const burn = (window: string) => page.value('cohortd_slo_burn_rate', { ...labels, slo: 'availability', window })
    expect(burn('5m')).toBeCloseTo(100, 9)
    expect(burn('1h')).toBeCloseTo(10, 9)
    expect(burn('30d')).toBeCloseTo(1, 9)
    expect(page.value('cohortd_slo_error_budget_remaining_ratio', { ...labels, slo: 'availability' })).toBeCloseTo(0, 9)
    expect(page.value('cohortd_slo_objective_ratio', { slo: 'availability' })).toBe(0.999)
  })

  it('has exactly the windows 5m, those of the policy and the own one of the SLO', async () => {
    const page = await parsedPage(
      reading({
        windows: [60, 300, 1800, 3600, 86_400, 604_800, 2_592_000],
        slis: [sli('availability'), sli('unjudged')],
        slos: [slo('availability', { windowSeconds: 604_800 })],
        cohorts: [cohort({ slis: [{ good: [1, 1, 1, 1, 1, 1, 1] }, { good: [1, 1, 1, 1, 1, 1, 1] }] })],
      }),
    )
    const windows = (name: string, own: string) =>
      page.families
        .get(name)
        ?.samples.filter((sample) => Object.values(sample.labels).includes(own))
        .map((sample) => sample.labels.window)
    expect(windows('cohortd_slo_burn_rate', 'availability')).toEqual(['5m', '1h', '7d'])
    expect(windows('cohortd_sli_good_ratio', 'availability')).toEqual(['5m', '1h', '7d'])
    expect(windows('cohortd_sli_good_ratio', 'unjudged')).toEqual(['5m'])
  })

  it('leaves burn rates out and says so while the data does not suffice', async () => {
    const page = await parsedPage(
      reading({ cohorts: [cohort({ slis: [{ good: [5], bad: [1] }], sufficient: false })] }),
    )
    expect(page.families.has('cohortd_slo_burn_rate')).toBe(false)
    expect(page.value('cohortd_slo_sufficient_data', { ...labels, slo: 'availability' })).toBe(0)
    expect(page.value('cohortd_sli_good_ratio', { ...labels, sli: 'availability', window: '5m' })).toBeCloseTo(
      5 / 6,
      12,
    )
  })

  it('leaves ratios, burn rates and budgets out where a window holds no event', async () => {
    const page = await parsedPage(reading({ cohorts: [cohort({ slis: [{ good: [0, 7, 0], bad: [0, 0, 0] }] })] }))
    const windowsOf = (name: string) => page.families.get(name)?.samples.map((sample) => sample.labels.window)
    expect(windowsOf('cohortd_slo_burn_rate')).toEqual(['1h'])
    expect(windowsOf('cohortd_sli_good_ratio')).toEqual(['1h'])
    expect(page.families.has('cohortd_slo_error_budget_remaining_ratio')).toBe(false)
  })

  it('has no series of an SLI or SLO of which the cohort has had no event', async () => {
    const page = await parsedPage(reading({ cohorts: [cohort({ slis: [null] })] }))
    expect([...page.families.keys()].filter((name) => name.startsWith('cohortd_sl'))).toEqual([
      'cohortd_slo_objective_ratio',
    ])
  })

  it('tells of each severity of the policy whether it fires', async () => {
    const page = await parsedPage(reading({ cohorts: [cohort({ slis: [{ good: [1] }], alerts: ['page'] })] }))
    expect(page.value('cohortd_slo_alert_firing', { ...labels, slo: 'availability', severity: 'page' })).toBe(1)
    expect(page.value('cohortd_slo_alert_firing', { ...labels, slo: 'availability', severity: 'ticket' })).toBe(0)
    const pagesOnly = slo('availability', { policy: { ...EXPERIMENT_POLICY, rules: EXPERIMENT_POLICY.rules.slice(1) } })
    const other = await parsedPage(reading({ slos: [pagesOnly], cohorts: [cohort({ slis: [{ good: [1] }] })] }))
    expect(other.families.get('cohortd_slo_alert_firing')?.samples.map((sample) => sample.labels.severity)).toEqual([
      'page',
    ])
  })

  it('gives durations and other values as summaries, quantiles absent when there was nothing', async () => {
    const latency = sli('latency', { value: { kind: 'duration' }, percentiles: [0.5, 0.99] })
    const size = sli('size', { value: { kind: 'attribute', name: 'size' }, percentiles: [0.5] })
    const page = await parsedPage(
      reading({
        slis: [latency, size],
        slos: [],
        cohorts: [
          cohort({
            slis: [
              { sum: 12.5, count: 40, quantiles: [0.1, 0.9] },
              { sum: 7, count: 3, quantiles: null },
            ],
          }),
        ],
      }),
    )
    const duration = { ...labels, sli: 'latency' }
    expect(page.value('cohortd_sli_duration_seconds', { ...duration, quantile: '0.99' })).toBe(0.9)
    expect(page.value('cohortd_sli_duration_seconds_sum', duration)).toBe(12.5)
    expect(page.value('cohortd_sli_duration_seconds_count', duration)).toBe(40)
    expect(page.value('cohortd_sli_value_count', { ...labels, sli: 'size' })).toBe(3)
    expect(page.value('cohortd_sli_value', { ...labels, sli: 'size', quantile: '0.5' })).toBeUndefined()
  })

  it('gives the verdict as one series per verdict and the ledger row by row', async () => {
    const page = await parsedPage(
      reading({
        variants: [
          { experiment: 'checkout', variant: 'treatment', verdict: 'hold', processExposures: 3, uniqueUnits: null },
        ],
        ledger: {
          rows: () => [{ signal: 'traces', transport: 'grpc', outcome: 'refused', reason: 'late', items: 2 }],
          pending: (signal) => (signal === 'traces' ? 3 : 0),
        },
      }),
    )
    const verdict = (name: string) =>
      page.value('cohortd_experiment_verdict', { experiment: 'checkout', variant: 'treatment', verdict: name })
    expect(['rollback', 'hold', 'continue', 'promote'].map(verdict)).toEqual([0, 1, 0, 0])
    const refused = { signal: 'traces', transport: 'grpc', outcome: 'refused', reason: 'late' }
    expect(page.value('cohortd_receiver_items_total', refused)).toBe(2)
    expect(page.value('cohortd_receiver_pending_items', { signal: 'traces' })).toBe(3)
  })

  it('keeps any label value, and segments whose names collide with ours or with each other apart', async () => {
    const segments = ['service.name', 'service_name', 'sli', '0day', '__name__', 'été']
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        fc.constantFrom('text' as const, 'openmetrics' as const),
        async (value, format) => {
          const page = await parsedPage(
            reading({
              segments,
              cohorts: [cohort({ experiment: value, segments: segments.map(() => value), slis: [{ good: [1] }] })],
            }),
            format,
          )
          const found = [...page.families.values()].find((family) => family.name.startsWith('cohortd_sli_events'))
          expect(found?.samples[0].labels).toEqual({
            experiment: value,
            variant: 'treatment',
            service_name: value,
            segment_service_name: value,
            segment_sli: value,
            _0day: value,
            segment___name__: value,
            _t_: value,
            sli: 'availability',
            outcome: 'good',
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('never has a number that is not finite, whatever the counts are', async () => {
    const counts = fc.oneof(
      fc.constantFrom(0, -0, 1e300, 5e-324, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double(),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(counts, { minLength: 8, maxLength: 8 }), async (numbers) => {
        const [a, b, c, d, sum, count, p50, p99] = numbers
        const page = await pageText(
          reading({
            slis: [sli('latency', { value: { kind: 'duration' }, percentiles: [0.5, 0.99] })],
            slos: [slo('latency')],
            cohorts: [cohort({ slis: [{ good: [a, b, 1], bad: [c, d, 1], sum, count, quantiles: [p50, p99] }] })],
          }),
        )
        expect(page).not.toMatch(/ (NaN|[+-]?Inf\w*)\n/)
      }),
      { numRuns: 200 },
    )
  })

  it('tells of the daemon alone before the first evaluation', async () => {
    const metrics = new SelfMetrics()
    metrics.gauge('cohortd_cohorts').set(0)
    const page = parseStrictly(await pageText(null, 'text', metrics), 'text')
    expect(page.value('cohortd_cohorts')).toBe(0)
    expect([...page.families.keys()].filter((name) => /cohortd_(sl|experiment_|receiver_)/.test(name))).toEqual([])
  })

  it('is the same in both formats but for what the formats say differently', async () => {
    const input = reading({
      slis: [sli('latency', { value: { kind: 'duration' }, percentiles: [0.5] })],
      slos: [slo('latency')],
      cohorts: [cohort({ slis: [{ good: [3, 3, 3], bad: [1, 1, 1], sum: 1, count: 4, quantiles: [0.2] }] })],
    })
    const metrics = new SelfMetrics()
    metrics.histogram('cohortd_tick_duration_seconds').observe(0.02)
    const text = parseStrictly(await pageText(input, 'text', metrics), 'text')
    const openMetrics = parseStrictly(await pageText(input, 'openmetrics', metrics), 'openmetrics')
    const samples = (page: typeof text) => [...page.families.values()].flatMap((family) => family.samples)
    expect(samples(openMetrics)).toEqual(samples(text))
    expect(openMetrics.families.get('cohortd_sli_events')?.type).toBe('counter')
    expect(openMetrics.families.get('cohortd_slo_objective_ratio')?.unit).toBe('ratio')
    expect(openMetrics.families.get('cohortd_sli_duration_seconds')?.unit).toBe('seconds')
  })

  it('comes in pieces of bounded size, and other work gets its turn between them', async () => {
    const many = reading({
      cohorts: Array.from({ length: 3000 }, (_, at) => cohort({ segments: [`s${at}`], slis: [{ good: [1, 1, 1] }] })),
    })
    let turns = 0
    let writing = true
    const other = (): void => {
      turns++
      if (writing) setImmediate(other)
    }
    setImmediate(other)
    const sizes: number[] = []
    for await (const chunk of exposition({ reading: many, selfMetrics: new SelfMetrics() }, 'text'))
      sizes.push(chunk.length)
    writing = false
    expect(Math.max(...sizes)).toBeLessThan(70_000)
    expect(turns).toBeGreaterThan(sizes.length / 2)
  })

  it('leaves out nobody and tells nothing twice when cohorts come and go between pieces', async () => {
    const cohorts = Array.from({ length: 3000 }, (_, at) =>
      cohort({ segments: [`s${at}`], slis: [{ good: [1, 1, 1] }] }),
    )
    const changing = reading({ cohorts })
    const chunks: Uint8Array[] = []
    for await (const chunk of exposition({ reading: changing, selfMetrics: new SelfMetrics() }, 'text')) {
      chunks.push(chunk)
      cohorts.splice(0, 10)
    }
    const page = parseStrictly(Buffer.concat(chunks).toString(), 'text')
    expect(page.families.get('cohortd_sli_events_total')?.samples).toHaveLength(6000)
    expect(page.families.get('cohortd_slo_sufficient_data')?.samples).toHaveLength(3000)
  })
})
