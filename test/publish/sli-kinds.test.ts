// How SLIs that are no plain good and bad appear at /metrics, and SLOs that bound a ratio.
import { describe, expect, it } from 'vitest'
import type { Sli } from '../../src/model/slo.ts'
import { parsedPage } from './page.ts'
import type { Counts } from './readings.ts'
import { cohort, eventSli, ingestSli, metricSli, ratioSli, reading, sli, slo } from './readings.ts'
import type { ParsedSample } from './strict-exposition.ts'

const LABELS = { experiment: 'checkout', variant: 'treatment', service_name: 'shop' }
const UNIT_ATTRIBUTION = { windowMs: 86_400_000, oncePerUnit: false }
const COUNTS: Counts = { good: [30, 30, 30], bad: [70, 70, 70], valid: [100, 100, 100], process: [31, 107] }

async function samplesOf(family: string, sli: Sli, counts = COUNTS): Promise<ParsedSample[]> {
  const page = await parsedPage(reading({ slis: [sli], slos: [], cohorts: [cohort({ slis: [counts] })] }))
  return page.families.get(family)?.samples ?? []
}

describe('cohortd_sli_events_total', () => {
  const exposures = { kind: 'exposures' } as const
  const records = { kind: 'records', from: 'spans', where: null } as const
  it.each<[string, Sli, Record<string, number>]>([
    ['spans are good or bad', sli('s'), { good: 31, bad: 107 }],
    ['points of a metric are good or bad', metricSli('s'), { good: 31, bad: 107 }],
    ['events that are compared with nothing are good or bad', eventSli('s', { good: [] }), { good: 31, bad: 107 }],
    [
      'conversions are counted beside exposures',
      eventSli('s', { valid: exposures, good: [] }),
      { good: 31, valid: 107 },
    ],
    ['good events beside valid ones', eventSli('s', { valid: records, good: [] }), { good: 31, valid: 107 }],
    ['bad events beside valid ones', eventSli('s', { valid: records, badWhen: [] }), { bad: 31, valid: 107 }],
    ['a share of good ones', ratioSli('s', 'good'), { good: 31, valid: 107 }],
    ['a share of bad ones', ratioSli('s', 'bad'), { bad: 31, valid: 107 }],
    ['an amount is no event', ratioSli('s', 'amount'), { valid: 107 }],
    ['what is expected of a cohort is not counted', ingestSli('s'), { good: 31 }],
    [
      'units that count once are read from a sample',
      eventSli('s', { valid: exposures, good: [], attribution: { ...UNIT_ATTRIBUTION, oncePerUnit: true } }),
      {},
    ],
    [
      'units that count each time are counted',
      eventSli('s', { valid: exposures, good: [], attribution: UNIT_ATTRIBUTION }),
      { good: 31, valid: 107 },
    ],
  ])('%s', async (_, of, expected) => {
    const samples = await samplesOf('cohortd_sli_events_total', of)
    expect(samples.map(({ labels, value }) => [labels, value])).toEqual(
      Object.entries(expected).map(([outcome, value]) => [{ ...LABELS, sli: 's', outcome }, value]),
    )
  })
})

describe('the ratio of a window', () => {
  const valuesOf = async (family: string, of: Sli, counts?: Counts) =>
    (await samplesOf(family, of, counts)).map(({ value }) => value)

  it('is good by valid, and 1 at most where good ones come after their valid ones have left the window', async () => {
    const share = ratioSli('s', 'good')
    expect(await valuesOf('cohortd_sli_good_ratio', share)).toEqual([0.3])
    expect(await valuesOf('cohortd_sli_good_ratio', share, { good: [5], bad: [0], valid: [4] })).toEqual([1])
    expect(await valuesOf('cohortd_sli_good_ratio', share, { good: [5], bad: [0], valid: [0] })).toEqual([])
    expect(await valuesOf('cohortd_sli_ratio', share)).toEqual([])
  })

  it('is amount by valid where there is an amount, which may be above 1', async () => {
    expect(await valuesOf('cohortd_sli_ratio', ratioSli('s'))).toEqual([0.7])
    expect(await valuesOf('cohortd_sli_ratio', ratioSli('s'), { bad: [12], valid: [4] })).toEqual([3])
    expect(await valuesOf('cohortd_sli_ratio', ratioSli('s'), { bad: [12], valid: [0] })).toEqual([])
    expect(await valuesOf('cohortd_sli_good_ratio', ratioSli('s'))).toEqual([])
  })
})

