// Random plans and histories of a series, shared by the property tests of this folder.
import fc from 'fast-check'
import { SlicePlan } from '../../src/slices/plan.ts'
import { Series } from '../../src/slices/series.ts'
import type { Event } from './naive-series.ts'

export const START = 1_700_000_123
export const MINUTE = 60
export const HOUR = 3600
export const DAY = 86_400
export const WORKBOOK = [5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY, 30 * DAY]

export function plan(windowsSeconds: readonly number[], latenessSeconds = 60): SlicePlan {
  return new SlicePlan({ windowsSeconds, latenessSeconds, futureSeconds: 60, waitSeconds: 10 })
}

const minutes = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 43_200 }))

export const plans: fc.Arbitrary<SlicePlan> = fc
  .record({
    windows: fc.oneof(
      fc.constant(WORKBOOK),
      fc.constant([5 * MINUTE, HOUR, 30 * DAY]),
      fc.uniqueArray(
        minutes.map((count) => count * MINUTE),
        { maxLength: 8 },
      ),
    ),
    lateness: fc.oneof(fc.constant(60), fc.integer({ min: 0, max: 1000 })),
  })
  .map(({ windows, lateness }) => plan(windows, lateness))

/** An event so many seconds before (or, negative, after) the cursor. */
export type Action =
  | { readonly kind: 'record'; readonly ago: number; readonly event: Omit<Event, 'second'> }
  | { readonly kind: 'advance'; readonly by: number }

const weights = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.double({ min: 0.25, max: 4096, noNaN: true }) },
)
const values = fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 10, noNaN: true }))

const records = fc.record({
  kind: fc.constant('record' as const),
  ago: fc.integer({ min: -90, max: 300 }),
  event: fc.record({ good: fc.boolean(), weight: weights, value: values }),
})

const advances = fc
  .oneof(
    { weight: 8, arbitrary: fc.constant(1) },
    { weight: 4, arbitrary: fc.integer({ min: 2, max: 100 }) },
    { weight: 2, arbitrary: fc.integer({ min: 100, max: 8000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 8000, max: 40 * DAY }) },
  )
  .map((by) => ({ kind: 'advance' as const, by }))

export const histories: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: records }, { weight: 2, arbitrary: advances }),
  { maxLength: 120 },
)

export function play(series: Series, history: readonly Action[], onEvent?: (event: Event) => void): void {
  for (const action of history) {
    if (action.kind === 'advance') {
      series.advance(series.cursor + action.by)
      continue
    }
    const event = { ...action.event, second: series.cursor - action.ago }
    series.record(event.second, event.good, event.weight, event.value)
    onEvent?.(event)
  }
}

export function played(slices: SlicePlan, history: readonly Action[], digest = false): Series {
  const series = new Series(slices, { digest, cursor: START })
  play(series, history)
  return series
}

/** Items of every window: valid and bad by turns. */
export function itemsOf(series: Series, slices: SlicePlan): number[] {
  return slices.windows.flatMap((_, window) => [series.validItems(window), series.badItems(window)])
}

/** Weights of every window: good and bad by turns. */
export function weightsOf(series: Series, slices: SlicePlan): number[] {
  return slices.windows.flatMap((_, window) => [series.good(window), series.bad(window)])
}
