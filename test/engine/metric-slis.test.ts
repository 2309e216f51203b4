// Data points as SLIs: what gauges, counters and histograms add, of both temporalities, and how ratios of two metrics are read.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import type { MetricPart, MetricSli, RatioSli, Sli } from '../../src/model/slo.ts'
import { sliReport, sloReport } from './reports.ts'
import { RowTable } from './row-table.ts'
import { engineSettings, slo } from './settings.ts'
import { type MetricSketch, metrics, type PointSketch } from './telemetry.ts'
import { EPOCH_MS, variantOf } from './traffic.ts'

const TREATMENT = variantOf('checkout', 'treatment')
const COHORT = 'checkout/treatment'

function metricSli(changes: Partial<MetricSli> = {}): MetricSli {
  return {
    name: 'm',
    from: 'metrics',
    metric: 'm',
    where: null,
    ignoreWhen: null,
    badWhen: null,
    goodBelow: null,
    percentiles: [],
    ...changes,
  }
}

function ratio(changes: Partial<RatioSli> = {}): RatioSli {
  const part = (metric: string, taken: MetricPart['part'] = 'value'): MetricPart => ({
    metric,
    part: taken,
    where: null,
  })
  return {
    name: 'r',
    from: 'ratio',
    numerator: part('n'),
    denominator: part('d', 'count'),
    numeratorIs: 'amount',
    percentiles: [],
    ...changes,
  }
}

function engineWith(slis: readonly Sli[], changes: Parameters<typeof engineSettings>[0] = {}): Engine {
  return new Engine(engineSettings({ slis, slos: [], ...changes }), EPOCH_MS)
}

/** Sends points of one metric, each in a request of its own, received at its time. */
function feed(engine: Engine, metric: Omit<MetricSketch, 'points'>, points: readonly PointSketch[]): void {
  for (const point of points)
    engine.consume(metrics([{ ...metric, points: [{ attributes: TREATMENT, ...point }] }]), point.atMs)
  engine.advanceTo(Math.max(...points.map(({ atMs }) => atMs)) + 1000)
}

const at = (seconds: number): number => EPOCH_MS + seconds * 1000

describe('a gauge', () => {
  test('gives an event for each point, good strictly below, and a mean', () => {
    const engine = engineWith([metricSli({ goodBelow: 0.7 })])
    feed(
      engine,
      { name: 'm' },
      [0.5, 0.7, 0.9].map((value, second) => ({ atMs: at(second), value })),
    )
    expect(sliReport(engine, COHORT, 'm')).toMatchObject({ events: 3, good: 1, bad: 2, mean: expect.closeTo(0.7) })
  })
})

describe('a counter', () => {
  const failed: Matcher = [[{ field: 'failed', anyOf: [{ kind: 'equal', operand: true, negated: false }] }]]

  test('of delta temporality counts what its points say, good or bad by their attributes', () => {
    const engine = engineWith([metricSli({ badWhen: failed })])
    const points = [false, true].map((isFailed) => ({
      atMs: at(1),
      startMs: at(0),
      value: isFailed ? 3 : 40,
      attributes: { ...TREATMENT, failed: isFailed },
    }))
    feed(engine, { name: 'm', temporality: 'delta' }, points)
    expect(sliReport(engine, COHORT, 'm')).toMatchObject({ events: 43, good: 40, bad: 3 })
  })

  test('of cumulative temporality counts its increases: from the beginning where it began in our view, else from its first point', () => {
    const values = [10, 25, 25, 5, 9]
    const sent = values.map((value, second) => ({ value, second: second + 1 }))
    const seen = engineWith([metricSli()])
    feed(
      seen,
      { name: 'm', temporality: 'cumulative' },
      sent.map(({ value, second }) => ({ atMs: at(second), startMs: at(0), value })),
    )
    expect(sliReport(seen, COHORT, 'm').events).toBe(10 + 15 + 0 + 5 + 4)
    const old = engineWith([metricSli()])
    feed(
      old,
      { name: 'm', temporality: 'cumulative' },
      sent.map(({ value, second }) => ({ atMs: at(second), startMs: at(-90_000), value })),
    )
    expect(sliReport(old, COHORT, 'm').events).toBe(15 + 0 + 5 + 4)
  })
})

