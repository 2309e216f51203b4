import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NaiveInheritance } from './naive-inheritance.ts'
import { Player } from './traffic.ts'

const WAIT_MS = 100

interface Arrival {
  readonly trace: number
  /** Null: the span has no tag. */
  readonly tags: Readonly<Record<string, string>> | null
}

const experiment = fc.constantFrom('a', 'b', 'c')
const tags = fc.dictionary(experiment, fc.constantFrom('x', 'y'), { minKeys: 1, maxKeys: 3 })

function arrivals(traceCount: number): fc.Arbitrary<Arrival> {
  return fc.record({ trace: fc.integer({ min: 1, max: traceCount }), tags: fc.option(tags, { freq: 2 }) })
}

test('whatever arrives, deliveries, releases and pending items are those of the naive model at every step', () => {
  const step = fc.record({
    arrival: fc.option(arrivals(4), { freq: 8 }),
    laterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 }), fc.constantFrom(WAIT_MS, WAIT_MS + 1)),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.subarray(['a', 'b', 'c']), (steps, refused) => {
      const player = new Player({ waitMs: WAIT_MS, refused })
      const model = new NaiveInheritance(WAIT_MS, refused)
      let nowMs = 0
      let attributedNow = 0
      let parked = 0
      for (const [span, { arrival, laterMs }] of steps.entries()) {
        nowMs += laterMs
        if (arrival === null) {
          player.traces.advance(nowMs)
          model.advance(nowMs)
        } else if (arrival.tags === null) {
          parked++
          const now = player.untagged(nowMs, arrival.trace, span)
          if (now) attributedNow++
          expect(now).toBe(model.untagged(nowMs, arrival.trace, span))
        } else {
          player.tagged(nowMs, arrival.trace, arrival.tags)
          model.tagged(nowMs, arrival.trace, arrival.tags)
        }
        expect(player.traces.pendingItems).toBe(model.pendingItems)
        expect(player.firsts.length + player.releases.length + player.traces.pendingItems).toBe(parked)
        expect(player.releases.toSorted()).toEqual(model.releases.toSorted())
      }
      expect(player.deliveries.toSorted()).toEqual(model.deliveries.toSorted())
      expect(new Set(player.firsts).size).toBe(player.firsts.length)
      expect(player.firsts.length).toBeGreaterThanOrEqual(attributedNow)
      expect(player.traces.evicted + player.traces.forgottenTraces + player.traces.droppedTags).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('within the wait, which span is attributed to which experiment does not depend on the order of arrival', () => {
  const traffic = fc.array(arrivals(3), { minLength: 1, maxLength: 30 })
  const withOrders = traffic.chain((spans) => {
    const numbers = spans.map((_, span) => span)
    return fc.record({
      spans: fc.constant(spans),
      order: fc.shuffledSubarray(numbers, { minLength: numbers.length }),
      gapsMs: fc.array(fc.integer({ min: 0, max: Math.floor(WAIT_MS / spans.length) }), {
        minLength: spans.length,
        maxLength: spans.length,
      }),
    })
  })
  fc.assert(
    fc.property(withOrders, ({ spans, order, gapsMs }) => {
      const inTurn = deliveredPairs(
        spans,
        spans.map((_, span) => span),
        gapsMs,
      )
      expect(deliveredPairs(spans, order, gapsMs)).toEqual(inTurn)
    }),
    { numRuns: 300 },
  )
})

/** The (span, experiment) pairs that come of the spans in this order, with these gaps before each. */
function deliveredPairs(spans: readonly Arrival[], order: readonly number[], gapsMs: readonly number[]): string[] {
  const player = new Player({ waitMs: WAIT_MS })
  let nowMs = 0
  for (const [at, span] of order.entries()) {
    nowMs += gapsMs[at]
    const { trace, tags } = spans[span]
    if (tags === null) player.untagged(nowMs, trace, span)
    else player.tagged(nowMs, trace, tags)
    if (at % 3 === 0) player.traces.advance(nowMs)
  }
  player.traces.advance(nowMs + 2 * WAIT_MS + 1)
  expect(player.traces.pendingItems).toBe(0)
  return player.deliveries.map((delivery) => delivery.split('=')[0]).toSorted()
}

test('thousands of traces and spans that come and go, through growth and wrap-around, equal the naive model', () => {
  const player = new Player({ waitMs: WAIT_MS, maxBytes: 1 << 20 })
  const model = new NaiveInheritance(WAIT_MS, [])
  let random = 42
  const next = (bound: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((random / 2 ** 32) * bound)
  }
  let nowMs = 0
  for (let span = 0; span < 12_000; span++) {
    // Bursts fill the ring and the table, pauses empty them.
    if (next(10) === 0) nowMs += next(span % 4000 < 3000 ? 3 : 60)
    const trace = 1 + Math.floor(span / 20) + next(40)
    if (next(3) === 0) {
      const tags = { [`e${next(3)}`]: `v${next(2)}` }
      player.tagged(nowMs, trace, tags)
      model.tagged(nowMs, trace, tags)
    } else {
      player.untagged(nowMs, trace, span)
      model.untagged(nowMs, trace, span)
    }
    if (span % 500 === 0) expect(player.traces.pendingItems).toBe(model.pendingItems)
  }
  expect(player.traces.parkedItems).toBeGreaterThan(0)
  player.traces.advance(nowMs + 10 * WAIT_MS)
  model.advance(nowMs + 10 * WAIT_MS)
  expect(player.traces.evicted).toBe(0)
  expect(player.deliveries.toSorted()).toEqual(model.deliveries.toSorted())
  expect(player.releases.length).toBe(model.releases.length)
  expect(player.traces.traceCount + player.traces.parkedItems + player.traces.pendingItems).toBe(0)
})

test('however little room there is, every parked span ends exactly once and the bound holds', () => {
  const step = fc.record({ arrival: arrivals(300), laterMs: fc.integer({ min: 0, max: 3 }) })
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 100, maxLength: 600, size: 'max' }),
      fc.integer({ min: 9000, max: 30_000 }),
      (steps, maxBytes) => {
        const player = new Player({ waitMs: WAIT_MS, maxBytes })
        const floor = player.traces.bytes
        let nowMs = 0
        let parked = 0
        for (const [span, { arrival, laterMs }] of steps.entries()) {
          nowMs += laterMs
          if (arrival.tags === null) {
            parked++
            player.untagged(nowMs, arrival.trace, span)
          } else player.tagged(nowMs, arrival.trace, arrival.tags)
          expect(player.traces.bytes).toBeLessThanOrEqual(Math.max(maxBytes, floor + maxBytes / 10))
          expect(player.firsts.length + player.releases.length + player.traces.pendingItems).toBe(parked)
        }
        player.traces.advance(nowMs + 2 * WAIT_MS)
        expect(player.traces.pendingItems).toBe(0)
        expect(new Set(player.firsts).size + player.releases.length).toBe(parked)
      },
    ),
    { numRuns: 30 },
  )
})
