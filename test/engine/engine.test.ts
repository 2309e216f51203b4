import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { EXPERIMENT_POLICY, engineSettings, slo, WORKBOOK_POLICY } from './settings.ts'
import { EPOCH_MS, request, type SpanSketch, span, variantOf } from './traffic.ts'

const TAGGED = variantOf('checkout', 'treatment')

/** Spans at random moments within half an hour, some of them late, tagged or in a trace with a tagged one. */
const arrivals = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 1_800_000 }),
    ageMs: fc.integer({ min: -5000, max: 50_000 }),
    variant: fc.constantFrom('control', 'treatment', null),
    error: fc.boolean(),
    durationMs: fc.constantFrom(1, 100, 299.999, 300, 500),
    service: fc.constantFrom('shop', 'cart'),
  }),
  { minLength: 1, maxLength: 150 },
)

type Arrival = typeof arrivals extends fc.Arbitrary<(infer One)[]> ? One : never

function sketch({ atMs, ageMs, variant, error, durationMs }: Arrival): SpanSketch {
  return {
    endMs: EPOCH_MS + atMs - ageMs,
    error,
    durationMs,
    attributes: variant === null ? {} : variantOf('checkout', variant),
    traceId: String(Math.floor(atMs / 8000)).padStart(32, '1'),
  }
}

/** Sends all in order of arrival; `visit` says at which further moments the engine's clock is moved in between. */
function run(
  engine: Engine,
  sorted: readonly Arrival[],
  untilMs: number,
  visit: (fromMs: number, toMs: number) => void,
): string[] {
  let nowMs = EPOCH_MS
  const events: string[] = []
  const moveTo = (toMs: number): void => {
    visit(nowMs, toMs)
    nowMs = toMs
  }
  for (const arrival of sorted) {
    moveTo(EPOCH_MS + arrival.atMs)
    engine.consume(request([span(sketch(arrival))], { service: arrival.service }), nowMs)
  }
  moveTo(untilMs)
  engine.advanceTo(untilMs)
  events.push(...engine.takeEvents().map(({ json }) => json))
  return events
}

const workbook = engineSettings({ slos: [slo({ policy: { ...WORKBOOK_POLICY, minEvents: 5, minBad: 1 } })] })

