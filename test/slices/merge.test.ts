import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../src/sketch/bytes.ts'
import type { SlicePlan } from '../../src/slices/plan.ts'
import { PartialError, Series } from '../../src/slices/series.ts'
import {
  type Action,
  DAY,
  HOUR,
  histories,
  itemsOf,
  plan,
  plans,
  play,
  played,
  START,
  WORKBOOK,
  weightsOf,
} from './arbitraries.ts'
import { expectClose } from './close.ts'

function emptyAt(slices: SlicePlan, cursor: number): Series {
  return new Series(slices, { digest: true, cursor })
}

function expectAlike(actual: Series, expected: Series, slices: SlicePlan): void {
  expect(itemsOf(actual, slices)).toEqual(itemsOf(expected, slices))
  expect(actual.totalItems).toBe(expected.totalItems)
  expect(actual.lastRecordedSecond).toBe(expected.lastRecordedSecond)
  expectClose([actual.totalGood, actual.totalBad], [expected.totalGood, expected.totalBad])
  expectClose(weightsOf(actual, slices), weightsOf(expected, slices))
}

/** The history as several writers see it: every advance, and each record at one of them. */
function splitAmong(history: readonly Action[], writers: number, pick: (i: number) => number): Action[][] {
  return Array.from({ length: writers }, (_, writer) =>
    history.filter((action, i) => action.kind === 'advance' || pick(i) === writer),
  )
}

