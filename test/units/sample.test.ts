// The sample is the same whoever saw what in which order, and its estimates are as good as they say.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rungBelow } from '../../src/units/thresholds.ts'
import { HASH_RANGE, UnitHasher } from '../../src/units/unit-hasher.ts'
import { NO_ENTRY, UnitSample } from '../../src/units/unit-sample.ts'
import { uniform } from '../sketch/samples.ts'

const hasher = new UnitHasher('key')

interface Seen {
  readonly unit: number
  readonly group: number
  readonly second: number
}

const sightings = fc.array(
  fc.record({
    unit: fc.integer({ min: 0, max: 400 }),
    group: fc.integer({ min: 0, max: 40 }),
    second: fc.integer({ min: 0, max: 20 }),
  }),
  { maxLength: 600 },
)

function sampleOf(seen: readonly Seen[], capacity: number): UnitSample {
  const sample = new UnitSample({ capacity })
  for (const { unit, group, second } of seen) sample.see(hasher.hash(`u${unit}`), { group, place: group, second })
  return sample
}

/** What a sample says, as plain data. */
function contentOf(sample: UnitSample): unknown[] {
  const content: [number, unknown][] = []
  sample.forEach((hash, entry) =>
    content.push([hash, [sample.firstGroup(entry), sample.firstPlace(entry), sample.firstSecond(entry)]]),
  )
  return [content.sort((a, b) => a[0] - b[0]), sample.inSeveralGroups, sample.size]
}

describe('the sample', () => {
  test('holds what an exact table would, below its threshold', () => {
    fc.assert(
      fc.property(sightings, (seen) => {
        const sample = sampleOf(seen, 128)
        const units = Map.groupBy(seen, ({ unit }) => hasher.hash(`u${unit}`))
        const inside = [...units].filter(([hash]) => hash < sample.threshold)
        expect(sample.size).toBe(inside.length)
        expect(sample.inSeveralGroups).toBe(
          inside.filter(([, all]) => new Set(all.map(({ group }) => group)).size > 1).length,
        )
        for (const [hash, all] of inside) {
          const entry = sample.find(hash)
          const first = all.toSorted((a, b) => a.second - b.second || a.group - b.group)[0]
          expect([sample.firstSecond(entry), sample.firstGroup(entry)]).toEqual([first.second, first.group])
        }
        for (let group = 0; group <= 40; group++) {
          const ofGroup = inside.filter(([, all]) => all.some((one) => one.group === group)).length
          expect(sample.uniqueOf(group).units).toBeCloseTo(ofGroup / sample.probability)
        }
      }),
    )
  })

  test('is the same in any order, with everything told twice, and cut at any time', () => {
    fc.assert(
      fc.property(sightings, fc.integer({ min: 0, max: 2 ** 30 }), fc.nat({ max: 16 }), (seen, seed, rungs) => {
        const one = sampleOf(seen, 4096)
        const shuffled = seen.toSorted(
          (a, b) => ((a.unit * 7919 + a.second * 31 + seed) % 101) - ((b.unit * 7919 + b.second * 31 + seed) % 101),
        )
        const other = sampleOf([...shuffled, ...seen], 4096)
        let threshold = HASH_RANGE
        for (let rung = 0; rung < rungs; rung++) threshold = rungBelow(threshold)
        one.lowerTo(threshold)
        other.lowerTo(threshold)
        expect(contentOf(other)).toEqual(contentOf(one))
        expect(one.find(HASH_RANGE - 1)).toBe(NO_ENTRY)
      }),
    )
  })

  test('is a function of the set of units: of any order, split into any parts and merged in any order', () => {
    const units = fc.uniqueArray(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 900 })
    fc.assert(
      fc.property(units, fc.nat({ max: 2 ** 30 }), fc.integer({ min: 1, max: 6 }), (seen, seed, parts) => {
        const random = uniform(seed)
        const hashes = seen.map((unit) => hasher.hash(`u${unit}`))
        const samples = Array.from({ length: parts }, () => new UnitSample({ capacity: 100 }))
        // Some are seen by several, or twice.
        for (const hash of shuffled([...hashes, ...hashes.slice(0, 50)], random))
          samples[Math.floor(random() * parts)].see(hash, SIGHTING)
        while (samples.length > 1) {
          const [into, from] = shuffled(samples, random)
          merge(into, from)
          // Whoever merges twice, or in both directions, has the same.
          if (random() < 0.3) merge(from, into)
          if (random() < 0.3) merge(into, from)
          samples.splice(samples.indexOf(from), 1)
        }
        expect(sampledBy(samples[0])).toEqual(sampledOf(hashes, 100))
      }),
      { numRuns: 300 },
    )
  })

  test('is at least 88 % full once there are too many units for it', () => {
    const random = uniform(5)
    const sample = new UnitSample({ capacity: 65_536 })
    let least = Infinity
    for (let unit = 0; unit < 2_000_000; unit++) {
      sample.see(hashFrom(random), SIGHTING)
      if (unit > 65_536) least = Math.min(least, sample.size)
    }
    expect(least).toBeGreaterThan(0.88 * 65_536)
  })

  test('estimates a million units of two groups within two percent, in the memory that it says', () => {
    let within = 0
    let estimates = 0
    for (let seed = 0; seed < 12; seed++) {
      const random = uniform(seed)
      const sample = new UnitSample({ capacity: 65_536 })
      for (let unit = 0; unit < 1_000_000; unit++)
        sample.see(hashFrom(random), { group: unit & 1, place: 0, second: unit })
      expect(sample.bytes).toBeLessThan(2_800_000)
      for (const [count, truth] of [
        [sample.unique(), 1_000_000],
        [sample.uniqueOf(0), 500_000],
        [sample.uniqueOf(1), 500_000],
      ] as const) {
        expect(count.relativeError).toBeLessThan(0.0125)
        expect(Math.abs(count.units / truth - 1)).toBeLessThan(0.02)
        estimates++
        if (Math.abs(count.units / truth - 1) <= count.relativeError) within++
      }
    }
    // 95 of 100 are meant to be; fewer than 31 of 36 in one of 100 draws.
    expect(within).toBeGreaterThanOrEqual(31)
    expect(estimates).toBe(36)
  }, 60_000)
})

const SIGHTING = { group: 0, place: 0, second: 0 }

/** As evenly spread as those of ids, and made faster. */
function hashFrom(random: () => number): number {
  return Math.floor(random() * 2 ** 20) * 2 ** 32 + Math.floor(random() * 2 ** 32)
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value)
}

/** As replicas do with what a store tells them. */
function merge(into: UnitSample, from: UnitSample): void {
  into.lowerTo(from.threshold)
  from.forEach((hash) => into.see(hash, SIGHTING))
}

interface Sampled {
  readonly threshold: number
  readonly hashes: readonly number[]
  readonly units: number
}

function sampledBy(sample: UnitSample): Sampled {
  const hashes: number[] = []
  sample.forEach((hash) => hashes.push(hash))
  return { threshold: sample.threshold, hashes: hashes.sort((a, b) => a - b), units: sample.unique().units }
}

/** The definition, said in the plainest way: the highest rung below which there are not too many. */
function sampledOf(all: readonly number[], capacity: number): Sampled {
  let threshold = HASH_RANGE
  const inside = (): number[] => all.filter((hash) => hash < threshold)
  while (inside().length > capacity) threshold = rungBelow(threshold)
  const hashes = inside().sort((a, b) => a - b)
  return { threshold, hashes, units: hashes.length / (threshold / HASH_RANGE) }
}
