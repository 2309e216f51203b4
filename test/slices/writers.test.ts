// A series in which several writers count: each knows its own part, and the whole is the same for all.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { minuteOf } from '../../src/slices/minute-counts.ts'
import { PartialError, Series } from '../../src/slices/series.ts'
import { itemsOf, MINUTE, plan, START, WORKBOOK, weightsOf } from './arbitraries.ts'
import { expectClose } from './close.ts'

const PLAN = plan(WORKBOOK)
const DIGEST = { digest: true, cursor: START }

/** What one of two writers does: counts an event so many seconds ago, or shows the other one its minutes. */
type Step =
  | {
      readonly kind: 'record'
      readonly by: 0 | 1
      readonly ago: number
      readonly good: boolean
      readonly value: number
    }
  | { readonly kind: 'show'; readonly by: 0 | 1; readonly times: number }
  | { readonly kind: 'advance'; readonly seconds: number }

const side = fc.constantFrom(0 as const, 1 as const)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('record' as const),
        by: side,
        ago: fc.integer({ min: 0, max: 55 }),
        good: fc.boolean(),
        value: fc.double({ min: 0.001, max: 10, noNaN: true }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('show' as const), by: side, times: fc.integer({ min: 1, max: 2 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('advance' as const), seconds: fc.integer({ min: 1, max: 20 }) }),
    },
  ),
  { maxLength: 80 },
)

/** Two writers, each with a series that is told of the other, one that counts its own alone, and one of everything. */
function play(history: readonly Step[]): { mixed: Series[]; own: Series[]; all: Series; minutes: number[] } {
  const [all, ...own] = [0, 1, 2].map(() => new Series(PLAN, DIGEST))
  const mixed = own.map(() => new Series(PLAN, DIGEST))
  const minutes = new Set<number>()
  const show = (by: number): void => {
    for (const minute of minutes) {
      const bytes = mixed[by].encodeMinute(minute)
      if (bytes !== null) mixed[1 - by].replace(`writer ${by}`, minute, bytes)
    }
  }
  for (const step of history) {
    if (step.kind === 'advance') for (const one of [all, ...own, ...mixed]) one.advance(one.cursor + step.seconds)
    else if (step.kind === 'show') for (let time = 0; time < step.times; time++) show(step.by)
    else {
      const second = all.cursor - step.ago
      minutes.add(minuteOf(second))
      for (const one of [all, own[step.by], mixed[step.by]]) one.record(second, step.good, 1, step.value)
    }
    // Minutes that leave the recent seconds are folded away by whoever owns them; here nobody does.
    for (const minute of minutes) if ((minute + 1) * MINUTE < all.cursor - 150) minutes.delete(minute)
  }
  for (const by of [0, 1]) show(by)
  return { mixed, own, all, minutes: [...minutes] }
}

describe('a series with other writers', () => {
  it('knows its own part of each minute, however often and in which order the others were told', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const { mixed, own, minutes } = play(history)
        for (const by of [0, 1])
          for (const minute of minutes) expect(mixed[by].encodeMinute(minute)).toEqual(own[by].encodeMinute(minute))
      }),
      { numRuns: 200 },
    )
  })

  it('counts what all of them count, in every window', () => {
    fc.assert(
      fc.property(
        steps.filter((history) => span(history) < 120),
        (history) => {
          const { mixed, all } = play(history)
          for (const one of mixed) {
            expect(itemsOf(one, PLAN)).toEqual(itemsOf(all, PLAN))
            expect([one.totalItems, one.totalGood, one.totalBad]).toEqual([all.totalItems, all.totalGood, all.totalBad])
            expect(one.lastRecordedSecond).toBe(all.lastRecordedSecond)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('has the percentiles of all of them', () => {
    const mixed = new Series(PLAN, DIGEST)
    const other = new Series(PLAN, DIGEST)
    for (let at = 1; at <= 1000; at++) (at % 2 === 0 ? mixed : other).record(START - (at % 20), true, 1, at)
    const minutes = [minuteOf(START), minuteOf(START - 19)]
    for (const minute of new Set(minutes)) mixed.replace('other', minute, other.encodeMinute(minute)!)
    const [median, p99] = mixed.quantiles([0.5, 0.99])!
    expect(median).toBeCloseTo(500, -1)
    expect(p99).toBeCloseTo(990, -1)
  })

  it('takes a later partial of a minute in the place of the earlier one, weights too', () => {
    const [mixed, other] = [new Series(PLAN, DIGEST), new Series(PLAN, DIGEST)]
    const minute = minuteOf(START)
    for (const weight of [1, 3, 2.5]) {
      other.record(START, false, weight, Number.NaN)
      mixed.replace('other', minute, other.encodeMinute(minute)!)
    }
    expectClose(weightsOf(mixed, PLAN), weightsOf(other, PLAN))
    expect(mixed.totalItems).toBe(3)
    expect(mixed.encodeMinute(minute)).toBeNull()
  })

  it('refuses a partial of another minute, and takes nothing of it', () => {
    const [mixed, other] = [new Series(PLAN, DIGEST), new Series(PLAN, DIGEST)]
    const minute = minuteOf(START)
    other.record(START, true, 1, Number.NaN)
    expect(() => mixed.replace('other', minute - 1, other.encodeMinute(minute)!)).toThrow(PartialError)
    expect(mixed.totalItems).toBe(0)
  })

  it('tells others apart for no longer than it must', () => {
    const [mixed, other] = [new Series(PLAN, DIGEST), new Series(PLAN, DIGEST)]
    const minute = minuteOf(START)
    other.record(START, true, 1, 0.5)
    mixed.replace('other', minute, other.encodeMinute(minute)!)
    expect(mixed.hasOthers).toBe(true)
    for (const one of [mixed, other]) one.advance(START + 20 * MINUTE)
    mixed.sealOther('other', minute)
    mixed.forgetOthersBefore(minute + 1)
    expect(mixed.hasOthers).toBe(false)
    expect(itemsOf(mixed, PLAN)).toEqual(itemsOf(other, PLAN))
  })
})

function span(history: readonly Step[]): number {
  return history.reduce((sum, step) => sum + (step.kind === 'advance' ? step.seconds : 0), 0)
}
