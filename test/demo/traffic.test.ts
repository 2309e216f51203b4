import { describe, expect, test } from 'vitest'
import { fateOf, reproducibleRandom } from '../../src/demo/traffic.ts'

const REQUESTS = 2000

function fates(
  variant: 'control' | 'treatment',
  badSeconds: number,
): { failed: number; longestMs: number; over300: number } {
  const random = reproducibleRandom(7)
  const all = Array.from({ length: REQUESTS }, () => fateOf(variant, badSeconds, random))
  return {
    failed: all.filter(({ failed }) => failed).length / REQUESTS,
    longestMs: Math.max(...all.map(({ durationMs }) => durationMs)),
    over300: all.filter(({ durationMs }) => durationMs >= 300).length / REQUESTS,
  }
}

describe('the traffic of the demonstration', () => {
  test('is healthy for control at any time, and for treatment at first', () => {
    for (const healthy of [fates('control', -5), fates('control', 30), fates('treatment', -5), fates('treatment', 0)]) {
      expect(healthy.failed).toBe(0)
      expect(healthy.longestMs).toBeLessThan(300)
    }
  })

  test('fails more and more for treatment, and gets slower', () => {
    const early = fates('treatment', 1)
    const late = fates('treatment', 30)
    expect(early.failed).toBeGreaterThan(0.1)
    expect(late.failed).toBeGreaterThan(early.failed * 2)
    expect(late.failed).toBeLessThan(0.7)
    expect(late.over300).toBeGreaterThan(0.1)
  })

  test('is the same at every run', () => {
    const [first, second] = [reproducibleRandom(3), reproducibleRandom(3)]
    const numbers = Array.from({ length: 100 }, first)
    expect(numbers).toEqual(Array.from({ length: 100 }, second))
    for (const number of numbers) expect(number >= 0 && number < 1).toBe(true)
    expect(new Set(numbers).size).toBe(100)
  })
})
