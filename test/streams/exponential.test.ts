// Exponential histograms from point to point: scales that fall, zero buckets that widen, histograms that hold nothing but zeros yet.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricPoint } from '../../src/model/metric-point.ts'
import { downscale } from '../../src/streams/exponential.ts'
import { Increase } from '../../src/streams/increase.ts'
import { StreamTable } from '../../src/streams/stream-table.ts'
import { contentOf, type PointText, pointOf, Stream } from './points.ts'

const FINEST = 6

/** A value by its bucket at the finest scale, so that its bucket at any other is known without a logarithm; null: zero. */
type Value = { readonly sign: 1 | -1; readonly index: number } | null

/** What a writer has counted, in the buckets of a scale; those below `zeroIndex` are within the zero threshold. */
interface Layout {
  readonly scale: number
  readonly zeroIndex: number
}

const placeOf = (value: Value, { scale, zeroIndex }: Layout): string => {
  if (value === null) return 'zero'
  const index = Math.floor(value.index / 2 ** (FINEST - scale))
  return index < zeroIndex ? 'zero' : `${value.sign}:${index}`
}

function countsOf(values: readonly Value[], layout: Layout): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[placeOf(value, layout)] = (counts[placeOf(value, layout)] ?? 0) + 1
  return counts
}

function pointOfValues(values: readonly Value[], layout: Layout, time: number): MetricPoint {
  const counts = countsOf(values, layout)
  const indices = Object.keys(counts).flatMap((place) => (place === 'zero' ? [] : [Number(place.split(':')[1])]))
  const offset = Math.min(...indices, 1000)
  const length = indices.length === 0 ? 0 : Math.max(...indices) - offset + 1
  const row = (sign: number): number[] => Array.from({ length }, (_, at) => counts[`${sign}:${offset + at}`] ?? 0)
  const scale = indices.length === 0 ? 0 : layout.scale
  const text = { start: 10, time, scale, offset, counts: row(1), negative: row(-1), zeroCount: counts.zero ?? 0 }
  const point = pointOf(text)
  point.zeroThreshold = layout.zeroIndex === -Infinity ? 0 : 2 ** (layout.zeroIndex / 2 ** layout.scale)
  return point
}

/** The buckets of an increase by their index. */
function placesOf(increase: Increase, { scale }: Layout): Record<string, number> {
  const { counts } = increase
  const places: Record<string, number> = {}
  for (let at = 0; at < counts.length; at++) {
    const [low, high] = [increase.lowerAt(at), increase.upperAt(at)]
    const near = Math.min(Math.abs(low), Math.abs(high))
    const place = low <= 0 && high >= 0 ? 'zero' : `${low > 0 ? 1 : -1}:${Math.round(Math.log2(near) * 2 ** scale)}`
    places[place] = counts.values[at]
  }
  return places
}

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.record({ sign: fc.constantFrom(1 as const, -1 as const), index: fc.integer({ min: -300, max: 300 }) }),
)

const batch = fc.record({ values: fc.array(value, { maxLength: 6 }), drop: fc.nat(2), widen: fc.nat(3) })

test('a series gains in each bucket what was put there, while its scale falls and its zero bucket widens', () => {
  fc.assert(
    fc.property(fc.array(batch, { minLength: 2, maxLength: 8 }), (batches) => {
      const table = new StreamTable({ limit: 10, expiryMs: 900_000, viewStartMs: 1000, youngMs: Infinity })
      const increase = new Increase()
      const all: Value[] = []
      let layout: Layout = { scale: FINEST, zeroIndex: -Infinity }
      let time = 10
      for (const { values, drop, widen } of batches) {
        all.push(...values)
        time += 5
        layout = nextLayout(layout, drop, widen)
        expect(table.take(pointOfValues(all, layout, time), time * 1000, increase)).toBe('counted')
        expect(placesOf(increase, layout)).toEqual(countsOf(values, layout))
      }
      expect(table.counters.resets).toBe(0)
    }),
    { numRuns: 300, seed: 1 },
  )
})

/** A threshold is a bound of a bucket, and never falls. */
function nextLayout({ scale, zeroIndex }: Layout, drop: number, widen: number): Layout {
  const coarser = Math.max(-2, scale - drop)
  const same = Math.ceil(zeroIndex / 2 ** (scale - coarser))
  if (widen === 0) return { scale: coarser, zeroIndex: same }
  return { scale: coarser, zeroIndex: same === -Infinity ? Math.floor(-320 / 2 ** (FINEST - coarser)) : same + widen }
}

describe('a series', () => {
  test('that held nothing but zeros has no scale yet', () => {
    const points: PointText[] = [
      { start: 10, time: 20, scale: 0, counts: [], zeroCount: 5 },
      { start: 10, time: 30, scale: 20, offset: -1, counts: [1], zeroCount: 6 },
    ]
    const stream = new Stream()
    const told = stream.takeAll(points)
    expect(told).toEqual([{ '0..0': 5 }, { '0..0': 1, [`${2 ** -(2 ** -20)}..1`]: 1 }])
    expect(stream.table.counters.resets).toBe(0)
  })

  test('whose zero bucket now reaches into another one lost there what is missing', () => {
    const before = pointOf({ start: 10, time: 20, scale: 0, offset: 1, counts: [4, 2] })
    const after = pointOf({ start: 10, time: 30, scale: 0, offset: 1, counts: [1, 3], zeroCount: 3 })
    after.zeroThreshold = 3
    const stream = new Stream()
    stream.table.take(before, 20_000, stream.increase)
    expect(stream.table.take(after, 30_000, stream.increase)).toBe('counted')
    expect(contentOf(stream.increase)).toEqual({ '4..8': 1 })
  })

  test('whose scale rises gains at the coarser one', () => {
    const stream = new Stream()
    const told = stream.takeAll([
      { start: 10, time: 20, scale: 0, offset: 0, counts: [1] },
      { start: 10, time: 30, scale: 1, offset: 0, counts: [1, 1] },
      { start: 10, time: 40, scale: 1, offset: 0, counts: [1, 2] },
      { start: 10, time: 50, scale: 3, offset: 0, counts: [1] },
    ])
    expect(told[1]).toEqual({ '1..2': 1 })
    expect(told[2]).toEqual({ [`${2 ** 0.5}..2`]: 1 })
    // Less than before: it has begun anew.
    expect(told[3]).toEqual({ [`1..${2 ** (1 / 8)}`]: 1 })
    expect(stream.table.counters.resets).toBe(1)
  })
})

test.each<[string, number, readonly number[], number, number, readonly number[]]>([
  ['joins neighbours of an even index', 0, [1, 2, 3, 4], 1, 0, [3, 7]],
  ['leaves the first of an odd index alone', 1, [1, 2, 3], 1, 0, [1, 5]],
  ['rounds a negative index down', -3, [1, 2, 3], 1, -2, [1, 5]],
  ['does two steps at once', -4, [1, 1, 1, 1, 1], 2, -1, [4, 1]],
])('a step down in scale %s', (_sentence, offset, counts, steps, expectedOffset, expected) => {
  expect(downscale({ offset, counts }, steps)).toEqual({ offset: expectedOffset, counts: expected })
})
