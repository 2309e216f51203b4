import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlicePlan } from '../../src/slices/plan.ts'
import { Series } from '../../src/slices/series.ts'
import { type Event, NaiveSeries, sumWeights } from './naive-series.ts'

const START = 1_700_000_123
const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
const WORKBOOK = [300, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY, 30 * DAY]

function plan(windowsSeconds: readonly number[], latenessSeconds = 60): SlicePlan {
  return new SlicePlan({ windowsSeconds, latenessSeconds, futureSeconds: 60, waitSeconds: 10 })
}

const plans: fc.Arbitrary<SlicePlan> = fc
  .record({
    windows: fc.oneof(
      fc.constant(WORKBOOK),
      fc.constant([300, HOUR, 30 * DAY]),
      fc.constant([]),
      fc.uniqueArray(
        fc
          .oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 43_200 }))
          .map((minutes) => minutes * MINUTE),
        { maxLength: 8 },
      ),
    ),
    lateness: fc.oneof(fc.constant(60), fc.integer({ min: 0, max: 1000 })),
  })
  .map(({ windows, lateness }) => plan(windows, lateness))

const weights = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.double({ min: 0.25, max: 4096, noNaN: true }) },
)

type Action =
  | {
      readonly kind: 'record'
      readonly ago: number
      readonly good: boolean
      readonly weight: number
      readonly value: number
    }
  | { readonly kind: 'advance'; readonly by: number }

const advances = fc.oneof(
  { weight: 8, arbitrary: fc.constant(1) },
  { weight: 4, arbitrary: fc.integer({ min: 2, max: 100 }) },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 8000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 8000, max: 40 * DAY }) },
)

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('record' as const),
        ago: fc.integer({ min: -90, max: 300 }),
        good: fc.boolean(),
        weight: weights,
        value: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 10, noNaN: true })),
      }),
    },
    { weight: 2, arbitrary: advances.map((by) => ({ kind: 'advance' as const, by })) },
  ),
  { maxLength: 120 },
)

function expectEqual(series: Series, naive: NaiveSeries, slices: SlicePlan, cursor: number): void {
  for (let window = 0; window < slices.windows.length; window++) {
    const events = naive.inWindow(window, cursor)
    expect([slices.windows[window], series.validItems(window)]).toEqual([slices.windows[window], events.length])
    expect(series.badItems(window)).toBe(events.filter((event) => !event.good).length)
    expectClose(series.good(window), sumWeights(events, true))
    expectClose(series.bad(window), sumWeights(events, false))
  }
}

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, expected))
}

describe('a series', () => {
  it('holds in every window what a list of all events holds there, whatever the order, lateness and jumps', () => {
    fc.assert(
      fc.property(plans, actions, (slices, script) => {
        let cursor = START
        const series = new Series(slices, { digest: false, cursor })
        const naive = new NaiveSeries(slices)
        for (const action of script) {
          if (action.kind === 'record') {
            const event: Event = { ...action, second: cursor - action.ago }
            expect(series.record(event.second, event.good, event.weight, event.value)).toBe(true)
            naive.events.push(event)
          } else series.advance((cursor += action.by))
          expectEqual(series, naive, slices, cursor)
        }
      }),
      { numRuns: 400 },
    )
  })
})