test('a cumulative counter that a process before this one has counted is not counted from its beginning', () => {
  const point = (seconds: number, value: number): PointSketch => ({ atMs: at(seconds), startMs: at(-30), value })
  const before = new Engine(engineSettings({ slis: [metricSli()], slos: [] }), at(-60))
  const table = new RowTable()
  feed(before, { name: 'm', temporality: 'cumulative' }, [point(-20, 50), point(-10, 110)])
  table.flush('before', before)
  const after = engineWith([metricSli()])
  after.exchange.rebuild('checkout', table.othersOf('after'), null)
  feed(after, { name: 'm', temporality: 'cumulative' }, [point(1, 115), point(11, 118)])
  expect(sliReport(after, COHORT, 'm').events).toBe(113)
})

describe('a histogram', () => {
  const bounds = [0.1, 0.3, 1]

  test('is counted exactly where the bound of good values is one of its buckets', () => {
    const engine = engineWith([metricSli({ goodBelow: 0.3, percentiles: [0.5] })])
    feed(engine, { name: 'm', temporality: 'delta' }, [
      { atMs: at(1), startMs: at(0), bounds, counts: [10, 20, 5, 1], sum: 9 },
      { atMs: at(2), startMs: at(1), bounds, counts: [0, 0, 4, 0], sum: 2 },
    ])
    const report = sliReport(engine, COHORT, 'm')
    expect(report).toMatchObject({ events: 40, good: 30, bad: 10, mean: expect.any(Number) })
    expect(report.estimated).toBeUndefined()
    expect(report.percentiles?.['0.5']).toBeGreaterThan(0.1)
    expect(report.percentiles?.['0.5']).toBeLessThan(0.3)
    expect(report.percentile_errors?.['0.5']).toBeCloseTo(0.2)
  })

  test('is interpolated, and says so, where it is not', () => {
    const engine = engineWith([metricSli({ goodBelow: 0.2 })])
    feed(engine, { name: 'm', temporality: 'delta' }, [{ atMs: at(1), startMs: at(0), bounds, counts: [10, 20, 5, 1] }])
    const report = sliReport(engine, COHORT, 'm')
    expect(report).toMatchObject({ events: 36, estimated: true })
    expect(report.good).toBeCloseTo(20)
  })

  test.each([
    ['s', 0.1],
    ['ms', 100],
    ['us', 100_000],
    ['', 0.1],
  ])('in %s is held against a bound that is a duration, in its own unit', (unit, bound) => {
    const engine = engineWith([metricSli({ goodBelow: 0.1, goodBelowUnit: 'seconds' })])
    feed(engine, { name: 'm', temporality: 'delta', unit }, [
      { atMs: at(1), startMs: at(0), bounds: [bound / 10, bound, 10 * bound], counts: [1, 2, 4, 8] },
    ])
    const report = sliReport(engine, COHORT, 'm')
    expect(report).toMatchObject({ good: 3, bad: 12 })
    expect(report).not.toHaveProperty('estimated')
  })

  test('of cumulative temporality is counted by what its buckets gain', () => {
    const engine = engineWith([metricSli({ goodBelow: 0.3 })])
    feed(engine, { name: 'm', temporality: 'cumulative' }, [
      { atMs: at(1), startMs: at(0), bounds, counts: [10, 20, 5, 1] },
      { atMs: at(2), startMs: at(0), bounds, counts: [15, 20, 6, 1] },
      { atMs: at(4), startMs: at(3), bounds, counts: [1, 0, 0, 1] },
    ])
    expect(sliReport(engine, COHORT, 'm')).toMatchObject({ events: 44, good: 36, bad: 8 })
  })

  test('has the mean that its sum tells, through a store too', () => {
    const engine = engineWith([metricSli({ goodBelow: 0.25 })])
    const point = { bounds: [0.1, 0.25, 0.5], counts: [10, 20, 30, 40], sum: 60 }
    feed(engine, { name: 'm', temporality: 'delta' }, [
      { atMs: at(1), startMs: at(0), ...point },
      { atMs: at(2), startMs: at(1), ...point, min: 0.01, max: 3 },
      { atMs: at(3), startMs: at(2), bounds: [0.6], counts: [100, 0] },
    ])
    const mean = (60 + 60 + 30) / 300
    expect(sliReport(engine, COHORT, 'm').mean).toBeCloseTo(mean)
    const table = new RowTable()
    table.flush('before', engine)
    const after = engineWith([metricSli({ goodBelow: 0.25 })])
    after.exchange.rebuild('checkout', table.othersOf('after'), null)
    after.advanceTo(at(4))
    expect(sliReport(after, COHORT, 'm').mean).toBeCloseTo(mean)
  })

  test('of exponential buckets is counted by its scale', () => {
    const engine = engineWith([metricSli({ goodBelow: 8, percentiles: [0.5] })])
    // Scale 0: bucket i holds (2^i, 2^(i+1)].
    feed(engine, { name: 'm', temporality: 'delta' }, [
      { atMs: at(1), startMs: at(0), scale: 0, offset: 1, counts: [3, 4, 5], zeroCount: 2 },
    ])
    const report = sliReport(engine, COHORT, 'm')
    expect(report).toMatchObject({ events: 14, good: 9, bad: 5 })
    expect(report.estimated).toBeUndefined()
  })
})

