import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyMemory } from '../../src/ingest/body-memory.ts'
import { frameMessage, UnaryMessage } from '../../src/ingest/grpc/framing.ts'

const memory = new BodyMemory({ reuse: false })

/** Feeds bytes cut at the given places, accepting any length; ends at the first surplus. */
function read(bytes: Uint8Array, cuts: readonly number[]): { message: UnaryMessage; surplus: boolean } {
  const message = new UnaryMessage(memory)
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < edges.length; i++) {
    let step = message.push(bytes.subarray(edges[i - 1], edges[i]))
    if (step === 'declared') step = message.accept()
    if (step === 'surplus') return { message, surplus: true }
  }
  return { message, surplus: false }
}

const bytesAndCuts = fc
  .uint8Array({ maxLength: 300 })
  .chain((bytes) => fc.tuple(fc.constant(bytes), fc.array(fc.nat(bytes.length + 5), { maxLength: 12 })))

test('a message comes out whole however its bytes are cut', () => {
  fc.assert(
    fc.property(bytesAndCuts, ([bytes, cuts]) => {
      const { message, surplus } = read(frameMessage(bytes), cuts)
      expect(surplus).toBe(false)
      expect(message.complete).toBe(true)
      expect(Buffer.from(message.bytes()).equals(bytes)).toBe(true)
      expect(message.compressed).toBe(false)
    }),
  )
})

test('one byte more is a surplus, one byte less is not complete, however they are cut', () => {
  fc.assert(
    fc.property(bytesAndCuts, ([bytes, cuts]) => {
      const frame = frameMessage(bytes)
      expect(read(Buffer.concat([frame, Buffer.from([0])]), cuts).surplus).toBe(true)
      const { message, surplus } = read(
        frame.subarray(0, -1),
        cuts.map((cut) => Math.min(cut, frame.length - 1)),
      )
      expect(surplus).toBe(false)
      expect(message.complete).toBe(false)
    }),
  )
})

test('the length is told before memory is taken for it', () => {
  const message = new UnaryMessage(memory)
  expect(message.push(Buffer.from([1, 0xff, 0xff, 0xff]))).toBe('more')
  expect(message.push(Buffer.from([0xff]))).toBe('declared')
  expect(message.length).toBe(2 ** 32 - 1)
  expect(message.compressed).toBe(true)
  expect(message.complete).toBe(false)
})

test('nothing, and half a prefix, are no message', () => {
  expect(new UnaryMessage(memory).empty).toBe(true)
  const message = new UnaryMessage(memory)
  message.push(Buffer.from([0, 0]))
  expect(message.empty).toBe(false)
  expect(message.complete).toBe(false)
})

test('the message has memory of its own, so that it can be handed to a thread', () => {
  const { message } = read(frameMessage(Buffer.from('spans')), [])
  expect(message.bytes().buffer.byteLength).toBe(5)
})
