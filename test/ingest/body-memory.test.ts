import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyMemory } from '../../src/ingest/body-memory.ts'
import { frameMessage, UnaryMessage } from '../../src/ingest/grpc/framing.ts'
import { Body } from '../../src/ingest/http/body.ts'

test('without reuse every body owns exactly its memory', () => {
  const memory = new BodyMemory({ reuse: false })
  const first = memory.take(1000)
  memory.give(first)
  const second = memory.take(1000)
  expect(second.buffer).not.toBe(first.buffer)
  expect(second.buffer.byteLength).toBe(1000)
})

test('with reuse a body of about the size comes to lie where the last one lay', () => {
  const memory = new BodyMemory({ reuse: true })
  const first = memory.take(50_000)
  memory.give(first)
  const second = memory.take(40_000)
  expect(second.buffer).toBe(first.buffer)
  expect(second.byteLength).toBe(40_000)
})

test('two bodies in use never share a byte, whatever is taken and given', () => {
  const step = fc.oneof(fc.record({ take: fc.integer({ min: 0, max: 200_000 }) }), fc.record({ give: fc.nat(20) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const memory = new BodyMemory({ reuse: true })
      const inUse: Uint8Array[] = []
      for (const what of steps) {
        if ('take' in what) {
          const bytes = memory.take(what.take)
          expect(bytes.byteLength).toBe(what.take)
          expect(inUse.every((other) => other.buffer !== bytes.buffer)).toBe(true)
          inUse.push(bytes)
        } else if (inUse.length > 0) memory.give(inUse.splice(what.give % inUse.length, 1)[0])
      }
    }),
  )
})

test('what is kept free is bounded', () => {
  const memory = new BodyMemory({ reuse: true })
  const bodies = Array.from({ length: 100 }, () => memory.take(1_000_000))
  for (const body of bodies) memory.give(body)
  const again = new Set(Array.from({ length: 100 }, () => memory.take(1_000_000).buffer))
  const reused = bodies.filter((body) => again.has(body.buffer)).length
  expect(reused).toBe(32)
})

test('a dropped body or message gives its memory back once', () => {
  const memory = new BodyMemory({ reuse: true })
  const message = new UnaryMessage(memory)
  message.push(frameMessage(Buffer.from('spans')))
  message.accept()
  const { buffer } = message.bytes()
  message.drop()
  message.drop()
  const body = new Body(memory, 5)
  body.push(Buffer.from('sp'))
  body.push(Buffer.from('ans'))
  expect(body.bytes().buffer).toBe(buffer)
  expect(memory.take(5).buffer).not.toBe(buffer)
  body.drop()
  body.drop()
  expect(memory.take(5).buffer).toBe(buffer)
  expect(memory.take(5).buffer).not.toBe(buffer)
})
