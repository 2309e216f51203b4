// Names and texts as bytes: found, compared and remembered without mistaking one for another.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteNames } from '../../src/otlp/names.ts'
import { MAX_INTERNED_BYTES, StringTable } from '../../src/otlp/strings.ts'
import { viewOf } from '../../src/otlp/words.ts'

/** The bytes of a text in the middle of others, which must not matter. */
function embedded(bytes: Uint8Array): { view: DataView; start: number; end: number } {
  const before = Buffer.from('xyz')
  return { view: viewOf(Buffer.concat([before, bytes, before])), start: 3, end: 3 + bytes.length }
}

function find(names: ByteNames, text: string): number {
  const { view, start, end } = embedded(Buffer.from(text))
  return names.find(view, start, end)
}

describe('names', () => {
  const few = ['service.name', 'service.namf', 'a', 'ab', 'abc', 'abcd', 'abcde', '', 'größe']
  test.each(few)('%j is found under its own index', (name) => {
    expect(find(new ByteNames(few), name)).toBe(few.indexOf(name))
  })
  test.each(['service.nam', 'service.nbme', 'b', 'ba', 'abd', 'xbcd', 'grosse', 'service.name '])(
    '%j is not',
    (name) => {
      expect(find(new ByteNames(few), name)).toBe(-1)
    },
  )
  test('among no names nothing is found', () => {
    expect([find(new ByteNames([]), ''), find(new ByteNames([]), 'a')]).toEqual([-1, -1])
  })
  test('every byte of a name counts', () => {
    for (let length = 1; length <= 20; length++) {
      const name = 'abcdefghijklmnopqrst'.slice(0, length)
      const names = new ByteNames([name])
      for (let at = 0; at < length; at++) expect(find(names, `${name.slice(0, at)}-${name.slice(at + 1)}`)).toBe(-1)
    }
  })
  test('random names are told apart', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 })
    fc.assert(
      fc.property(fc.uniqueArray(letters, { maxLength: 40 }), letters, (names, sought) => {
        expect(find(new ByteNames(names), sought)).toBe(names.indexOf(sought))
      }),
      { seed: 7 },
    )
  })
})

describe('the string table', () => {
  const table = new StringTable()
  const textOf = (bytes: Uint8Array) => {
    const { view, start, end } = embedded(bytes)
    return table.text(view, start, end)
  }

  test.each([
    '',
    'a',
    'ab',
    'abc',
    'abcd',
    'x'.repeat(MAX_INTERNED_BYTES),
    'x'.repeat(MAX_INTERNED_BYTES + 1),
    '\ufeffbom',
  ])('%j comes out as it went in, twice', (text) => {
    expect([textOf(Buffer.from(text)), textOf(Buffer.from(text))]).toEqual([text, text])
  })
  test('bytes that are no UTF-8 become U+FFFD', () => {
    expect(textOf(new Uint8Array([0x61, 0xff, 0x62]))).toBe('a\ufffdb')
  })
  test('any bytes give what a TextDecoder gives, whatever was asked before', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(textOf(bytes)).toBe(decoder.decode(bytes))
      }),
      { numRuns: 2000, seed: 7 },
    )
  })
  test('more texts than there is room for are all right all the same', () => {
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 20_000; index++) expect(textOf(Buffer.from(`unit-${index}`))).toBe(`unit-${index}`)
    }
  })
})