test('a summary is counted, and refused with a warning where single values are asked for', () => {
  const part = (metric: string, taken: MetricPart['part']): MetricPart => ({ metric, part: taken, where: null })
  const slis = [
    metricSli({ name: 'calls' }),
    metricSli({ name: 'fast', goodBelow: 0.3 }),
    metricSli({ name: 'p99', percentiles: [0.99] }),
    ratio({ numerator: part('m', 'sum'), denominator: part('m', 'count') }),
  ]
  const engine = engineWith(slis)
  const quantiles = { 0.5: 0.2, 0.99: 0.9 }
  feed(engine, { name: 'm' }, [
    { atMs: at(1), startMs: at(0), quantiles, count: 10, sum: 3 },
    { atMs: at(11), startMs: at(0), quantiles, count: 30, sum: 8 },
  ])
  expect(sliReport(engine, COHORT, 'calls')).toMatchObject({ events: 30, good: 30, mean: expect.closeTo(8 / 30) })
  expect(sliReport(engine, COHORT, 'r').windows['5m'].ratio).toBeCloseTo(8 / 30)
  const [report] = engine.report().experiments
  expect(report.warnings.map(({ code, message }) => `${code}: ${message.slice(0, 8)}`)).toEqual([
    'summary_without_values: SLI fast',
    'summary_without_values: SLI p99 ',
  ])
  expect(report.variants[0].cohorts[0].slis.map(({ sli }) => sli)).toEqual(['calls', 'r'])
})