describe('a partial', () => {
  it('gives back the series that it was made of, now and ever after', () => {
    fc.assert(
      fc.property(plans, histories, histories, (slices, history, later) => {
        const series = played(slices, history, true)
        const restored = emptyAt(slices, series.cursor)
        restored.merge(series.encode())
        expectAlike(restored, series, slices)
        expect(restored.quantiles([0, 0.5, 0.99, 1])).toEqual(series.quantiles([0, 0.5, 0.99, 1]))
        expect(restored.nextChange()).toBe(series.nextChange())
        for (const action of later) {
          play(series, [action])
          play(restored, [action])
          expectAlike(restored, series, slices)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('that is loaded later gives the series that went on meanwhile', () => {
    fc.assert(
      fc.property(plans, histories, fc.integer({ min: 0, max: 40 * DAY }), (slices, history, seconds) => {
        const series = played(slices, history)
        const bytes = series.encode()
        series.advance(series.cursor + seconds)
        const restored = emptyAt(slices, series.cursor)
        restored.merge(bytes)
        expectAlike(restored, series, slices)
      }),
      { numRuns: 200 },
    )
  })

  it('merges with others in any order and grouping to what one writer would have counted', () => {
    fc.assert(
      fc.property(
        plans,
        histories,
        fc.array(fc.nat(2), { minLength: 120, maxLength: 120 }),
        (slices, history, picks) => {
          const whole = played(slices, history)
          const [a, b, c] = splitAmong(history, 3, (i) => picks[i]).map((part) => played(slices, part))
          const [bytesA, bytesB, bytesC] = [a.encode(), b.encode(), c.encode()]
          const inOrder = emptyAt(slices, whole.cursor)
          for (const bytes of [bytesA, bytesB, bytesC]) inOrder.merge(bytes)
          const pair = emptyAt(slices, whole.cursor)
          for (const bytes of [bytesC, bytesB]) pair.merge(bytes)
          const grouped = emptyAt(slices, whole.cursor)
          for (const bytes of [pair.encode(), bytesA]) grouped.merge(bytes)
          expectAlike(inOrder, whole, slices)
          expectAlike(grouped, whole, slices)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('of an empty series changes nothing', () => {
    fc.assert(
      fc.property(plans, histories, (slices, history) => {
        const series = played(slices, history, true)
        const before = series.encode()
        series.merge(emptyAt(slices, series.cursor).encode())
        expect(series.encode()).toEqual(before)
      }),
      { numRuns: 50 },
    )
  })

  it('of another plan loses no item, and misplaces none by more than its slice', () => {
    fc.assert(
      fc.property(plans, plans, histories, (from, to, history) => {
        const seconds: number[] = []
        const series = new Series(from, { digest: false, cursor: START })
        play(series, history, (event) => seconds.push(event.second))
        const restored = emptyAt(to, series.cursor)
        restored.merge(series.encode())
        expect(restored.totalItems).toBe(seconds.length)
        const kept = from.windowStart(from.windows.length - 1, series.cursor)
        const coarsest = from.levels.at(-1)?.granularity ?? 1
        to.windows.forEach((_, window) => {
          const start = to.windowStart(window, series.cursor)
          const inside = (after: number): number => seconds.filter((s) => s > after && s <= series.cursor).length
          expect(restored.validItems(window)).toBeLessThanOrEqual(inside(start))
          expect(restored.validItems(window)).toBeGreaterThanOrEqual(inside(Math.max(kept, start + coarsest - 1)))
        })
      }),
      { numRuns: 200 },
    )
  })

  it('of finer slices fills the coarser ones of another plan exactly', () => {
    const from = plan([HOUR, 2 * HOUR, DAY])
    const to = plan([2 * HOUR, DAY])
    const series = new Series(from, { digest: false, cursor: START })
    const expected = new Series(to, { digest: false, cursor: START })
    for (let i = 0; i < 2000; i++)
      for (const each of [series, expected]) {
        each.record(each.cursor - (i % 60), i % 3 > 0, 1, Number.NaN)
        each.advance(each.cursor + 41)
      }
    const restored = emptyAt(to, series.cursor)
    restored.merge(series.encode())
    expectAlike(restored, expected, to)
  })

  it('of a coarser slice goes where the slice begins', () => {
    const from = plan([30 * DAY])
    const series = new Series(from, { digest: false, cursor: START })
    series.record(START, false, 1, Number.NaN)
    series.advance(START + 2 * HOUR)
    const begins = Math.floor((START - 1) / 43_200) * 43_200 + 1
    const to = plan([HOUR, DAY])
    const restored = emptyAt(to, START + 2 * HOUR)
    restored.merge(series.encode())
    expect(itemsOf(restored, to)).toEqual([0, 0, 0, 0, 1, 1])
    const early = emptyAt(to, begins)
    early.merge(series.encode())
    expect(itemsOf(early, to)).toEqual([1, 1, 1, 1, 1, 1])
    const before = emptyAt(to, begins - 1)
    before.merge(series.encode())
    expect(itemsOf(before, to)).toEqual([0, 0, 0, 0, 0, 0])
    expect(before.nextChange()).toBe(begins)
  })

  it('keeps weights apart from seconds far ahead that have none', () => {
    const slices = plan([HOUR])
    const series = new Series(slices, { digest: false, cursor: START })
    series.record(START, true, 5, Number.NaN)
    series.record(START + slices.recentSlots, true, 1, Number.NaN)
    const restored = emptyAt(slices, START)
    restored.merge(series.encode())
    for (const each of [series, restored]) each.advance(START + slices.recentSlots)
    expect(weightsOf(restored, slices)).toEqual([1, 0, 6, 0])
    expectAlike(restored, series, slices)
  })

  it('counts beyond 32 bits, by the second and by the slice', () => {
    const slices = plan(WORKBOOK)
    const series = new Series(slices, { digest: false, cursor: START })
    series.record(START, true, 1, Number.NaN)
    series.record(START - 1, false, 1, Number.NaN)
    for (let doublings = 0; doublings < 40; doublings++) series.merge(series.encode())
    const count = 2 ** 40
    expect(itemsOf(series, slices)).toEqual(slices.windows.flatMap(() => [2 * count, count]))
    series.record(START, true, 1, Number.NaN)
    series.advance(START + 299)
    expect([series.validItems(0), series.badItems(0)]).toEqual([count + 1, 0])
    series.advance(START + DAY - HOUR)
    expect(itemsOf(series, slices).slice(-6)).toEqual([
      2 * count + 1,
      count,
      2 * count + 1,
      count,
      2 * count + 1,
      count,
    ])
    const restored = emptyAt(slices, series.cursor)
    restored.merge(series.encode())
    expectAlike(restored, series, slices)
  })

  it('does not carry what belongs to the process', () => {
    const slices = plan([HOUR])
    const series = emptyAt(slices, START)
    series.record(START, true, 2, 0.5)
    const restored = emptyAt(slices, START)
    restored.merge(series.encode())
    expect([restored.processGood, restored.processBad, restored.processSum, restored.processCount]).toEqual([
      0, 0, 0, 0,
    ])
    expect(restored.totalGood).toBe(2)
  })
})

describe('bytes that are no partial', () => {
  function expectRefused(bytes: Uint8Array): void {
    const series = new Series(plan([HOUR]), { digest: true, cursor: START })
    series.record(START, true, 1, 1)
    const before = series.encode()
    try {
      series.merge(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(PartialError)
      expect(series.encode()).toEqual(before)
      return
    }
    // What is no error must be something that can be counted.
    for (const count of [...itemsOf(series, plan([HOUR])), series.totalGood]) expect(Number.isFinite(count)).toBe(true)
  }

  it('are refused, and nothing of them is counted', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectRefused), { numRuns: 500 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => expectRefused(Uint8Array.from([1, 1, ...rest]))),
      { numRuns: 500 },
    )
  })

  it('are refused when they are a partial with a byte changed, cut off or left over', () => {
    fc.assert(
      fc.property(plans, histories, fc.nat(), fc.nat(255), (slices, history, at, byte) => {
        const bytes = played(slices, history, true).encode()
        const changed = bytes.slice()
        changed[at % bytes.length] = byte
        expectRefused(changed)
        const empty = new Series(slices, { digest: true, cursor: START })
        expect(() => empty.merge(bytes.subarray(0, at % bytes.length))).toThrow(PartialError)
        expect(() => empty.merge(Uint8Array.from([...bytes, byte]))).toThrow(PartialError)
      }),
      { numRuns: 100 },
    )
  })

  it('are refused with a reason', () => {
    const series = new Series(plan([HOUR]), { digest: true, cursor: START })
    expect(() => series.merge(new Uint8Array(0))).toThrow('not a partial: the bytes end early')
    expect(() => series.merge(Uint8Array.of(9))).toThrow('not a partial: version 9 is unknown')
    expect(() => series.merge(partialWithSlice({ granularity: 0, good: 1 }))).toThrow('a granularity is 0')
    expect(() => series.merge(partialWithSlice({ granularity: 1, good: 0 }))).toThrow('a slice is empty')
    expect(() => series.merge(partialWithSlice({ granularity: 2 ** 50, good: 1 }))).toThrow('lies beyond all time')
    series.merge(partialWithSlice({ granularity: 1, good: 1 }))
  })

  function partialWithSlice(slice: { granularity: number; good: number }): Uint8Array {
    const writer = new ByteWriter()
    for (const byte of [1, 0]) writer.byte(byte)
    for (const number of [0, 1, 0, 1, slice.granularity, 1, 1000, slice.good, 0, 30, 0]) writer.varint(number)
    return writer.finish()
  }
})
