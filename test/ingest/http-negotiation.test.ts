import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyMemory } from '../../src/ingest/body-memory.ts'
import { Body } from '../../src/ingest/http/body.ts'
import {
  bodyTerms,
  contentLength,
  encodingOfMedia,
  isRefusal,
  signalOfTarget,
} from '../../src/ingest/http/negotiation.ts'

const memory = new BodyMemory({ reuse: false })

test.each([
  ['/v1/traces', 'traces'],
  ['/v1/metrics', 'metrics'],
  ['/v1/logs', 'logs'],
  ['/v1/traces?x=1', 'traces'],
  ['/v1/traces/', null],
  ['/v1/profiles', null],
  ['/V1/traces', null],
  ['/', null],
  ['', null],
])('the target %j names %j', (target, signal) => {
  expect(signalOfTarget(target)).toBe(signal)
})

test.each([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
  ['application/json; charset=utf-8', 'json'],
  ['Application/X-Protobuf;v=1', 'protobuf'],
  [' application/json ', 'json'],
  ['application/protobuf', null],
  ['text/plain', null],
  ['application/jsonx', null],
  [undefined, null],
])('Content-Type %j is %j', (type, encoding) => {
  expect(encodingOfMedia(type)).toBe(encoding)
})

test('terms name encoding and codec, or the refusal', () => {
  const terms = bodyTerms({ 'content-type': 'application/json', 'content-encoding': 'zstd' })
  expect(terms).toEqual({ encoding: 'json', codec: 'zstd' })
  const media = bodyTerms({ 'content-type': `text/${'x'.repeat(5000)}` })
  expect(isRefusal(media) && media.kind).toBe('unsupported_media')
  expect(isRefusal(media) && media.message.length).toBeLessThan(300)
  const encoding = bodyTerms({ 'content-type': 'application/json', 'content-encoding': 'br' })
  expect(isRefusal(encoding) && encoding.kind).toBe('unsupported_encoding')
})

test('a body without a length and without chunks is empty', () => {
  expect(contentLength({})).toBe(0)
  expect(contentLength({ 'transfer-encoding': 'chunked' })).toBeNull()
  expect(contentLength({ 'content-length': '12' })).toBe(12)
})

test('a body comes out whole however it is cut, with and without a known length, in memory of its own', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), fc.boolean(), (chunks, known) => {
      const whole = Buffer.concat(chunks)
      const body = new Body(memory, known ? whole.length : null)
      for (const chunk of chunks) body.push(chunk)
      expect(body.received).toBe(whole.length)
      const bytes = body.bytes()
      expect(Buffer.from(bytes).equals(whole)).toBe(true)
      expect(bytes.buffer.byteLength).toBe(whole.length)
    }),
  )
})

test('a body that is a view into shared memory is copied out of it', () => {
  const shared = new Uint8Array(100)
  const body = new Body(memory, 10)
  body.push(shared.subarray(20, 30))
  expect(body.bytes().buffer).not.toBe(shared.buffer)
})
