// What experiments are held against: baselines of untagged traffic, and ingestion as an SLI of its own.
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Sli } from '../../src/model/slo.ts'
import { cohortReport, sliReport, sloReport } from './reports.ts'
import { AVAILABILITY, engineSettings, LATENCY, slo } from './settings.ts'
import { EPOCH_MS, request, span, variantOf } from './traffic.ts'

const at = (seconds: number): number => EPOCH_MS + seconds * 1000

/** `perSecond` spans at each of the seconds, of which the given share is bad; tagged where a variant is named. */
function send(
  engine: Engine,
  from: number,
  until: number,
  sent: { perSecond: number; bad?: number; variant?: string; service?: string },
): void {
  const { perSecond, bad = 0, variant, service = 'shop' } = sent
  for (let second = from; second < until; second++) {
    const attributes = variant === undefined ? {} : variantOf('checkout', variant)
    const spans = Array.from({ length: perSecond }, (_, n) =>
      span({ endMs: at(second), error: n < bad, durationMs: 100, attributes }),
    )
    engine.consume(request(spans, { service }), at(second))
  }
}

describe('a baseline', () => {
  test('is the SLIs of the same segments before the experiment began, and stays as it was', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, 0, 100, { perSecond: 10, bad: 1 })
    send(engine, 0, 100, { perSecond: 5, service: 'cart' })
    send(engine, 100, 110, { perSecond: 10, bad: 5, variant: 'treatment' })
    send(engine, 110, 300, { perSecond: 10, bad: 10 })
    engine.advanceTo(at(301))
    const { baseline } = sliReport(engine, 'checkout/treatment', 'availability')
    expect(baseline).toMatchObject({
      window: '1h',
      taken_at: new Date(at(101)).toISOString(),
      events: 1000,
      good: 900,
      bad: 100,
      good_ratio: 0.9,
    })
    expect(sliReport(engine, 'checkout/treatment', 'latency').baseline?.percentiles?.['0.99']).toBeCloseTo(0.1)
  })

  test('is null where nothing was seen before', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, 0, 5, { perSecond: 1, variant: 'treatment' })
    engine.advanceTo(at(6))
    expect(sliReport(engine, 'checkout/treatment', 'availability').baseline).toBeNull()
  })

  test('of segments that come later is of the time before they came', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, 0, 3, { perSecond: 1, variant: 'treatment' })
    send(engine, 3, 60, { perSecond: 4, service: 'cart' })
    send(engine, 60, 61, { perSecond: 1, variant: 'treatment', service: 'cart' })
    engine.advanceTo(at(62))
    expect(sliReport(engine, 'checkout/treatment/cart', 'availability').baseline?.events).toBe(4 * 57)
  })

  test('goes with the state of the experiment to whoever leads it next', () => {
    const first = new Engine(engineSettings(), EPOCH_MS)
    send(first, 0, 60, { perSecond: 10, bad: 2 })
    send(first, 60, 61, { perSecond: 1, variant: 'treatment' })
    first.advanceTo(at(62))
    const rows = first.takeFlushes(100).filter(({ experiment }) => experiment === 'checkout')
    const state = first.takePublications().find(({ experiment }) => experiment === 'checkout')?.state ?? null
    const second = new Engine(engineSettings(), at(62))
    second.exchange.setState('checkout', state)
    second.exchange.load('checkout', {
      rows: rows.flatMap((draft) => draft.rows.map((row) => ({ ...row, writer: 'a' }))),
      writers: [],
    })
    second.advanceTo(at(70))
    expect(sliReport(second, 'checkout/treatment', 'availability').baseline).toEqual(
      sliReport(first, 'checkout/treatment', 'availability').baseline,
    )
  })

  test('makes no experiment of what belongs to none', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, 0, 5, { perSecond: 100, bad: 100 })
    engine.advanceTo(at(10))
    expect([engine.experiments(), engine.cohorts, engine.variants, engine.takeEvents()]).toEqual([[], [], [], []])
    expect(engine.items().traces).toMatchObject({ received: 500, unattributed: 500 })
    engine.consume(request([span({ endMs: at(10), attributes: variantOf('_untagged_', '_untagged_') })]), at(10))
    expect(engine.items().traces).toMatchObject({ received: 501, unattributed: 501 })
  })
})

describe('ingestion as an SLI', () => {
  const ingest: Sli = { name: 'ingest', from: 'ingest', percentiles: [] }
  const settings = (allocation: Record<string, number> | null) =>
    engineSettings({
      slis: [AVAILABILITY, LATENCY, ingest],
      slos: [slo({ name: 'arrives', sli: 'ingest', objective: 0.8 })],
      experiments: [
        { id: 'checkout', hypothesis: null, owner: null, runbookUrl: null, control: 'control', allocation },
      ],
    })

  test('compares what is received with the planned share of the rate before the experiment', () => {
    const engine = new Engine(settings({ control: 1, treatment: 1 }), EPOCH_MS)
    send(engine, 0, 100, { perSecond: 20 })
    for (let second = 100; second < 200; second++) {
      send(engine, second, second + 1, { perSecond: 10, variant: 'control' })
      send(engine, second, second + 1, { perSecond: 4, variant: 'treatment' })
    }
    engine.advanceTo(at(200))
    const report = sliReport(engine, 'checkout/treatment', 'ingest')
    expect(report.windows['5m'].good).toBe(400)
    expect(report.windows['5m'].events).toBeGreaterThan(970)
    expect(report.windows['5m'].events).toBeLessThan(1010)
    expect(sloReport(engine, 'checkout/treatment', 'arrives').burn['5m']).toBeCloseTo(3, 0)
    expect(sloReport(engine, 'checkout/control', 'arrives').burn['5m']).toBeLessThan(0.2)
  })

  test('without a plan, with the share that the variant has had', () => {
    const engine = new Engine(settings(null), EPOCH_MS)
    send(engine, 0, 400, { perSecond: 20 })
    for (let second = 400; second < 1000; second++) {
      send(engine, second, second + 1, { perSecond: 19, variant: 'control' })
      send(engine, second, second + 1, { perSecond: 1, variant: 'treatment' })
    }
    engine.advanceTo(at(1000))
    const { good_ratio: ratio } = sliReport(engine, 'checkout/treatment', 'ingest').windows['5m']
    expect(ratio).toBeGreaterThan(0.95)
    send(engine, 1000, 1300, { perSecond: 19, variant: 'control' })
    engine.advanceTo(at(1301))
    expect(sliReport(engine, 'checkout/treatment', 'ingest').windows['5m'].good_ratio).toBeLessThan(0.02)
  })

  test('is insufficient where no baseline is known', () => {
    const engine = new Engine(settings(null), EPOCH_MS)
    send(engine, 0, 10, { perSecond: 10, variant: 'treatment' })
    engine.advanceTo(at(11))
    expect(cohortReport(engine, 'checkout/treatment').slos).toMatchObject([{ burn: { '5m': null }, sufficient: false }])
  })
})
