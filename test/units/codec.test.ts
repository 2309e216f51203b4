// The bytes of units: read as they were written, else refused.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUnits, UnitBytesError } from '../../src/units/unit-codec.ts'
import { UnitHasher } from '../../src/units/unit-hasher.ts'
import { UnitSet } from '../../src/units/unit-set.ts'

const hasher = new UnitHasher('key')

describe('the bytes of units', () => {
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
