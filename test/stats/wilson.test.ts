import { describe, expect, test } from 'vitest'
import { wilsonInterval } from '../../src/stats/wilson.ts'

describe('the Wilson interval', () => {
  // R: prop.test(x, n, correct = FALSE)$conf.int
  test.each([
    [0, 10, 0, 0.2775328],
    [5, 10, 0.2365931, 0.7634069],
    [81, 263, 0.2553245, 0.3662152],
    [10, 10, 0.7224672, 1],
  ])('of %i in %i is what is published', (successes, trials, lower, upper) => {
    const [from, to] = wilsonInterval(successes, trials)
    expect(from).toBeCloseTo(lower, 4)
    expect(to).toBeCloseTo(upper, 4)
  })

  test('of nothing is everything', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1])
  })
})
