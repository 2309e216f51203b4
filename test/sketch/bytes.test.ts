import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, MalformedBytesError } from '../../src/sketch/bytes.ts'

describe('bytes', () => {
  it('read back as they were written', () => {
    const items = fc.oneof(
      fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
      fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
      fc.record({ kind: fc.constant('byte' as const), value: fc.nat(255) }),
    )
    fc.assert(
      fc.property(fc.array(items, { maxLength: 300 }), (list) => {
        const writer = new ByteWriter()
        for (const item of list) writer[item.kind](item.value)
        const reader = new ByteReader(writer.finish())
        for (const item of list) expect(reader[item.kind]()).toBe(item.value)
        reader.end()
      }),
    )
  })

  it('hold no number beyond 2^53 - 1, and nothing after the end', () => {
    expect(() => new ByteReader(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127)).varint()).toThrow(
      MalformedBytesError,
    )
    expect(() => new ByteReader(new Uint8Array(9).fill(128)).varint()).toThrow(MalformedBytesError)
    expect(() => new ByteReader(Uint8Array.of(128)).varint()).toThrow('end early')
    expect(() => new ByteReader(new Uint8Array(7)).double()).toThrow('end early')
    expect(() => new ByteReader(Uint8Array.of(3, 0, 0)).countOf(1)).toThrow('larger than the bytes')
    expect(() => new ByteReader(Uint8Array.of(1)).end()).toThrow('left over')
  })
})
