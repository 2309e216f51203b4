import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY, HOUR, MINUTE, plan, plans, WORKBOOK } from './arbitraries.ts'

describe('a slice plan', () => {
  it('rounds no window up by more than a sixtieth, and recent ones not at all', () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 0, max: 2 ** 40 }), (slices, cursor) => {
        slices.windows.forEach((seconds, window) => {
          const length = cursor - slices.windowStart(window, cursor)
          expect(length).toBeGreaterThanOrEqual(seconds)
          expect(length).toBeLessThanOrEqual(seconds + seconds / 60)
          if (seconds <= slices.recentSeconds) expect(length).toBe(seconds)
        })
      }),
    )
  })

  it('makes each granularity a multiple of the finer one', () => {
    fc.assert(
      fc.property(plans, (slices) => {
        slices.levels.forEach((level, i) => {
          if (i > 0) expect(level.granularity % slices.levels[i - 1].granularity).toBe(0)
        })
      }),
    )
  })

  it('keeps the five minutes whatever is asked for, sorts, and drops duplicates', () => {
    expect(plan([HOUR, 30 * DAY, HOUR]).windows).toEqual([300, HOUR, 30 * DAY])
    expect(plan([]).windows).toEqual([300])
    expect(plan([MINUTE]).windows).toEqual([MINUTE, 300])
  })

  it('needs few slices for the windows of the SRE Workbook', () => {
    const slices = plan(WORKBOOK)
    expect(slices.levels.map((level) => level.granularity)).toEqual([30, 60, 120, 360, 1440, 4320, 43_200])
    expect(slices.levels.reduce((sum, level) => sum + level.slots, 0)).toBeLessThan(320)
  })

  it('keeps the seconds of the shortest window for the latest item allowed', () => {
    expect(plan([HOUR], 60).recentSeconds).toBe(490)
    expect(plan([HOUR], 0).recentSeconds).toBe(480)
    expect(plan([HOUR], 3600).recentSeconds).toBe(4030)
  })
})
