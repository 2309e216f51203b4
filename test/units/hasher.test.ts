// The hash of a unit: even, and nothing can be told from it without the key.
import { describe, expect, test } from 'vitest'
import { HASH_RANGE, UnitHasher } from '../../src/units/unit-hasher.ts'

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
