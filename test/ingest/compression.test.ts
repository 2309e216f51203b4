import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Codec, codecOf, decompress } from '../../src/ingest/compression.ts'

const COMPRESS: Record<Exclude<Codec, 'identity'>, (bytes: Uint8Array) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}
const CODECS = ['gzip', 'deflate', 'zstd'] as const
const LIMIT = 1024 * 1024

test.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['identity', 'identity'],
  ['GZip', 'gzip'],
  [' gzip ', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
  ['br', null],
  ['snappy', null],
  ['gzip, gzip', null],
])('the encoding header %j means %j', (header, codec) => {
  expect(codecOf(header)).toBe(codec)
})

describe.each(CODECS)('%s', (codec) => {
  const compress = COMPRESS[codec]

  test('what was compressed comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 40 }), (bytes, times) => {
        const plain = Buffer.concat(Array.from({ length: times }, () => bytes))
        const result = decompress(codec, compress(plain), LIMIT)
        expect(result.kind === 'bytes' && plain.equals(result.bytes)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('the bound is exact: as many bytes as allowed pass, one more does not', () => {
    const plain = Buffer.alloc(300_000, 'spans ')
    expect(decompress(codec, compress(plain), 300_000).kind).toBe('bytes')
    expect(decompress(codec, compress(plain), 299_999).kind).toBe('too_large')
  })

  test('a bomb is stopped at the bound', () => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024))
    expect(bomb.byteLength).toBeLessThan(LIMIT)
    expect(decompress(codec, bomb, LIMIT).kind).toBe('too_large')
  })

  test('data cut short anywhere are broken, never a shorter message', () => {
    const whole = compress(Buffer.from('a span, and another span, and a third span'))
    for (let length = 0; length < whole.byteLength; length++) {
      expect(decompress(codec, whole.subarray(0, length), LIMIT).kind, `first ${length} bytes`).toBe('broken')
    }
  })

  test('bytes behind the end are broken data, not ignored', () => {
    const whole = Buffer.concat([compress(Buffer.from('spans')), Buffer.from('rubbish')])
    expect(decompress(codec, whole, LIMIT).kind).toBe('broken')
  })

  test('any bytes give an answer, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['bytes', 'broken', 'too_large']).toContain(decompress(codec, bytes, LIMIT).kind)
      }),
    )
  })
})

test.each(['gzip', 'zstd'] as const)('a %s body of several members is read to its end', (codec) => {
  const parts = ['first ', 'second ', 'third'].map((text) => COMPRESS[codec](Buffer.from(text)))
  const result = decompress(codec, Buffer.concat(parts), LIMIT)
  expect(result.kind === 'bytes' && Buffer.from(result.bytes).toString()).toBe('first second third')
  expect(decompress(codec, Buffer.concat(parts), 17).kind).toBe('too_large')
})

test('deflate is the zlib format, as HTTP and gRPC define it', () => {
  expect(decompress('deflate', deflateRawSync(Buffer.from('spans')), LIMIT).kind).toBe('broken')
})

test('a gzip trailer that lies about the length changes nothing', () => {
  const bytes = gzipSync(Buffer.alloc(100_000, 'x'))
  const two = Buffer.concat([bytes, gzipSync(Buffer.from('tail'))])
  const result = decompress('gzip', two, LIMIT)
  expect(result.kind === 'bytes' && result.bytes.byteLength).toBe(100_004)
})

test('identity passes what the bound allows, untouched', () => {
  const bytes = Buffer.from('spans')
  expect(decompress('identity', bytes, 5)).toEqual({ kind: 'bytes', bytes })
  expect(decompress('identity', bytes, 4).kind).toBe('too_large')
})
