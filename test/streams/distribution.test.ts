// What is read from buckets: exact where a bound lies, else within the width of a bucket.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quantilesOf, TDigest } from '../../src/sketch/tdigest.ts'
import { BucketGrid } from '../../src/streams/bucket-grid.ts'
import { splitBelow, spread } from '../../src/streams/distribution.ts'
import type { Increase } from '../../src/streams/increase.ts'
import { type PointText, Stream } from './points.ts'

function increaseOf(text: Omit<PointText, 'time'>): Increase {
  const stream = new Stream()
  stream.take({ delta: true, start: 10, time: 20, ...text })
  return stream.increase
}

const BOUNDS = [0.1, 0.3, 1]

describe('how many are below a bound', () => {
  test.each<[string, Omit<PointText, 'time'>, number, [number, number, boolean]]>([
    ['is exact at a bucket bound, which is good', { bounds: BOUNDS, counts: [1, 2, 3, 4] }, 0.3, [3, 7, false]],
    ['is in proportion within a bucket', { bounds: BOUNDS, counts: [0, 20, 0, 0] }, 0.15, [5, 15, true]],
    ['is exact where that bucket counts nothing', { bounds: BOUNDS, counts: [1, 0, 3, 4] }, 0.2, [1, 7, false]],
    [
      'is all where the greatest value is below',
      { bounds: BOUNDS, counts: [0, 0, 0, 5], min: 2, max: 3 },
      4,
      [5, 0, false],
    ],
    [
      'is none where the least value is not',
      { bounds: BOUNDS, counts: [0, 0, 0, 5], min: 2, max: 3 },
      2,
      [0, 5, false],
    ],
    ['by the mean where there are no buckets', { bounds: [], counts: [], zeroCount: 4, sum: 8 }, 3, [4, 0, true]],
    ['by powers in exponential buckets', { scale: 0, offset: 1, counts: [3, 4] }, 4, [3, 4, false]],
    ['by logarithm within one', { scale: -1, offset: 0, counts: [8] }, 2, [4, 4, true]],
  ])('%s', (_sentence, text, limit, expected) => {
    const { below, atOrAbove, estimated } = splitBelow(
      increaseOf({ kind: text.bounds === undefined ? 4 : 3, ...text }),
      limit,
    )
    expect([below, atOrAbove, estimated]).toEqual([
      expect.closeTo(expected[0]),
      expect.closeTo(expected[1]),
      expected[2],
    ])
  })

  test('never makes or loses an event', () => {
    const counts = fc.array(fc.nat(50), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(counts, fc.double({ min: -1, max: 3, noNaN: true }), (all, limit) => {
        const increase = increaseOf({ bounds: BOUNDS, counts: all })
        const { below, atOrAbove } = splitBelow(increase, limit)
        expect(below + atOrAbove).toBeCloseTo(all.reduce((sum, one) => sum + one, 0))
        expect(Math.min(below, atOrAbove)).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

describe('percentiles of values in buckets', () => {
  const values = fc.array(fc.double({ min: 0.001, max: 0.999, noNaN: true }), { minLength: 20, maxLength: 300 })

  function check(increase: Increase, sorted: readonly number[]): void {
    const digest = new TDigest()
    const grid = new BucketGrid()
    grid.see(increase)
    spread(increase, digest)
    expect(digest.count).toBeCloseTo(sorted.length)
    for (const p of [0.5, 0.9, 0.99]) {
      const [told] = quantilesOf([digest], [p])!
      // A percentile lies between two values; both are within reach.
      const low = sorted[Math.max(0, Math.floor(p * sorted.length) - 2)]
      const high = sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) + 1)]
      const width = Math.max(grid.widthAt(told), grid.widthAt(low), grid.widthAt(high))
      expect(told).toBeGreaterThanOrEqual(low - width - 1e-9)
      expect(told).toBeLessThanOrEqual(high + width + 1e-9)
    }
  }

  test('are wrong by the width of an explicit bucket at most', () => {
    const bounds = [0.1, 0.2, 0.3, 0.5, 0.7, 1]
    fc.assert(
      fc.property(values, (all) => {
        const counts = [...bounds, Infinity].map(
          (upper, at) => all.filter((one) => one <= upper && (at === 0 || one > bounds[at - 1])).length,
        )
        check(
          increaseOf({ bounds, counts }),
          all.toSorted((a, b) => a - b),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('are wrong by the width of an exponential bucket at most', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 5 }), (all, scale) => {
        const indices = all.map((one) => Math.ceil(Math.log2(one) * 2 ** scale) - 1)
        const offset = Math.min(...indices)
        const counts = Array.from(
          { length: Math.max(...indices) - offset + 1 },
          (_, at) => indices.filter((index) => index === offset + at).length,
        )
        check(
          increaseOf({ scale, offset, counts }),
          all.toSorted((a, b) => a - b),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('are not bounded beyond the last bound', () => {
    const grid = new BucketGrid()
    grid.see(increaseOf({ bounds: BOUNDS, counts: [1, 2, 3, 40] }))
    expect([0.05, 0.3, 0.9, 1, 2].map((value) => grid.widthAt(value))).toEqual([
      0.1,
      expect.closeTo(0.2),
      expect.closeTo(0.7),
      Infinity,
      Infinity,
    ])
  })

  test('keep the weight of all, whatever the least and the greatest value are said to be', () => {
    const counts = fc.array(fc.nat(9), { minLength: 4, maxLength: 4 })
    const end = fc.oneof(fc.constant(Number.NaN), fc.double({ min: -2, max: 3, noNaN: true }))
    fc.assert(
      fc.property(counts, end, end, (all, min, max) => {
        const digest = new TDigest()
        spread(increaseOf({ bounds: BOUNDS, counts: all, min, max }), digest)
        expect(digest.count).toBeCloseTo(all.reduce((sum, one) => sum + one, 0))
      }),
    )
  })

  test('of a histogram that met an infinite value are as if nothing was known of its end', () => {
    const values = (text: Partial<PointText>): number[] | null => {
      const digest = new TDigest()
      spread(increaseOf({ bounds: BOUNDS, counts: [0, 2, 2, 2], ...text }), digest)
      expect(digest.count).toBe(6)
      return quantilesOf([digest], [0.1, 0.5, 0.9])
    }
    expect(values({ min: -Infinity, max: Infinity })).toEqual(values({}))
    expect(values({ min: Infinity, max: -Infinity })).toEqual(values({}))
  })

  test('of exponential buckets have an error at and about zero, and in the widest bucket of all', () => {
    const widthAt = (text: Partial<PointText>, value: number): number => {
      const grid = new BucketGrid()
      grid.see(increaseOf({ kind: 4, scale: 0, counts: [1], ...text }))
      return grid.widthAt(value)
    }
    expect(widthAt({}, 0)).toBe(0)
    expect(widthAt({ zeroCount: 4, zeroThreshold: 0.25 }, 0.1)).toBe(0.5)
    expect(widthAt({ zeroCount: 4, zeroThreshold: 0.25 }, -3)).toBe(3)
    expect(widthAt({ scale: -10 }, 0)).toBe(0)
    expect(widthAt({ scale: -10 }, 5)).toBe(Infinity)
  })

  test('are the least and the greatest value themselves where a bucket holds nothing else', () => {
    const digest = new TDigest()
    spread(increaseOf({ bounds: BOUNDS, counts: [1, 8, 0, 1], min: 0.05, max: 30 }), digest)
    expect([digest.quantile(0), digest.quantile(1)]).toEqual([0.05, 30])
  })
})
