import { expect, test } from 'vitest'
import { Admission, Share } from '../../src/ingest/admission.ts'

test('shares add up to the budget and not a byte more', () => {
  const admission = new Admission(100)
  const first = new Share(admission)
  const second = new Share(admission)
  expect(first.resize(60)).toBe(true)
  expect(second.resize(40)).toBe(true)
  expect(second.resize(41)).toBe(false)
  expect(second.bytes).toBe(40)
  expect(admission.inFlightBytes).toBe(100)
  expect(admission.refusals).toBe(1)
})

test('a request that is alone fits whatever its size, and then nothing else does', () => {
  const admission = new Admission(100)
  const large = new Share(admission)
  expect(large.resize(500)).toBe(true)
  expect(large.resize(600)).toBe(true)
  const next = new Share(admission)
  expect(next.resize(1)).toBe(false)
  large.release()
  expect(next.resize(1)).toBe(true)
  expect(admission.peakBytes).toBe(600)
})

test('a share may always shrink, and is given back once only', () => {
  const admission = new Admission(100)
  const large = new Share(admission)
  const other = new Share(admission)
  other.resize(10)
  large.resize(90)
  expect(large.resize(50)).toBe(true)
  expect(admission.inFlightBytes).toBe(60)
  large.release()
  large.release()
  expect(admission.inFlightBytes).toBe(10)
})
