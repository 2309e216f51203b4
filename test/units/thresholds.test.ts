// The ladder of thresholds: fixed, fine, and of whole numbers down to its end.
import { describe, expect, test } from 'vitest'
import { isRung, LEAST_THRESHOLD, rungBelow } from '../../src/units/thresholds.ts'
import { HASH_RANGE } from '../../src/units/unit-hasher.ts'

describe('the ladder of thresholds', () => {
  test('goes down from the whole range, an eighth of a halving at a time', () => {
    const sixteenths: number[] = []
    for (let rung = HASH_RANGE; rung >= HASH_RANGE / 4; rung = rungBelow(rung))
      sixteenths.push((16 * rung) / HASH_RANGE)
    expect(sixteenths).toEqual([16, 15, 14, 13, 12, 11, 10, 9, 8, 7.5, 7, 6.5, 6, 5.5, 5, 4.5, 4])
  })

  test('has rungs close together, and knows them', () => {
    for (let rung = HASH_RANGE; rung > LEAST_THRESHOLD; rung = rungBelow(rung)) {
      const below = rungBelow(rung)
      expect(isRung(rung)).toBe(true)
      expect(below / rung).toBeGreaterThan(0.888)
      expect(below / rung).toBeLessThan(0.938)
    }
    expect(isRung(LEAST_THRESHOLD)).toBe(true)
  })

  test.each([
    0,
    -1,
    0.5,
    Number.NaN,
    Infinity,
    63,
    65,
    HASH_RANGE - 1,
    HASH_RANGE / 2 + 1,
    (HASH_RANGE / 32) * 17,
    2 * HASH_RANGE,
  ])('%d is no rung', (threshold) => {
    expect(isRung(threshold)).toBe(false)
  })
})