describe('a ratio of two metrics', () => {
  test('with an amount burns against an upper bound', () => {
    const bound = slo({ name: 'cheap', sli: 'r', objective: null, upperBound: 0.01 })
    const engine = engineWith([ratio()], { slos: [bound] })
    const requests = { atMs: at(1), startMs: at(0), bounds: [1], counts: [900, 100], attributes: TREATMENT }
    const cost = { atMs: at(1), startMs: at(0), value: 15.5, attributes: TREATMENT }
    engine.consume(
      metrics([
        { name: 'd', temporality: 'delta', points: [requests] },
        { name: 'n', temporality: 'delta', points: [cost] },
      ]),
      at(1),
    )
    engine.advanceTo(at(2))
    const { events, good, bad, windows } = sliReport(engine, COHORT, 'r')
    expect({ events, good, bad, ratio: windows['5m'].ratio }).toEqual({
      events: 1000,
      good: null,
      bad: null,
      ratio: 0.0155,
    })
    expect(sloReport(engine, COHORT, 'cheap')).toMatchObject({
      objective: null,
      upper_bound: 0.01,
      burn: { '5m': 1.55 },
    })
  })

  test('of good ones to all is judged by an objective', () => {
    const part = (metric: string): MetricPart => ({ metric, part: 'value', where: null })
    const rows = ratio({ numerator: part('valid'), denominator: part('rows'), numeratorIs: 'good' })
    const engine = engineWith([rows], { slos: [slo({ name: 'accurate', sli: 'r', objective: 0.99 })] })
    const sum = (name: string, value: number): MetricSketch => ({
      name,
      temporality: 'delta',
      points: [{ atMs: at(1), startMs: at(0), value, attributes: TREATMENT }],
    })
    engine.consume(metrics([sum('valid', 980), sum('rows', 1000)]), at(1))
    engine.advanceTo(at(2))
    expect(sliReport(engine, COHORT, 'r')).toMatchObject({ events: 1000, good: 980, bad: 20 })
    expect(sloReport(engine, COHORT, 'accurate').burn['5m']).toBe(2)
  })
})

describe('the ledger of points', () => {
  test('tells points of any metric apart, whether an SLI looks at them or not', () => {
    const engine = engineWith([metricSli()])
    const point = (second: number, attributes = {}) => ({ atMs: at(second), value: 1, attributes })
    const points = [point(0, TREATMENT), point(0), point(-61, TREATMENT), point(62, TREATMENT)]
    engine.consume(metrics(['m', 'other'].map((name) => ({ name, points }))), EPOCH_MS)
    expect(engine.items().metrics).toEqual({
      received: 8,
      attributed: 2,
      unattributed: 2,
      pending: 0,
      duplicate: 0,
      refused: { late: 2, future: 2 },
    })
  })

  test('refuses points of new cumulative time series beyond the limit, and says so', () => {
    const engine = engineWith([metricSli()], { streams: { limit: 2, expiryMs: 900_000 } })
    const points = ['a', 'b', 'c'].map((pod) => ({
      atMs: at(1),
      startMs: at(0),
      value: 1,
      attributes: { ...TREATMENT, pod },
    }))
    const outcome = engine.consume(metrics([{ name: 'm', temporality: 'cumulative', points }]), at(1))
    expect(outcome).toMatchObject({
      kind: 'accepted',
      refused: 1,
      message: expect.stringContaining('cumulative time series'),
    })
    expect(engine.items().metrics).toMatchObject({ received: 3, attributed: 2, refused: { limit: 1 } })
  })

  test('is complete whatever comes', () => {
    const arrival = fc.record({
      second: fc.integer({ min: -100, max: 100 }),
      tagged: fc.boolean(),
      metric: fc.constantFrom('m', 'other'),
      temporality: fc.constantFrom('delta', 'cumulative', undefined),
      value: fc.integer({ min: 0, max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 40 }), (arrivals) => {
        const engine = engineWith([metricSli()])
        for (const { second, tagged, metric, temporality, value } of arrivals)
          engine.consume(
            metrics([
              {
                name: metric,
                ...(temporality === undefined ? {} : { temporality }),
                points: [{ atMs: at(second), startMs: at(second - 10), value, attributes: tagged ? TREATMENT : {} }],
              },
            ]),
            EPOCH_MS,
          )
        const items = engine.items().metrics
        if (arrivals.length === 0) return
        if (!('refused' in items)) throw new Error('no items')
        const refused = Object.values(items.refused).reduce((sum, count) => sum + count, 0)
        expect(items.attributed + items.unattributed + items.duplicate + refused).toBe(arrivals.length)
      }),
      { numRuns: 60 },
    )
  })
})
