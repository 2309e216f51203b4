// Bounds are shared where they are such as instruments have, and equal where they are not.
import { expect, test } from 'vitest'
import { sharedBounds } from '../../src/model/explicit-bounds.ts'
import { NumberRow } from '../../src/model/number-row.ts'

function rowOf(count: number): NumberRow {
  const row = new NumberRow()
  for (let bound = 0; bound < count; bound++) row.push(bound)
  return row
}

test("bounds are one copy for all points of an instrument; very many are nobody else's to keep", () => {
  expect(sharedBounds(rowOf(15))).toBe(sharedBounds(rowOf(15)))
  const [one, other] = [sharedBounds(rowOf(2000)), sharedBounds(rowOf(2000))]
  expect(one).not.toBe(other)
  expect(one.equals(other)).toBe(true)
  expect(one.equals(sharedBounds(rowOf(1999)))).toBe(false)
})