describe('the engine', () => {
  test('passing over quiet seconds gives the very events and report that ticking at each of them gives', () => {
    fc.assert(
      fc.property(arrivals, (unsorted) => {
        const sorted = unsorted.toSorted((a, b) => a.atMs - b.atMs)
        const untilMs = EPOCH_MS + 9000_000
        const skipping = new Engine(workbook, EPOCH_MS)
        const stepping = new Engine(workbook, EPOCH_MS)
        const skipped = run(skipping, sorted, untilMs, () => {})
        const stepped = run(stepping, sorted, untilMs, (fromMs, toMs) => {
          for (let atMs = fromMs; atMs < toMs; atMs += 1000) stepping.advanceTo(atMs)
        })
        expect(skipped).toEqual(stepped)
        expect(skipping.report()).toEqual(stepping.report())
      }),
      { numRuns: 25 },
    )
  })

  test('counts do not depend on batches or on the order within the wait', () => {
    fc.assert(
      fc.property(
        arrivals,
        fc.array(fc.integer({ min: 1, max: 20 })),
        fc.infiniteStream(fc.nat()),
        (unsorted, sizes, random) => {
          const near = unsorted.map((arrival) => ({ ...arrival, atMs: 30_000 + (arrival.atMs % 9000) }))
          const one = new Engine(engineSettings(), EPOCH_MS)
          const other = new Engine(engineSettings(), EPOCH_MS)
          const nowMs = EPOCH_MS + 40_000
          for (const arrival of near) one.consume(request([span(sketch(arrival))], { service: arrival.service }), nowMs)
          const shuffled = near
            .map((arrival) => ({ arrival, rank: random.next().value }))
            .toSorted((a, b) => a.rank - b.rank)
            .map(({ arrival }) => arrival)
          for (const service of ['shop', 'cart']) {
            const rest = shuffled.filter((arrival) => arrival.service === service)
            for (let at = 0; rest.length > 0; at++) {
              const batch = rest.splice(0, sizes[at % Math.max(1, sizes.length)] ?? 7)
              other.consume(
                request(
                  batch.map((arrival) => span(sketch(arrival))),
                  { service },
                ),
                nowMs,
              )
            }
          }
          one.advanceTo(nowMs + 60_000)
          other.advanceTo(nowMs + 60_000)
          expect(counts(other)).toEqual(counts(one))
        },
      ),
      { numRuns: 60 },
    )

    // Where a trace has spans of both variants, the first tag to arrive wins: only then does the order matter.
    function counts(engine: Engine): unknown {
      return engine.experiments().flatMap(({ variants }) => {
        const byService = new Map<string, number[]>()
        for (const { cohorts } of variants) {
          for (const { segments, slis } of cohorts) {
            const key = segments['service.name']
            const sums = byService.get(key) ?? []
            slis.forEach(({ good, bad }, at) => {
              sums[at * 2] = (sums[at * 2] ?? 0) + good!
              sums[at * 2 + 1] = (sums[at * 2 + 1] ?? 0) + bad!
            })
            byService.set(key, sums)
          }
        }
        return [...byService].toSorted(([a], [b]) => a.localeCompare(b))
      })
    }
  })

  test('durations: the threshold is strict and exact, and an end before the start counts as 0 s with a warning', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const spans = [299.999999, 300, 300.000001, -5].map((durationMs) =>
      span({ endMs: EPOCH_MS, durationMs, attributes: TAGGED }),
    )
    engine.consume(request(spans), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    const latency = engine.experiment('checkout')?.variants[0].cohorts[0].slis[1]
    expect(latency).toMatchObject({ sli: 'latency', events: 4, good: 2, bad: 2 })
    expect(engine.report().warnings).toEqual([
      {
        code: 'negative_duration',
        message: '1 spans ended before they started and were counted with a duration of 0 s',
      },
    ])
  })

  test('a span sampled at one in four counts four times, and once for the guards', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const spans = Array.from({ length: 30 }, (_, at) =>
      span({ endMs: EPOCH_MS, error: at < 3, traceState: 'ot=th:c', attributes: TAGGED }),
    )
    engine.consume(request(spans), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    const cohort = engine.experiment('checkout')?.variants[0].cohorts[0]
    expect(cohort?.slis[0]).toMatchObject({ events: 120, good: 108, bad: 12 })
    expect(cohort?.slos[0]).toMatchObject({ sufficient: false, events: 30, events_required: 50, alert: null })
    expect(cohort?.slos[0].burn['5m']).toBeCloseTo(10, 9)
  })

  test('an experiment that was not declared is told once, with the tick', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS + 300)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS + 400)
    engine.advanceTo(EPOCH_MS + 5000)
    const events = engine.takeEvents().map(({ json }) => JSON.parse(json))
    expect(events).toMatchObject([
      {
        type: 'cohortd.experiment.discovered',
        subject: 'checkout',
        time: '2026-01-01T00:00:01.000Z',
        id: '1767225601000-0',
      },
    ])
  })

  test('the data of a burn event says what fired, where, how badly, and which traces to look at', () => {
    const declared = {
      id: 'checkout',
      hypothesis: null,
      owner: 'payments',
      runbookUrl: 'https://runbooks.test/checkout',
      control: null,
      allocation: null,
    }
    const engine = new Engine(engineSettings({ experiments: [declared] }), EPOCH_MS)
    const spans = Array.from({ length: 100 }, (_, at) =>
      span({ endMs: EPOCH_MS, error: at >= 93, attributes: TAGGED, traceId: at.toString(16).padStart(32, 'f') }),
    )
    engine.consume(request(spans), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    const [event] = engine.takeEvents().map(({ json }) => JSON.parse(json))
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'cohortd.burn.firing',
      source: '/cohortd',
      subject: 'checkout/treatment/shop',
      datacontenttype: 'application/json',
      data: {
        experiment: 'checkout',
        variant: 'treatment',
        segments: { 'service.name': 'shop' },
        slo: 'availability',
        severity: 'page',
        factor: 2,
        gate: 'rollback',
        long: { window: '1h', events: 100, bad: 7 },
        short: { window: '5m', events: 100, bad: 7 },
        shared: false,
        since: '2026-01-01T00:00:01.000Z',
        runbook_url: 'https://runbooks.test/checkout',
        trace_ids: [99, 98, 97, 96, 95].map((at) => at.toString(16).padStart(32, 'f')),
      },
    })
    expect(event.data.short.burn_rate).toBeCloseTo(7, 9)
  })

  test('a variant says hold with the number of events that are missing, and later that nothing compares yet', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    const some = (count: number) =>
      request(Array.from({ length: count }, () => span({ endMs: EPOCH_MS, attributes: TAGGED })))
    engine.consume(some(41), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(engine.experiment('checkout')?.variants[0].verdict).toEqual({
      verdict: 'hold',
      sufficient: false,
      reasons: [{ code: 'insufficient_data', message: '41 of 50 events' }],
      events: 41,
      events_required: 50,
    })
    engine.consume(some(9), EPOCH_MS + 1000)
    engine.advanceTo(EPOCH_MS + 2000)
    expect(engine.experiment('checkout')?.variants[0].verdict).toMatchObject({
      sufficient: true,
      reasons: [{ code: 'no_verdict_yet' }],
    })
  })

  test('the verdict counts the events of an SLO over all cohorts, and tells of the SLO that has most of what it needs', () => {
    const demanding = { ...EXPERIMENT_POLICY, minEvents: 100 }
    const slos = [slo({ policy: demanding }), slo({ name: 'fast', sli: 'latency' })]
    const engine = new Engine(engineSettings({ slos }), EPOCH_MS)
    for (const [service, count] of [
      ['a', 20],
      ['b', 21],
    ] as const) {
      const spans = Array.from({ length: count }, () => span({ endMs: EPOCH_MS, attributes: TAGGED }))
      engine.consume(request(spans, { service }), EPOCH_MS)
    }
    engine.advanceTo(EPOCH_MS + 1000)
    expect(engine.experiment('checkout')?.variants[0].verdict).toMatchObject({ events: 41, events_required: 50 })
  })

  test('without an SLO the verdict says that there is none, and is never sufficient', () => {
    const engine = new Engine(engineSettings({ slos: [] }), EPOCH_MS)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(engine.experiment('checkout')?.variants[0].verdict).toEqual({
      verdict: 'hold',
      reasons: [{ code: 'insufficient_data', message: 'no SLO is configured' }],
      sufficient: false,
      events: 0,
      events_required: null,
    })
  })

  test('an idle cohort leaves /metrics after idle_expiry, and the report once no window holds it', () => {
    const engine = new Engine(engineSettings({ slos: [slo({ windowSeconds: 2 * 86_400 })] }), EPOCH_MS)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 86_400_000)
    expect(engine.cohorts).toHaveLength(1)
    engine.advanceTo(EPOCH_MS + 86_401_000)
    expect(engine.cohorts).toHaveLength(0)
    expect(engine.experiment('checkout')).not.toBeNull()
    engine.advanceTo(EPOCH_MS + 2 * 86_400_000 + 120_000)
    expect(engine.experiment('checkout')).toBeNull()
  })

  test('a new experiment past the limit takes the place of the one that has been idle for idle_expiry', () => {
    const { limits } = engineSettings()
    const engine = new Engine(engineSettings({ limits: { ...limits, experiments: 2 } }), EPOCH_MS)
    const send = (experiment: string, atMs: number): string =>
      engine.consume(
        request([span({ endMs: EPOCH_MS + atMs, attributes: variantOf(experiment, 'on') })]),
        EPOCH_MS + atMs,
      ).kind === 'accepted'
        ? engine
            .experiments()
            .map(({ id }) => id)
            .join(' ')
        : 'refused'
    const day = 86_400_000
    expect(send('old', 0)).toBe('old')
    expect(send('young', day)).toBe('old young')
    expect(send('third', day), 'old has been idle for a day, not for longer').toBe('old young')
    expect(send('third', day + 1)).toBe('young third')
    engine.advanceTo(EPOCH_MS + day + 2000)
    expect(engine.experiments().map(({ id, variants }) => [id, variants[0].cohorts[0].slis[0].events])).toEqual([
      ['young', 1],
      ['third', 1],
    ])
    expect(engine.cohorts.map(({ experiment }) => experiment).sort()).toEqual(['third', 'young'])
    expect(engine.exchange.takeForgotten()).toEqual(['old'])
    expect(engine.takeFlushes(10).map(({ rows, dropped }) => [rows.length, dropped.length])).toEqual([
      [1, 0],
      [1, 0],
    ])
    expect(engine.counters).toMatchObject({ idleExperiments: 1, refusedExperiments: 1 })
    expect(send('old', day + 3000), 'and now nobody is idle for so long').toBe('young third')
  })

  test('a clock that is set back is held, so nothing is counted in the past', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 10_000)
    engine.consume(request([span({ endMs: EPOCH_MS + 10_000, attributes: TAGGED })]), EPOCH_MS - 3600_000)
    engine.advanceTo(EPOCH_MS + 11_000)
    expect(engine.experiment('checkout')?.variants[0].cohorts[0].slis[0].windows['5m'].events).toBe(1)
  })
})
