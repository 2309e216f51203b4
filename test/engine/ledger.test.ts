import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { ItemsReport } from '../../src/model/report.ts'
import { engineSettings } from './settings.ts'
import { EPOCH_MS, request, type SpanSketch, span, variantOf } from './traffic.ts'

const TAGGED = variantOf('checkout', 'treatment')
const TRACE_A = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

function traces(engine: Engine): ItemsReport {
  const report = engine.ledger.report('traces')
  return { ...EMPTY, ...report }
}

function send(engine: Engine, sketches: readonly SpanSketch[], nowMs = EPOCH_MS) {
  return engine.consume(request(sketches.map(span)), nowMs)
}

describe('the ledger', () => {
  test('a tagged span is attributed, one without tags or trace is not', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, [{ endMs: EPOCH_MS, attributes: TAGGED }, { endMs: EPOCH_MS }])
    expect(traces(engine)).toEqual({
      received: 2,
      attributed: 1,
      unattributed: 1,
      pending: 0,
      duplicate: 0,
      refused: {},
    })
  })

  test('late is judged at receipt against allowed_lateness, to the millisecond, and told as partial success', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const outcome = send(engine, [
      { endMs: EPOCH_MS - 60_000, attributes: TAGGED },
      { endMs: EPOCH_MS - 60_001, attributes: TAGGED },
      { endMs: EPOCH_MS + 60_000, attributes: TAGGED },
      { endMs: EPOCH_MS + 60_001, attributes: TAGGED },
    ])
    expect(outcome).toEqual({
      kind: 'accepted',
      refused: 2,
      message: 'not counted: 1 late: ended more than 1m ago, or tell no time; 1 future: end more than 1m from now',
    })
    expect(traces(engine)).toMatchObject({ received: 4, attributed: 2, refused: { late: 1, future: 1 } })
  })

  test('an untagged span waits for its trace, and is attributed to the experiment of a span that comes later', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, [{ endMs: EPOCH_MS, traceId: TRACE_A }])
    expect(traces(engine)).toMatchObject({ received: 1, pending: 1 })
    send(engine, [{ endMs: EPOCH_MS, traceId: TRACE_A, attributes: TAGGED }], EPOCH_MS + 10_000)
    expect(traces(engine)).toMatchObject({ received: 2, attributed: 2, pending: 0 })
    engine.advanceTo(EPOCH_MS + 60_000)
    expect(engine.experiment('checkout')?.variants[0].cohorts[0].slis[0].events).toBe(2)
  })

  test('a span whose trace says nothing within the wait is unattributed', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    send(engine, [{ endMs: EPOCH_MS, traceId: TRACE_A }])
    engine.advanceTo(EPOCH_MS + 10_001)
    expect(traces(engine)).toMatchObject({ received: 1, unattributed: 1, pending: 0 })
  })

  test('a request that is sent again within the retry window is acknowledged alike and counted once', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const spans = [
      span({ endMs: EPOCH_MS, attributes: TAGGED }),
      span({ endMs: EPOCH_MS - 90_000, attributes: TAGGED }),
    ]
    const first = engine.consume(request(spans, { identity: 'r' }), EPOCH_MS)
    const again = engine.consume(request(spans, { identity: 'r' }), EPOCH_MS + 299_000)
    expect(again).toEqual(first)
    expect(traces(engine)).toEqual({
      received: 4,
      attributed: 1,
      unattributed: 0,
      pending: 0,
      duplicate: 2,
      refused: { late: 1 },
    })
    engine.consume(
      request([span({ endMs: EPOCH_MS + 301_000, attributes: TAGGED })], { identity: 'r' }),
      EPOCH_MS + 301_000,
    )
    expect(traces(engine)).toMatchObject({ attributed: 2, duplicate: 2 })
  })

  test('bytes that break off in the middle of a request count nothing of it, and one malformed item', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const whole = request(Array.from({ length: 20 }, () => span({ endMs: EPOCH_MS, attributes: TAGGED })))
    const outcome = engine.consume({ ...whole, body: whole.body.subarray(0, whole.body.length - 3) }, EPOCH_MS)
    expect(outcome.kind).toBe('malformed')
    expect(traces(engine)).toEqual({
      received: 1,
      attributed: 0,
      unattributed: 0,
      pending: 0,
      duplicate: 0,
      refused: { malformed: 1 },
    })
    expect(engine.experiments()).toEqual([])
  })

  test('a malformed request may be sent again whole', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const whole = request([span({ endMs: EPOCH_MS, attributes: TAGGED })], { identity: 'same' })
    engine.consume({ ...whole, body: whole.body.subarray(0, 10) }, EPOCH_MS)
    expect(engine.consume(whole, EPOCH_MS).kind).toBe('accepted')
    expect(traces(engine)).toMatchObject({ attributed: 1, refused: { malformed: 1 } })
  })

  test('a new experiment past the limit is refused as limit, unless the span has another one', () => {
    const { limits } = engineSettings()
    const engine = new Engine(engineSettings({ limits: { ...limits, experiments: 1 } }), EPOCH_MS)
    send(engine, [{ endMs: EPOCH_MS, attributes: TAGGED }])
    const outcome = send(engine, [
      { endMs: EPOCH_MS, attributes: variantOf('another', 'on') },
      { endMs: EPOCH_MS, attributes: { ...TAGGED, 'experiment.variant_of.third': 'on' } },
    ])
    expect(outcome).toMatchObject({ kind: 'accepted', refused: 1 })
    expect(traces(engine)).toMatchObject({ received: 3, attributed: 2, refused: { limit: 1 } })
  })

  test('segments and variants past their limits are counted as _other_, within the variant and the experiment', () => {
    const { limits } = engineSettings()
    const engine = new Engine(
      engineSettings({ limits: { ...limits, cohortsPerExperiment: 2, variantsPerExperiment: 2 } }),
      EPOCH_MS,
    )
    for (const service of ['a', 'b', 'c', 'd']) {
      engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })], { service }), EPOCH_MS)
    }
    for (const variant of ['control', 'third', 'fourth']) {
      engine.consume(request([span({ endMs: EPOCH_MS, attributes: variantOf('checkout', variant) })]), EPOCH_MS)
    }
    engine.advanceTo(EPOCH_MS + 1000)
    const report = engine.experiment('checkout')!
    const counts = report.variants.flatMap(({ variant, cohorts }) =>
      cohorts.map((cohort) => [variant, cohort.segments['service.name'], cohort.slis[0].events]),
    )
    expect(counts).toEqual([
      ['treatment', 'a', 1],
      ['treatment', 'b', 1],
      ['treatment', '_other_', 2],
      ['control', '_other_', 1],
      ['_other_', '_other_', 2],
    ])
    expect(report.warnings.map(({ code }) => code)).toEqual(['cohort_limit', 'variant_limit'])
    expect(traces(engine)).toMatchObject({ received: 7, attributed: 7, refused: {} })
  })

  test('holds at every moment, for any traffic: received is the sum of all that became of it', () => {
    const sketch = fc.record({
      ageMs: fc.integer({ min: -70_000, max: 70_000 }),
      trace: fc.integer({ min: 0, max: 4 }),
      tag: fc.constantFrom(null, 'a', 'b', 'c'),
    })
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 8000 }),
      spans: fc.array(sketch, { maxLength: 8 }),
      repeat: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { limits } = engineSettings()
        const engine = new Engine(engineSettings({ limits: { ...limits, experiments: 2 } }), EPOCH_MS)
        let nowMs = EPOCH_MS
        let sent = 0
        for (const { waitMs, spans, repeat } of steps) {
          nowMs += waitMs
          const one = request(
            spans.map(({ ageMs, trace, tag }) =>
              span({
                endMs: nowMs - ageMs,
                attributes: tag === null ? {} : variantOf(tag, 'on'),
                ...(trace === 0 ? {} : { traceId: String(trace).repeat(32) }),
              }),
            ),
          )
          for (let times = 0; times < (repeat ? 2 : 1); times++) {
            engine.consume(one, nowMs)
            sent += spans.length
            const { received, attributed, unattributed, pending, duplicate, refused } = {
              ...EMPTY,
              ...engine.ledger.report('traces'),
            }
            expect(received).toBe(sent)
            expect(attributed + unattributed + pending + duplicate + sum(Object.values(refused))).toBe(sent)
          }
        }
        engine.advanceTo(nowMs + 20_000)
        expect({ ...EMPTY, ...engine.ledger.report('traces') }).toMatchObject({ received: sent, pending: 0 })
      }),
      { numRuns: 200 },
    )
  })
})

const EMPTY: ItemsReport = { received: 0, attributed: 0, unattributed: 0, pending: 0, duplicate: 0, refused: {} }

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
