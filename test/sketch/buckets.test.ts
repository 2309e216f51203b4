// Values of which only the bucket is known: within a bucket's width of what the values themselves would give, however they are told.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/sketch/bytes.ts'
import { TDigest } from '../../src/sketch/tdigest.ts'
import { writeDigest } from '../../src/sketch/tdigest-codec.ts'

const EDGES = Float64Array.of(0, 1, 2, 4, 8)
const OTHER_EDGES = Float64Array.of(0, 3, 6)
const BUCKETS = EDGES.length - 1

const told = fc.record({
  counts: fc.array(fc.nat(30), { minLength: BUCKETS, maxLength: BUCKETS }),
  isRead: fc.boolean(),
  values: fc.array(fc.double({ min: 0.1, max: 7.9, noNaN: true }), { maxLength: 5 }),
  others: fc.nat(9),
})

function bytesOf(digest: TDigest): Uint8Array {
  const writer = new ByteWriter()
  writeDigest(writer, digest)
  return writer.finish()
}

describe('a digest of values in buckets', () => {
  test('holds as many below each edge as the buckets say, however often it is read meanwhile', () => {
    fc.assert(
      fc.property(fc.array(told, { minLength: 1, maxLength: 20 }), (histograms) => {
        const digest = new TDigest()
        const below = new Map<number, number>()
        for (const { counts, isRead } of histograms) {
          digest.addBuckets(EDGES, Float64Array.from(counts), 0, BUCKETS)
          let sum = 0
          for (const [at, count] of counts.entries())
            below.set(EDGES[at + 1], (below.get(EDGES[at + 1]) ?? 0) + (sum += count))
          if (isRead) digest.centroids()
        }
        const total = below.get(8) ?? 0
        expect(digest.count).toBeCloseTo(total)
        if (total === 0) return expect(digest.quantile(0.5)).toBeNull()
        for (const [edge, count] of below) expect((digest.cdf(edge) ?? Number.NaN) * total).toBeCloseTo(count)
      }),
    )
  })

  test('counts all that it is told: values, and buckets of several kinds', () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 20 }), (steps) => {
        const digest = new TDigest()
        let total = 0
        for (const { counts, isRead, values, others } of steps) {
          digest.addBuckets(EDGES, Float64Array.from(counts), 1, 3)
          for (const value of values) digest.add(value)
          digest.addBuckets(OTHER_EDGES, Float64Array.of(others, 1), 0, 2)
          total += counts[1] + counts[2] + values.length + others + 1
          if (isRead) digest.compact()
        }
        expect(digest.count).toBeCloseTo(total)
        expect(digest.cdf(8) ?? 1).toBeCloseTo(1)
      }),
    )
  })

  test('gives the same bytes twice, and nothing once it is cleared', () => {
    const digest = new TDigest()
    digest.addBuckets(EDGES, Float64Array.of(1, 2, 3, 40), 0, BUCKETS)
    const bytes = bytesOf(digest)
    expect(bytesOf(digest)).toEqual(bytes)
    digest.addBuckets(EDGES, Float64Array.of(1, 0, 0, 0), 0, BUCKETS)
    digest.clear()
    expect([digest.count, digest.quantile(0.5)]).toEqual([0, null])
  })

  test('is spread over a bucket, not put into its middle, once many histograms told of it', () => {
    const digest = new TDigest()
    for (let at = 0; at < 1000; at++) digest.addBuckets(EDGES, Float64Array.of(0, 0, 0, 1), 0, BUCKETS)
    expect(digest.quantile(0.1)).toBeLessThan(5)
    expect(digest.quantile(0.9)).toBeGreaterThan(7)
  })
})