describe('an SLO with an upper bound', () => {
  const input = reading({
    slis: [ratioSli('cost'), sli('availability')],
    slos: [slo('cheap', { sli: 'cost', objective: null, upperBound: 0.2 }), slo('availability')],
    cohorts: [
      cohort({
        slis: [
          { bad: [40, 40, 30], valid: [100, 100, 100] },
          { good: [9, 9, 9], bad: [1, 1, 1] },
        ],
      }),
    ],
  })

  it('burns as its ratio is to the bound', async () => {
    const page = await parsedPage(input)
    const burn = (window: string) => page.value('cohortd_slo_burn_rate', { ...LABELS, slo: 'cheap', window })
    expect([burn('5m'), burn('1h')]).toEqual([2, 2])
    expect(burn('30d')).toBeCloseTo(1.5, 12)
    expect(page.value('cohortd_slo_error_budget_remaining_ratio', { ...LABELS, slo: 'cheap' })).toBeCloseTo(-0.5, 12)
  })

  it('gives its bound, others their objective', async () => {
    const page = await parsedPage(input)
    const samples = (name: string) => page.families.get(name)?.samples.map(({ labels, value }) => [labels.slo, value])
    expect(samples('cohortd_slo_upper_bound')).toEqual([['cheap', 0.2]])
    expect(samples('cohortd_slo_objective_ratio')).toEqual([['availability', 0.999]])
  })
})

describe('values', () => {
  const counts: Counts = { good: [1], sum: 12.5, count: 4, quantiles: [7] }
  it.each<[string, Sli, string[]]>([
    ['of a metric, sum and count always', metricSli('s'), ['_sum', '_count']],
    [
      'of a metric, quantiles where there are percentiles',
      metricSli('s', { percentiles: [0.5] }),
      ['', '_sum', '_count'],
    ],
    [
      'of an attribute of events',
      eventSli('s', { value: { kind: 'attribute', name: 'price' }, percentiles: [0.5] }),
      ['', '_sum', '_count'],
    ],
    ['not of events without one', eventSli('s'), []],
    [
      'not of units that count once',
      eventSli('s', {
        value: { kind: 'attribute', name: 'price' },
        valid: { kind: 'exposures' },
        good: [],
        attribution: { ...UNIT_ATTRIBUTION, oncePerUnit: true },
      }),
      [],
    ],
    ['not of a ratio', ratioSli('s'), []],
    ['not of what was received', ingestSli('s'), []],
  ])('%s', async (_, of, suffixes) => {
    const page = await parsedPage(reading({ slis: [of], slos: [], cohorts: [cohort({ slis: [counts] })] }))
    const names = page.families.get('cohortd_sli_value')?.samples.map(({ name }) => name) ?? []
    expect(names).toEqual(suffixes.map((suffix) => `cohortd_sli_value${suffix}`))
    if (suffixes.length > 0) expect(page.value('cohortd_sli_value_sum', { ...LABELS, sli: 's' })).toBe(12.5)
    expect(page.families.has('cohortd_sli_duration_seconds')).toBe(false)
  })
})

describe('exposures, units and time series', () => {
  const variant = (name: string, processExposures: number, uniqueUnits: number | null) => ({
    experiment: 'checkout',
    variant: name,
    verdict: 'hold',
    processExposures,
    uniqueUnits,
  })

  it('are there, units only of variants whose exposures told one', async () => {
    const page = await parsedPage(
      reading({
        variants: [variant('control', 0, null), variant('treatment', 12.5, 7)],
        streams: { live: 3, points: { duplicates: 0, gaps: 2 } },
      }),
    )
    const samples = (name: string) => page.families.get(name)?.samples.map(({ labels, value }) => [labels, value])
    expect(samples('cohortd_experiment_exposures_total')).toEqual([
      [{ experiment: 'checkout', variant: 'control' }, 0],
      [{ experiment: 'checkout', variant: 'treatment' }, 12.5],
    ])
    expect(samples('cohortd_experiment_unique_units')).toEqual([[{ experiment: 'checkout', variant: 'treatment' }, 7]])
    expect(samples('cohortd_metric_streams')).toEqual([[{}, 3]])
    expect(samples('cohortd_metric_stream_points_total')).toEqual([
      [{ finding: 'duplicates' }, 0],
      [{ finding: 'gaps' }, 2],
    ])
    expect(page.families.get('cohortd_experiment_exposures_total')?.type).toBe('counter')
  })
})
