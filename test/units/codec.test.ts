// The bytes of units: read as they were written, else refused by one error.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/sketch/bytes.ts'
import { isRung, rungBelow } from '../../src/units/thresholds.ts'
import { decodeUnits, encodeUnits, type KnownUnits, UnitBytesError } from '../../src/units/unit-codec.ts'
import { HASH_RANGE } from '../../src/units/unit-hasher.ts'

const rung = fc.nat({ max: 380 }).map((steps) => {
  let threshold = HASH_RANGE
  for (let step = 0; step < steps; step++) threshold = Math.max(64, rungBelow(threshold))
  return threshold
})

const known: fc.Arbitrary<KnownUnits> = rung.chain((threshold) =>
  fc
    .record({
      keyId: fc.nat({ max: 2 ** 32 - 1 }),
      threshold: fc.constant(threshold),
      units: fc.uniqueArray(fc.tuple(fc.nat({ max: threshold - 1 }), fc.nat({ max: 2 ** 40 })), {
        selector: ([hash]) => hash,
        maxLength: 60,
      }),
    })
    .map(({ units, ...rest }) => {
      const sorted = units.toSorted((a, b) => a[0] - b[0])
      return {
        ...rest,
        hashes: Float64Array.from(sorted, ([hash]) => hash),
        seconds: Float64Array.from(sorted, ([, second]) => second),
      }
    }),
)

describe('the bytes of units', () => {
  test('give back what was written', () => {
    fc.assert(
      fc.property(known, (units) => {
        expect(decodeUnits(encodeUnits(units))).toEqual(units)
      }),
    )
  })

  test('are read wherever they lie in a buffer', () => {
    const units = {
      keyId: 7,
      threshold: HASH_RANGE,
      hashes: Float64Array.of(3, 2 ** 50),
      seconds: Float64Array.of(9, 5),
    }
    const bytes = encodeUnits(units)
    const padded = new Uint8Array(bytes.length + 7)
    padded.set(bytes, 3)
    expect(decodeUnits(padded.subarray(3, 3 + bytes.length))).toEqual(units)
  })

  test('are refused where they are cut or something follows', () => {
    fc.assert(
      fc.property(known, fc.uint8Array({ minLength: 1, maxLength: 9 }), (units, more) => {
        const bytes = encodeUnits(units)
        for (let length = 0; length < bytes.length; length++) expectRefused(bytes.subarray(0, length))
        expectRefused(Uint8Array.of(...bytes, ...more))
      }),
      { numRuns: 50 },
    )
  })

  test('are refused, by this error alone, or tell what could have been written, where some of them are others', () => {
    const change = fc.record({ at: fc.nat({ max: 400 }), byte: fc.nat({ max: 255 }) })
    fc.assert(
      fc.property(known, fc.array(change, { minLength: 1, maxLength: 4 }), (units, changes) => {
        const bytes = encodeUnits(units)
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte
        expectRefusedOrSound(bytes)
      }),
      { numRuns: 3000 },
    )
  })

  test('are refused or sound where they are any', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectRefusedOrSound), { numRuns: 2000 })
    const threshold = encodeUnits(empty()).subarray(0, 10)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (rest) =>
        expectRefusedOrSound(Uint8Array.of(...threshold, ...rest)),
      ),
      { numRuns: 3000 },
    )
  })

  test.each<[string, Parts]>([
    ['a version that is unknown', { version: 2 }],
    ['an id of a key beyond 32 bits', { keyId: 2 ** 32 }],
    ['a threshold of 0', { threshold: 0 }],
    ['a threshold below all others', { threshold: 32 }],
    ['a threshold beyond the range', { threshold: 2 * HASH_RANGE }],
    ['a threshold between two rungs', { threshold: HASH_RANGE - 1 }],
    ['a threshold that is no number', { threshold: Number.NaN }],
    ['a threshold below 0', { threshold: -HASH_RANGE }],
    ['a hash at the threshold', { threshold: 64, numbers: [64, 0] }],
    ['a hash beyond the threshold', { threshold: 64, numbers: [60, 0, 10, 0] }],
    ['a distance beyond all hashes', { numbers: [1, 0, Number.MAX_SAFE_INTEGER, 0] }],
    ['a unit twice', { numbers: [5, 0, 0, 1] }],
    ['fewer units than it says', { count: 3, numbers: [5, 0, 1, 0] }],
    ['more units than it says', { count: 1, numbers: [5, 0, 1, 0] }],
    ['a count beyond all memory', { count: Number.MAX_SAFE_INTEGER, numbers: [5, 0] }],
    ['an earliest second that no unit has', { numbers: [5, 1, 1, 2] }],
    ['an earliest second without units', { earliest: 1, numbers: [] }],
    ['a second beyond all time', { earliest: Number.MAX_SAFE_INTEGER, numbers: [5, 0, 1, 1] }],
  ])('are refused with %s', (_, parts) => {
    expectRefused(written(parts))
  })

  test('are sound without any of that', () => {
    expectRefusedOrSound(written({}))
    expect(() => decodeUnits(written({}))).not.toThrow()
  })
})

interface Parts {
  readonly version?: number
  readonly keyId?: number
  readonly threshold?: number
  readonly count?: number
  readonly earliest?: number
  /** Distances of hash and second in turn. */
  readonly numbers?: readonly number[]
}

function written({ numbers = [5, 0, 3, 2], ...parts }: Parts): Uint8Array {
  const writer = new ByteWriter()
  writer.byte(parts.version ?? 1)
  writer.varint(parts.keyId ?? 7)
  writer.double(parts.threshold ?? HASH_RANGE)
  writer.varint(parts.count ?? numbers.length / 2)
  writer.varint(parts.earliest ?? (numbers.length === 0 ? 0 : 1000))
  for (const number of numbers) writer.varint(number)
  return writer.finish()
}

function empty(): KnownUnits {
  return { keyId: 7, threshold: HASH_RANGE, hashes: new Float64Array(0), seconds: new Float64Array(0) }
}

function expectRefused(bytes: Uint8Array): void {
  expect(() => decodeUnits(bytes)).toThrow(UnitBytesError)
}

function expectRefusedOrSound(bytes: Uint8Array): void {
  let units: KnownUnits
  try {
    units = decodeUnits(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(UnitBytesError)
    return
  }
  const { keyId, threshold, hashes, seconds } = units
  expect(keyId).toBeLessThan(2 ** 32)
  expect(isRung(threshold)).toBe(true)
  expect(hashes.every((hash, at) => Number.isSafeInteger(hash) && hash > (hashes[at - 1] ?? -1))).toBe(true)
  expect(hashes.every((hash) => hash < threshold)).toBe(true)
  expect(seconds.every((second) => Number.isSafeInteger(second) && second >= 0)).toBe(true)
  expect(decodeUnits(encodeUnits(units))).toEqual(units)
}
