// What one writer tells of its units: whole, whatever was folded when, and nothing that left the sample.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUnits } from '../../src/units/unit-codec.ts'
import { UnitHasher } from '../../src/units/unit-hasher.ts'
import { UnitSet } from '../../src/units/unit-set.ts'
import { uniform } from '../sketch/samples.ts'

const hasher = new UnitHasher('key')

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
    for (const hash of [1, 65, 90]) set.add(hash, 10, hash < 90 ? 0 : 1)
    set.fold([0])
    set.prune(72)
    expect([...toldBy(set).keys()]).toEqual([1, 65])
    expect(set.add(80, 10, 1)).toBe(false)
    const reader = new UnitSet(1)
    reader.add(80, 3, 0)
    reader.mergeIntoHistory(set.encodeHistory()!)
    expect(toldBy(reader)).toEqual(
      new Map([
        [1, 10],
        [65, 10],
      ]),
    )
  })

  test('tells as many as a sample holds, each with its own second', () => {
    const random = uniform(3)
    const set = new UnitSet(1)
    const truth = new Map<number, number>()
    while (truth.size < 65_000) {
      // Every other one close to the one before, so that their upper halves are the same.
      const hash = Math.floor(random() * 2 ** 20) * 2 ** 32 + truth.size
      for (const one of [hash + 3, hash]) {
        if (!truth.has(one)) truth.set(one, truth.size)
        set.add(one, truth.get(one)!, 0)
      }
    }
    expect(toldBy(set)).toEqual(truth)
  })

  test('tells the threshold where no unit is left below it', () => {
    const set = new UnitSet(1)
    set.add(90, 10, 0)
    expect(set.encodeHistory()).toBeNull()
    set.prune(72)
    expect(decodeUnits(set.encodeMinute(0)!)).toMatchObject({ threshold: 72, hashes: new Float64Array(0) })
    expect(set.encodeMinute(1)).toBeNull()
    set.fold([0])
    expect(decodeUnits(set.encodeHistory()!).threshold).toBe(72)
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
