// Units: the sample is the same whoever saw what in which order, its estimates are as good as they say, and bytes survive.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUnits, UnitBytesError } from '../../src/units/unit-codec.ts'
import { HASH_RANGE, UnitHasher } from '../../src/units/unit-hasher.ts'
import { NO_ENTRY, UnitSample } from '../../src/units/unit-sample.ts'
import { UnitSet } from '../../src/units/unit-set.ts'

const hasher = new UnitHasher('key')

describe('hashes', () => {
  test('depend on id and key, and say nothing of either', () => {
    const other = new UnitHasher('other')
    expect(hasher.hash('u1')).toBe(new UnitHasher('key').hash('u1'))
    expect(new Set([hasher.hash('u1'), hasher.hash('u2'), other.hash('u1'), new UnitHasher('').hash('u1')]).size).toBe(
      4,
    )
    expect(hasher.keyId).not.toBe(other.keyId)
  })

  test('are whole numbers, evenly spread', () => {
    const buckets = new Float64Array(64)
    const count = 64_000
    for (let id = 0; id < count; id++) {
      const hash = hasher.hash(`user-${id}`)
      if (!Number.isSafeInteger(hash) || hash < 0 || hash >= HASH_RANGE) throw new Error(`no hash: ${hash}`)
      buckets[Math.floor(hash / (HASH_RANGE / 64))]++
    }
    const chiSquared = buckets.reduce((sum, seen) => sum + (seen - count / 64) ** 2 / (count / 64), 0)
    // 63 degrees of freedom: beyond 120 in one of 100,000 draws.
    expect(chiSquared).toBeLessThan(120)
  })
})

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

  test('is a matter of the units alone: in any order, by any number of others that are merged', () => {
    fc.assert(
      fc.property(sightings, fc.array(fc.nat(3), { minLength: 600, maxLength: 600 }), fc.nat(), (seen, parts, seed) => {
        const whole = sampleOf(seen, 64)
        const shuffled = seen.toSorted((a, b) => ((a.unit * 7919 + seed) % 101) - ((b.unit * 7919 + seed) % 101))
        const merged = new UnitSample({ capacity: 64 })
        for (let part = 0; part < 4; part++) {
          const other = sampleOf(
            shuffled.filter((_, at) => parts[at] === part),
            64,
          )
          merged.lowerTo(other.threshold)
          for (const { unit, group, second } of shuffled.filter((_, at) => parts[at] === part))
            if (other.find(hasher.hash(`u${unit}`)) !== NO_ENTRY)
              merged.see(hasher.hash(`u${unit}`), { group, place: group, second })
        }
        for (const sample of [merged, sampleOf(shuffled, 64)]) {
          expect(sample.threshold).toBe(whole.threshold)
          expect(contentOf(sample)).toEqual(contentOf(whole))
        }
        expect(whole.size).toBeLessThanOrEqual(64)
      }),
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

describe('the set of one writer', () => {
  test('tells each unit with its earliest second, whatever was folded when', () => {
    const step = fc.oneof(
      fc.record({ unit: fc.integer({ min: 0, max: 60 }), second: fc.integer({ min: 0, max: 600 }) }),
      fc.record({ fold: fc.integer({ min: 0, max: 10 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const set = new UnitSet(hasher.keyId)
        const truth = new Map<number, number>()
        for (const one of steps) {
          if ('fold' in one) set.fold(Array.from({ length: one.fold }, (_, minute) => minute))
          else {
            const hash = hasher.hash(`u${one.unit}`)
            const isNews = !(truth.has(hash) && truth.get(hash)! <= one.second)
            expect(set.add(hash, one.second, Math.floor(one.second / 60))).toBe(isNews)
            truth.set(hash, Math.min(truth.get(hash) ?? Infinity, one.second))
          }
        }
        expect(toldBy(set)).toEqual(truth)
        const restored = new UnitSet(hasher.keyId)
        for (const bytes of bytesOf(set)) restored.mergeIntoHistory(bytes)
        expect(toldBy(restored)).toEqual(truth)
      }),
    )
  })

  test('lets go of what leaves the sample, and so do those who read it', () => {
    const set = new UnitSet(1)
    for (const hash of [1, 5, 9]) set.add(hash, 10, hash < 9 ? 0 : 1)
    set.fold([0])
    set.prune(6)
    expect([...toldBy(set).keys()]).toEqual([1, 5])
    expect(set.add(7, 10, 1)).toBe(false)
    const reader = new UnitSet(1)
    reader.add(8, 3, 0)
    reader.mergeIntoHistory(set.encodeHistory()!)
    expect(toldBy(reader)).toEqual(
      new Map([
        [1, 10],
        [5, 10],
      ]),
    )
  })

  test('refuses bytes that tell no units, and takes nothing of them', () => {
    const set = new UnitSet(7)
    for (let unit = 0; unit < 50; unit++) set.add(hasher.hash(`u${unit}`), unit, 0)
    const bytes = set.encodeMinute(0)!
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, isCut) => {
        const broken = isCut ? bytes.slice(0, at) : Uint8Array.from(bytes, (old, place) => (place === at ? byte : old))
        try {
          const { hashes, seconds } = decodeUnits(broken)
          expect(hashes.every((hash, place) => place === 0 || hash > hashes[place - 1])).toBe(true)
          expect(seconds.every(Number.isSafeInteger)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(UnitBytesError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

function bytesOf(set: UnitSet): Uint8Array[] {
  const minutes = Array.from({ length: 12 }, (_, minute) => set.encodeMinute(minute))
  return [set.encodeHistory(), ...minutes].filter((bytes) => bytes !== null)
}

function toldBy(set: UnitSet): Map<number, number> {
  const told = new Map<number, number>()
  for (const bytes of bytesOf(set)) {
    const { hashes, seconds } = decodeUnits(bytes)
    for (const [at, hash] of hashes.entries()) told.set(hash, Math.min(told.get(hash) ?? Infinity, seconds[at]))
  }
  return told
}
