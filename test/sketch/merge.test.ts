import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, MalformedBytesError } from '../../src/sketch/bytes.ts'
import { quantilesOf, TDigest } from '../../src/sketch/tdigest.ts'
import { readDigest, writeDigest } from '../../src/sketch/tdigest-codec.ts'
import { DISTRIBUTIONS, exactQuantile, sample } from './samples.ts'

const PROBABILITIES = [0.01, 0.1, 0.5, 0.9, 0.99]

function digestOf(values: Iterable<number>, weight = 1): TDigest {
  const digest = new TDigest()
  for (const value of values) digest.add(value, weight)
  return digest
}

function merged(...digests: TDigest[]): TDigest {
  const target = new TDigest()
  for (const digest of digests) target.merge(digest)
  return target
}

function encoded(digest: TDigest): Uint8Array {
  const writer = new ByteWriter()
  writeDigest(writer, digest)
  return writer.finish()
}

/** The largest distance, in rank, between a digest's quantiles and the sorted values. */
function worstRank(quantiles: readonly number[] | null, sorted: Float64Array): number {
  return Math.max(
    ...PROBABILITIES.map((p, i) => {
      const value = quantiles?.[i] ?? Number.NaN
      const below = sorted.findIndex((each) => each >= value)
      const upTo = sorted.findLastIndex((each) => each <= value) + 1
      return Math.max(0, below / sorted.length - p, p - upTo / sorted.length)
    }),
  )
}

const parts = fc.array(
  fc.record({
    distribution: fc.constantFrom(...Object.keys(DISTRIBUTIONS)),
    count: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 4000 })),
    seed: fc.nat(1e6),
    atRest: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
)

describe('merging', () => {
  it('in any order, grouping, or not at all stays close to an exact sort, and counts exactly', () => {
    fc.assert(
      fc.property(parts, (choices) => {
        const samples = choices.map((part) => sample(part.distribution, part.count, part.seed))
        const digests = samples.map((values) => digestOf(values))
        digests.forEach((digest, i) => choices[i].atRest && digest.compact())
        const sorted = Float64Array.from(samples.flatMap((values) => [...values])).sort()
        const half = Math.ceil(digests.length / 2)
        const ways = [
          merged(...digests),
          merged(...digests.toReversed()),
          merged(merged(...digests.slice(half)), merged(...digests.slice(0, half))),
        ]
        for (const digest of ways) expect(digest.count).toBe(sorted.length)
        const quantiles = [
          ...ways.map((digest) => quantilesOf([digest], PROBABILITIES)),
          quantilesOf(digests, PROBABILITIES),
        ]
        if (sorted.length === 0) expect(quantiles).toEqual([null, null, null, null])
        else for (const each of quantiles) expect(worstRank(each, sorted)).toBeLessThan(0.02 + 0.5 / sorted.length)
      }),
      { numRuns: 60 },
    )
  })

  it('with an empty digest changes nothing', () => {
    const digest = digestOf(sample('pareto', 5000))
    digest.compact()
    const before = encoded(digest)
    digest.merge(new TDigest())
    expect(encoded(digest)).toEqual(before)
    expect(encoded(merged(digest))).toEqual(before)
  })

  it('leaves the other digest as it was', () => {
    const other = digestOf(sample('bimodal', 3000))
    const before = encoded(other)
    digestOf(sample('pareto', 3000)).merge(other)
    expect(encoded(other)).toEqual(before)
  })

  it('of digests at rest that cover the same values keeps the median: centroids that overlap are no points', () => {
    for (const count of [2, 3, 11]) {
      const samples = Array.from({ length: count }, (_, i) => sample('log-normal', 20_000, i + 1))
      const digests = samples.map((values) => digestOf(values))
      for (const digest of digests) digest.compact()
      const sorted = Float64Array.from(samples.flatMap((values) => [...values])).sort()
      for (const median of [merged(...digests).quantile(0.5), quantilesOf(digests, [0.5])?.[0]])
        expect(Math.abs((median ?? Number.NaN) / exactQuantile(sorted, 0.5) - 1)).toBeLessThan(0.002)
    }
  })

  it('of sixty digests at rest keeps p50..p99 to half a percent', () => {
    for (const name of Object.keys(DISTRIBUTIONS)) {
      const values = sample(name, 240_000)
      const digest = new TDigest()
      for (let i = 0; i < 60; i++) {
        const part = digestOf(values.subarray(4000 * i, 4000 * (i + 1)))
        part.compact()
        digest.merge(part)
      }
      expect(digest.count).toBe(values.length)
      const sorted = values.toSorted()
      for (const p of [0.5, 0.9, 0.95, 0.99])
        expect(Math.abs((digest.quantile(p) ?? Number.NaN) / exactQuantile(sorted, p) - 1)).toBeLessThan(0.005)
      expect([digest.quantile(0), digest.quantile(1)]).toEqual([sorted[0], sorted.at(-1)])
    }
  })

  it('keeps repeated values exact', () => {
    const ones = digestOf(Array.from({ length: 5000 }, () => 1))
    const others = digestOf(sample('pareto', 200).map((value) => value + 10))
    for (const digest of [merged(ones, others), merged(others, ones, ones)]) {
      expect(digest.quantile(0.5)).toBe(1)
      expect(digest.cdf(1)).toBe((digest.count - 200) / digest.count)
    }
  })
})

describe('the bytes of a digest', () => {
  it('give the digest at rest back, whole weights or not', () => {
    fc.assert(
      fc.property(parts, fc.constantFrom(1, 3, 0.1), (choices, weight) => {
        for (const part of choices) {
          const bytes = encoded(digestOf(sample(part.distribution, part.count, part.seed), weight))
          const reader = new ByteReader(bytes)
          const digest = readDigest(reader)
          reader.end()
          expect(encoded(digest)).toEqual(bytes)
          expect(Math.abs(digest.count - part.count * weight)).toBeLessThanOrEqual(1e-9 * part.count)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('are few: at most 2 KB for a million values, 9 a value for a few, one for none', () => {
    expect(encoded(digestOf(sample('pareto', 1_000_000))).length).toBeLessThan(2048)
    expect(encoded(digestOf([1, 2, 3])).length).toBe(1 + 3 * 9)
    expect(encoded(new TDigest()).length).toBe(1)
  })

  it('are whole numbers also after merging', () => {
    const digest = merged(digestOf(sample('pareto', 5000)), digestOf(sample('bimodal', 3000)))
    expect(encoded(digest).length).toBeLessThan(2048)
    expect(readDigest(new ByteReader(encoded(digest))).count).toBe(8000)
  })

  it('are refused where they are none', () => {
    const refused = (bytes: Uint8Array): void => {
      const reader = new ByteReader(bytes)
      try {
        const digest = readDigest(reader)
        reader.end()
        expect(Number.isFinite(digest.count)).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedBytesError)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), refused), { numRuns: 1000 })
    const bytes = encoded(digestOf(sample('pareto', 500)))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const changed = bytes.slice()
        changed[at] = byte
        refused(changed)
        expect(() => readDigest(new ByteReader(bytes.subarray(0, at)))).toThrow(MalformedBytesError)
      }),
      { numRuns: 500 },
    )
  })
})
