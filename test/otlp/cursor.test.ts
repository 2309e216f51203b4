// The wire format, byte by byte: what protobuf allows is read, what it does not is refused at the right place.
import { describe, expect, test } from 'vitest'
import { Cursor, DecodeError, MAX_GROUP_DEPTH } from '../../src/otlp/cursor.ts'

function at(...bytes: number[]): Cursor {
  const cursor = new Cursor()
  cursor.open(new Uint8Array(bytes))
  return cursor
}

/** Skips one field; what is left. */
function skipped(...bytes: number[]): number {
  const cursor = at(...bytes)
  cursor.skip(cursor.tag())
  return cursor.end - cursor.position
}

describe('varints', () => {
  const cases: [string, number[], bigint][] = [
    ['one byte', [0x7f], 127n],
    ['two bytes', [0xac, 0x02], 300n],
    ['four bytes', [0xff, 0xff, 0xff, 0x7f], 2n ** 28n - 1n],
    ['the fifth byte fills the low word and begins the high one', [0xff, 0xff, 0xff, 0xff, 0x7f], 2n ** 35n - 1n],
    ['-1 takes ten bytes', [...Array(9).fill(0xff), 0x01], 2n ** 64n - 1n],
    ['the sign bit alone', [...Array(9).fill(0x80), 0x01], 2n ** 63n],
    ['bits above 64 fall away', [...Array(9).fill(0xff), 0x7f], 2n ** 64n - 1n],
    ['padded zero', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 0n],
  ]
  test.each(cases)('%s', (_, bytes, value) => {
    const cursor = at(...bytes)
    cursor.varint()
    expect(BigInt.asUintN(64, (BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0))).toBe(value)
    expect(cursor.position).toBe(bytes.length)
  })

  test('eleven bytes are refused', () => {
    expect(() => at(...Array(10).fill(0x80), 0x00).varint()).toThrow('longer than ten bytes')
  })

  test.each([1, 4, 5, 9])('an end after %i bytes that promise more is refused', (count) => {
    expect(() => at(...Array(count).fill(0x80)).varint()).toThrow('reaches past its message')
  })

  test('int32 keeps the low word, signed', () => {
    expect(at(...Array(9).fill(0xff), 0x01).int32()).toBe(-1)
    expect(at(0xff, 0xff, 0xff, 0xff, 0x07).int32()).toBe(0x7fffffff)
  })
})

test('fixed values are little-endian words', () => {
  const cursor = at(1, 2, 3, 4, 5, 6, 7, 0x88)
  cursor.fixed64()
  expect([cursor.low >>> 0, cursor.high >>> 0]).toEqual([0x04030201, 0x88070605])
  expect(at(0xff, 0xff, 0xff, 0xff).fixed32()).toBe(-1)
  expect(() => at(1, 2, 3, 4, 5, 6, 7).fixed64()).toThrow(DecodeError)
  expect(() => at(1, 2, 3).fixed32()).toThrow(DecodeError)
})

describe('tags', () => {
  test('a tag of several bytes is read', () => {
    expect(at(0x85, 0x01).tag()).toBe(16 * 8 + 5)
    expect(at(0xff, 0xff, 0xff, 0xff, 0x0f).tag()).toBe(2 ** 32 - 1)
  })
  const refused: [string, number[], string][] = [
    ['field number 0', [0x02], 'field number 0'],
    ['field number 0, padded', [0x82, 0x00], 'field number 0'],
    ['33 bits', [0xff, 0xff, 0xff, 0xff, 0x1f], 'more than 32 bits'],
    ['six bytes, were they only padding', [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00], 'more than 32 bits'],
    ['nothing', [], 'reaches past its message'],
  ]
  test.each(refused)('%s is refused', (_, bytes, reason) => {
    expect(() => at(...bytes).tag()).toThrow(reason)
  })
})

describe('skipping', () => {
  const cases: [string, number[]][] = [
    ['a varint', [0x08, 0x96, 0x01]],
    ['64 bits', [0x09, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['text', [0x0a, 3, 1, 2, 3]],
    ['32 bits', [0x0d, 1, 2, 3, 4]],
    ['an empty group', [0x0b, 0x0c]],
    ['a group with fields and a group in it', [0x0b, 0x08, 1, 0x13, 0x12, 1, 9, 0x14, 0x0c]],
  ]
  test.each(cases)('%s takes exactly its bytes', (_, bytes) => {
    expect(skipped(...bytes)).toBe(0)
    expect(skipped(...bytes, 0x10, 0x01)).toBe(2)
    for (let length = 1; length < bytes.length; length++) {
      expect(() => skipped(...bytes.slice(0, length))).toThrow(DecodeError)
    }
  })
  const refused: [string, number[], string][] = [
    ['an end of group that nothing began', [0x0c], 'without its start'],
    ['an end of another group', [0x0b, 0x14], 'does not match'],
    ['wire type 6', [0x0e], 'unknown wire type 6'],
    ['wire type 7', [0x0f, 0x00], 'unknown wire type 7'],
    ['a length beyond the bytes', [0x0a, 5, 1], 'reaches past its message'],
    ['a length of 4 GB', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], 'reaches past its message'],
    ['a length of 64 bits', [0x0a, ...Array(9).fill(0xff), 0x01], 'reaches past its message'],
  ]
  test.each(refused)('%s is refused', (_, bytes, reason) => {
    expect(() => skipped(...bytes)).toThrow(reason)
  })

  test('groups nest to the limit and no further', () => {
    const nested = (depth: number) => [...Array(depth).fill(0x0b), ...Array(depth).fill(0x0c)]
    expect(skipped(...nested(MAX_GROUP_DEPTH))).toBe(0)
    expect(() => skipped(...nested(MAX_GROUP_DEPTH + 1))).toThrow('nested too deeply')
  })
})

test('a submessage cannot reach out of its parent', () => {
  const cursor = at(0x0a, 2, 0x0a, 5, 1, 2, 3, 4, 5)
  cursor.tag()
  cursor.enter()
  cursor.tag()
  expect(() => cursor.enter()).toThrow('reaches past its message')
})

test('leaving a submessage goes to its end, however much was read', () => {
  const cursor = at(0x0a, 3, 1, 2, 3, 0x10, 7)
  cursor.tag()
  cursor.leave(cursor.enter())
  expect([cursor.tag(), cursor.int32(), cursor.position]).toEqual([0x10, 7, 7])
})

test('a refusal says where', () => {
  const cursor = at(0x08, 1, 0x0e)
  cursor.skip(cursor.tag())
  expect(() => cursor.skip(cursor.tag())).toThrow(new DecodeError('unknown wire type 6', 3))
})

test('bytes may begin anywhere in their memory, in a Buffer or not', () => {
  const memory = Buffer.from([9, 9, 9, 0x10, 7, 9])
  const cursor = new Cursor()
  cursor.open(memory.subarray(3, 5))
  expect([cursor.tag(), cursor.int32(), cursor.end - cursor.position]).toEqual([0x10, 7, 0])
})
