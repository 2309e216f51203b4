import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sortValues } from '../../src/sketch/sort.ts'

const values = fc.oneof(
  fc.array(fc.double({ noNaN: true }), { maxLength: 600 }),
  fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 600 }),
  fc.array(
    fc.integer({ min: 0, max: 1000 }).map((i) => 1e9 + i * 1e-7),
    { maxLength: 600 },
  ),
  fc.nat(600).map((length) => Array.from({ length }, (_, i) => i)),
  fc.nat(600).map((length) => Array.from({ length }, (_, i) => -Math.abs(i - length / 2))),
)

describe('sorting values', () => {
  it('gives what the built-in sort gives, and leaves the rest alone', () => {
    fc.assert(
      fc.property(values, (list) => {
        const sorted = Float64Array.from([...list, -1e308])
        sortValues(sorted, null, list.length)
        expect(sorted.map((value) => value + 0)).toEqual(
          Float64Array.from([...Float64Array.from(list).sort(), -1e308]).map((value) => value + 0),
        )
      }),
    )
  })

  it('takes the weights along', () => {
    fc.assert(
      fc.property(values, (list) => {
        const sorted = Float64Array.from(list)
        const weights = Float64Array.from(list.keys())
        sortValues(sorted, weights, list.length)
        expect([...weights].toSorted((a, b) => a - b)).toEqual([...list.keys()])
        expect([...weights].map((i) => list[i])).toEqual([...sorted])
      }),
    )
  })
})
