import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestIdentity } from '../../src/ingest/identity.ts'

test('the same request has the same identity, wherever its bytes lie', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(7), (bytes, offset) => {
      const elsewhere = new Uint8Array(bytes.length + offset)
      elsewhere.set(bytes, offset)
      expect(requestIdentity('traces', 'protobuf', elsewhere.subarray(offset))).toBe(
        requestIdentity('traces', 'protobuf', bytes),
      )
    }),
  )
})

test('a change of any one byte is another request', () => {
  const bytes = new Uint8Array(20_000).fill(7)
  const before = requestIdentity('traces', 'protobuf', bytes)
  for (const at of [0, 1, 4095, 4096, 10_000, 15_903, 15_904, 19_999]) {
    const changed = bytes.slice()
    changed[at] ^= 1
    expect(requestIdentity('traces', 'protobuf', changed), `byte ${at}`).not.toBe(before)
  }
})

test('length, signal and encoding tell equal bytes apart', () => {
  const bytes = new Uint8Array(100)
  const identities = [
    requestIdentity('traces', 'protobuf', bytes),
    requestIdentity('logs', 'protobuf', bytes),
    requestIdentity('metrics', 'protobuf', bytes),
    requestIdentity('traces', 'json', bytes),
    requestIdentity('traces', 'protobuf', bytes.subarray(1)),
  ]
  expect(new Set(identities).size).toBe(identities.length)
})

test('it is short enough to keep many of', () => {
  expect(requestIdentity('traces', 'protobuf', new Uint8Array(1_000_000)).length).toBeLessThanOrEqual(48)
})
