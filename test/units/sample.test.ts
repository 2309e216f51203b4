// The sample is the same whoever saw what in which order, and its estimates are as good as they say.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HASH_RANGE, UnitHasher } from '../../src/units/unit-hasher.ts'
import { NO_ENTRY, UnitSample } from '../../src/units/unit-sample.ts'

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
      fc.property(
        sightings,
        fc.integer({ min: 0, max: 2 ** 30 }),
        fc.double({ min: 0.2, max: 1, noNaN: true }),
        (seen, seed, share) => {
          const one = sampleOf(seen, 4096)
          const shuffled = seen.toSorted(
            (a, b) => ((a.unit * 7919 + a.second * 31 + seed) % 101) - ((b.unit * 7919 + b.second * 31 + seed) % 101),
          )
          const other = sampleOf([...shuffled, ...seen], 4096)
          const threshold = Math.floor(HASH_RANGE * share)
          one.lowerTo(threshold)
          other.lowerTo(threshold)
          expect(contentOf(other)).toEqual(contentOf(one))
          expect(one.find(HASH_RANGE - 1)).toBe(NO_ENTRY)
        },
      ),
    )
  })

  test('estimates a million units of two groups within two percent, in the memory that it says', () => {
    let within = 0
    let estimates = 0
    for (const key of ['a', 'b', 'c']) {
      const keyed = new UnitHasher(key)
      const sample = new UnitSample({ capacity: 65_536 })
      for (let unit = 0; unit < 1_000_000; unit++)
        sample.see(keyed.hash(`user-${unit}`), { group: unit & 1, place: 0, second: unit })
      expect(sample.bytes).toBeLessThan(2_800_000)
      for (const [count, truth] of [
        [sample.unique(), 1_000_000],
        [sample.uniqueOf(0), 500_000],
        [sample.uniqueOf(1), 500_000],
      ] as const) {
        expect(count.relativeError).toBeLessThan(0.02)
        estimates++
        if (Math.abs(count.units / truth - 1) <= count.relativeError) within++
      }
    }
    expect(within).toBeGreaterThanOrEqual(estimates - 1)
  }, 60_000)
})
