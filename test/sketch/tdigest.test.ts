import fc from 'fast-check'
import { TDigest as NpmDigest } from 'tdigest'
import { describe, expect, it } from 'vitest'
import { quantilesOf, TDigest } from '../../src/sketch/tdigest.ts'
import { DISTRIBUTIONS, exactQuantile, sample } from './samples.ts'

const PROBABILITIES = [0.5, 0.9, 0.95, 0.99]

function digestOf(values: Iterable<number>): TDigest {
  const digest = new TDigest()
  for (const value of values) digest.add(value)
  return digest
}

/** Worst relative error over p50..p99, and that of p99.9. */
function errors(digest: TDigest, sorted: Float64Array): [number, number] {
  const error = (p: number): number => Math.abs((digest.quantile(p) ?? Number.NaN) / exactQuantile(sorted, p) - 1)
  return [Math.max(...PROBABILITIES.map(error)), error(0.999)]
}

describe('the error of a digest', () => {
  for (const name of Object.keys(DISTRIBUTIONS))
    it(`of ${name} values is within 0.2 % at p50..p99 and 0.5 % at p99.9, while working and at rest`, () => {
      const values = sample(name, 1_000_000)
      const sorted = values.toSorted()
      const digest = digestOf(values)
      for (const step of [() => {}, () => digest.compact()]) {
        step()
        const [body, tail] = errors(digest, sorted)
        expect(body).toBeLessThan(0.002)
        expect(tail).toBeLessThan(0.005)
      }
    })

  const orders: Record<string, (sorted: Float64Array) => Float64Array> = {
    ascending: (sorted) => sorted,
    descending: (sorted) => sorted.toReversed(),
    sawtooth: (sorted) => sorted.map((_, i) => sorted[(i * 7919) % sorted.length]),
    'from both ends': (sorted) => sorted.map((_, i) => sorted[i % 2 === 0 ? i / 2 : sorted.length - (i + 1) / 2]),
  }
  for (const [name, order] of Object.entries(orders))
    it(`stays small for values that come ${name}`, () => {
      const sorted = sample('log-normal', 100_001).sort()
      const digest = digestOf(order(sorted))
      // From both ends is the hard one: all that comes later lies between what is already joined.
      const bound = name === 'from both ends' ? 0.06 : 0.01
      for (const p of [0.001, 0.01, 0.1, ...PROBABILITIES, 0.999]) {
        const rank = digest.cdf(exactQuantile(sorted, p)) ?? Number.NaN
        expect(Math.abs(rank - p)).toBeLessThan(bound * Math.sqrt(p * (1 - p)))
      }
      expect([digest.quantile(0), digest.quantile(1)]).toEqual([sorted[0], sorted.at(-1)])
    })

  it('is zero for few values: the value at the rank, the middle of two where the rank falls between them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 60 }), (values) => {
        const sorted = Float64Array.from(values).sort()
        const digest = digestOf(values)
        for (let i = 1; i <= sorted.length; i++) {
          const inside = (i - 0.5) / sorted.length
          expect(digest.quantile(inside)).toBe(sorted[i - 1])
        }
        if (sorted.length % 2 === 0)
          expect(digest.quantile(0.5)).toBe((sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2)
        for (const value of values)
          expect(digest.cdf(value)).toBe(values.filter((other) => other <= value).length / values.length)
      }),
    )
  })

  it('agrees with npm tdigest as an independent witness', () => {
    for (const name of Object.keys(DISTRIBUTIONS)) {
      const values = sample(name, 50_000, 7)
      const witness = new NpmDigest()
      for (const value of values) witness.push(value)
      const ours = quantilesOf([digestOf(values)], PROBABILITIES)
      witness.percentile(PROBABILITIES).forEach((theirs, i) => {
        expect(Math.abs((ours?.[i] ?? Number.NaN) / theirs - 1)).toBeLessThan(0.005)
      })
    }
  })
})

describe('the centroids of a digest', () => {
  it('hold no more than k2 allows, seen from either end', () => {
    const digest = digestOf(sample('pareto', 100_000))
    for (const compression of [400, 200]) {
      if (compression === 200) digest.compact()
      const { cells, size } = digest.centroids()
      const total = Math.abs(cells[2 * size - 1])
      const allowedAt = (rank: number): number =>
        ((rank * (total - rank)) / total) * ((4 * Math.log(total / compression) + 24) / compression)
      expect(size).toBeLessThan(0.8 * compression)
      for (let i = 1; i < size; i++) {
        const before = Math.abs(cells[2 * i - 1])
        const upTo = Math.abs(cells[2 * i + 1])
        const isSpread = cells[2 * i + 1] < 0
        if (isSpread) expect(upTo - before).toBeLessThanOrEqual(Math.min(allowedAt(before), allowedAt(upTo)) + 1)
        expect(cells[2 * i]).toBeGreaterThan(cells[2 * i - 2])
      }
    }
  })
})

