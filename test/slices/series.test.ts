import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SlicePlan } from '../../src/slices/plan.ts'
import { Series } from '../../src/slices/series.ts'
import {
  DAY,
  HOUR,
  histories,
  itemsOf,
  MINUTE,
  plan,
  plans,
  play,
  played,
  START,
  WORKBOOK,
  weightsOf,
} from './arbitraries.ts'
import { expectClose } from './close.ts'
import { NaiveSeries, sumWeights } from './naive-series.ts'

function expectEqual(series: Series, naive: NaiveSeries, slices: SlicePlan): void {
  const windows = slices.windows.map((_, window) => naive.inWindow(window, series.cursor))
  expect(itemsOf(series, slices)).toEqual(
    windows.flatMap((events) => [events.length, events.filter((event) => !event.good).length]),
  )
  expectClose(
    weightsOf(series, slices),
    windows.flatMap((events) => [sumWeights(events, true), sumWeights(events, false)]),
  )
}

/** Which events each window holds: what enters may weigh the same as what leaves in that second. */
function contents(naive: NaiveSeries, slices: SlicePlan, cursor: number): number[][] {
  return slices.windows.map((_, window) => naive.inWindow(window, cursor).map((event) => naive.events.indexOf(event)))
}

describe('a series', () => {
  it('holds in every window what a list of all events holds there, whatever the order, lateness and jumps', () => {
    fc.assert(
      fc.property(plans, histories, (slices, history) => {
        const series = new Series(slices, { digest: false, cursor: START })
        const naive = new NaiveSeries(slices)
        for (const action of history) {
          play(series, [action], (event) => naive.events.push(event))
          expectEqual(series, naive, slices)
        }
        expect(series.totalItems).toBe(naive.events.length)
        expectClose(
          [series.totalGood, series.totalBad],
          [sumWeights(naive.events, true), sumWeights(naive.events, false)],
        )
        expectClose([series.processGood, series.processBad], [series.totalGood, series.totalBad])
        expect(series.lastRecordedSecond).toBe(Math.max(0, ...naive.events.map((event) => event.second)))
      }),
      { numRuns: 400 },
    )
  })

  it('holds the same after steady traffic for two months as a list of all events', () => {
    const slices = plan(WORKBOOK)
    const series = new Series(slices, { digest: false, cursor: START })
    const naive = new NaiveSeries(slices)
    for (let i = 1; i <= 3000; i++) {
      const event = {
        second: series.cursor - (i % 70),
        good: i % 7 > 0,
        weight: i % 11 === 0 ? 2.5 : 1,
        value: Number.NaN,
      }
      series.record(event.second, event.good, event.weight, event.value)
      naive.events.push(event)
      series.advance(series.cursor + 1 + ((i * 7919) % 3400))
      if (i % 100 === 0) expectEqual(series, naive, slices)
    }
  })

  it('goes from second to second exactly as in one jump', () => {
    fc.assert(
      fc.property(plans, histories, fc.integer({ min: 33, max: 4000 }), (slices, history, seconds) => {
        const jumping = played(slices, history)
        const walking = played(slices, history)
        jumping.advance(jumping.cursor + seconds)
        for (let i = 0; i < seconds; i++) walking.advance(walking.cursor + 1)
        expect(itemsOf(walking, slices)).toEqual(itemsOf(jumping, slices))
        expectClose(weightsOf(walking, slices), weightsOf(jumping, slices))
        expect(walking.encode()).toEqual(jumping.encode())
      }),
      { numRuns: 100 },
    )
  })

  it('names the first second at which a window changes', () => {
    const shortPlans = fc
      .uniqueArray(fc.integer({ min: 1, max: 25 }), { maxLength: 5 })
      .map((minutes) => plan(minutes.map((count) => count * MINUTE)))
    fc.assert(
      fc.property(shortPlans, histories, (slices, history) => {
        const series = new Series(slices, { digest: false, cursor: START })
        const naive = new NaiveSeries(slices)
        play(series, history, (event) => naive.events.push(event))
        for (let changes = 0; changes < 5; changes++) {
          const before = itemsOf(series, slices)
          const next = series.nextChange()
          // The longest window is 25 minutes, rounded up by a sixtieth, and nothing waits longer than 90 seconds.
          const horizon = series.cursor + 26 * MINUTE + 90
          while (series.cursor + 1 < Math.min(next, horizon)) {
            series.advance(series.cursor + 1)
            expect(itemsOf(series, slices)).toEqual(before)
            expect(series.nextChange()).toBe(next)
          }
          if (next === Infinity) return
          series.advance(next)
          expect(contents(naive, slices, next)).not.toEqual(contents(naive, slices, next - 1))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('names changes of long windows too, across quiet days', () => {
    fc.assert(
      fc.property(plans, histories, (slices, history) => {
        const series = new Series(slices, { digest: false, cursor: START })
        const naive = new NaiveSeries(slices)
        play(series, history, (event) => naive.events.push(event))
        for (let changes = 0; changes < 30; changes++) {
          const before = itemsOf(series, slices)
          const next = series.nextChange()
          if (next === Infinity) {
            series.advance(series.cursor + 60 * DAY)
            expect(itemsOf(series, slices)).toEqual(before)
            return
          }
          series.advance(next - 1)
          expect(itemsOf(series, slices)).toEqual(before)
          series.advance(next)
          expect(contents(naive, slices, next)).not.toEqual(contents(naive, slices, next - 1))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('refuses what is older than the recent seconds, and weights that are no positive number', () => {
    const series = new Series(plan([HOUR]), { digest: false, cursor: START })
    expect(series.record(START - 489, true, 1, Number.NaN)).toBe(true)
    expect(series.record(START - 490, true, 1, Number.NaN)).toBe(false)
    for (const weight of [0, -1, Number.NaN, Infinity]) expect(series.record(START, true, weight, 1)).toBe(false)
    expect(series.totalItems).toBe(1)
    expect([series.processGood, series.processCount]).toEqual([1, 0])
  })

  it('lets seconds ahead wait, however far ahead they are', () => {
    const slices = plan([HOUR])
    const series = new Series(slices, { digest: false, cursor: START })
    series.record(START + 1, true, 1, Number.NaN)
    series.record(START + 5000, false, 1, Number.NaN)
    expect(itemsOf(series, slices)).toEqual([0, 0, 0, 0])
    expect(series.nextChange()).toBe(START + 1)
    series.advance(START + 1)
    expect(itemsOf(series, slices)).toEqual([1, 0, 1, 0])
    series.advance(START + 5000)
    expect(itemsOf(series, slices)).toEqual([1, 1, 1, 1])
  })

  it('places a second on the border of two levels with the older one', () => {
    const slices = plan([HOUR, DAY])
    const second = Math.ceil(START / HOUR) * HOUR
    const series = new Series(slices, { digest: false, cursor: second })
    series.record(second, true, 1, Number.NaN)
    series.advance(second + HOUR - 1)
    expect(itemsOf(series, slices)).toEqual([0, 0, 1, 0, 1, 0])
    series.advance(second + HOUR)
    expect(itemsOf(series, slices)).toEqual([0, 0, 0, 0, 1, 0])
    const jumping = new Series(slices, { digest: false, cursor: second })
    jumping.record(second, true, 1, Number.NaN)
    jumping.advance(second + HOUR)
    expect(itemsOf(jumping, slices)).toEqual([0, 0, 0, 0, 1, 0])
  })

  it('sees a nearer change when something is recorded after it was asked', () => {
    const series = new Series(plan([HOUR]), { digest: false, cursor: START })
    expect(series.nextChange()).toBe(Infinity)
    series.record(START, true, 1, Number.NaN)
    expect(series.nextChange()).toBe(START + 300)
    series.record(START - 100, true, 1, Number.NaN)
    expect(series.nextChange()).toBe(START + 200)
    series.record(START + 7, true, 1, Number.NaN)
    expect(series.nextChange()).toBe(START + 7)
    const other = new Series(plan([HOUR]), { digest: false, cursor: START })
    other.record(START + 3, true, 1, Number.NaN)
    series.merge(other.encode())
    expect(series.nextChange()).toBe(START + 3)
  })

  it('never moves back', () => {
    const slices = plan([HOUR])
    const series = new Series(slices, { digest: false, cursor: START })
    series.record(START, true, 1, Number.NaN)
    series.advance(START - 1000)
    expect(series.cursor).toBe(START)
    expect(itemsOf(series, slices)).toEqual([1, 0, 1, 0])
  })

  it('adds up values for the process, whole or weighted', () => {
    const series = new Series(plan([HOUR]), { digest: false, cursor: START })
    series.record(START, true, 1, 0.5)
    series.record(START, false, 4, 0.25)
    series.record(START, false, 1, Infinity)
    expect([series.processSum, series.processCount]).toEqual([1.5, 5])
    expect([series.processGood, series.processBad]).toEqual([1, 5])
  })
})