describe('repeated values', () => {
  it('keep all their weight: 100,000 ones and 1,000 large values have the median 1', () => {
    const values = [...Array.from({ length: 100_000 }, () => 1), ...Array.from({ length: 1000 }, (_, i) => 1000 + i)]
    for (const order of [values, values.toReversed(), values.map((_, i) => values[(i * 7919) % values.length])]) {
      const digest = digestOf(order)
      for (const step of [() => {}, () => digest.compact()]) {
        step()
        expect(digest.quantile(0.5)).toBe(1)
        expect(digest.quantile(0.99)).toBe(1)
        expect(digest.cdf(1)).toBe(100_000 / 101_000)
        expect(digest.quantile(0.995)).toBeGreaterThan(1490)
        expect(digest.quantile(0.995)).toBeLessThan(1500)
      }
    }
  })

  it('are exact at any place of the distribution once they are a fiftieth of it', () => {
    const random = sample('log-normal', 50_000)
    const digest = digestOf(random.map((value, i) => (i % 50 === 0 ? 1.5 : value)))
    const below = random.filter((value, i) => i % 50 !== 0 && value < 1.5).length / random.length
    expect(digest.quantile(below + 0.005)).toBe(1.5)
    expect(digest.quantile(below + 0.015)).toBe(1.5)
  })

  it('of two kinds give a step, with the middle at the step itself', () => {
    const digest = digestOf(Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? 3 : 7)))
    expect([0.1, 0.4999, 0.5, 0.5001, 0.9].map((p) => digest.quantile(p))).toEqual([3, 3, 5, 7, 7])
  })
})

describe('weights', () => {
  it('count a value as often as its weight says', () => {
    const values = sample('log-normal', 3000)
    const weighted = new TDigest()
    const repeated = new TDigest()
    values.forEach((value, i) => {
      weighted.add(value, 1 + (i % 5))
      for (let times = 0; times <= i % 5; times++) repeated.add(value)
    })
    expect(weighted.count).toBe(repeated.count)
    for (const p of PROBABILITIES)
      expect(Math.abs((weighted.quantile(p) ?? 0) / (repeated.quantile(p) ?? 0) - 1)).toBeLessThan(0.02)
  })

  it('may be fractions', () => {
    const digest = new TDigest()
    digest.add(1, 0.5)
    digest.add(2, 0.25)
    digest.add(3, 0.25)
    expect(digest.count).toBe(1)
    expect([0.4, 0.6, 0.9].map((p) => digest.quantile(p))).toEqual([1, 2, 3])
  })
})

describe('values that are no numbers', () => {
  it('change nothing, wherever they come', () => {
    const values = [Number.NaN, 1, Infinity, 2, Number.NaN, 3, -Infinity]
    const digest = digestOf(values)
    for (const weight of [0, -1, Number.NaN, Infinity]) digest.add(2, weight)
    expect(digest.count).toBe(3)
    expect([0, 0.5, 1].map((p) => digest.quantile(p))).toEqual([1, 2, 3])
  })

  it('leave an empty digest empty, and an empty digest has no quantiles', () => {
    const digest = digestOf([Number.NaN])
    expect([digest.count, digest.quantile(0.5), digest.cdf(1), quantilesOf([digest, new TDigest()], [0.5])]).toEqual([
      0,
      null,
      null,
      null,
    ])
  })

  it('are not needed for extremes of the number range to hold', () => {
    const digest = digestOf([-Number.MAX_VALUE, 0, Number.MAX_VALUE])
    expect([0, 0.5, 1].map((p) => digest.quantile(p))).toEqual([-Number.MAX_VALUE, 0, Number.MAX_VALUE])
  })
})

describe('a digest that was cleared', () => {
  it('is as new', () => {
    const digest = digestOf(sample('pareto', 2000))
    digest.add(1, 0.5)
    digest.clear()
    expect([digest.count, digest.quantile(0.5)]).toEqual([0, null])
    digest.add(4)
    expect([digest.count, digest.quantile(0.5)]).toEqual([1, 4])
  })
})
