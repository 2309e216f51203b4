// Time series by the rules of the metrics data model: its examples as tables, and a naive model for everything else.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GAUGE, SUM, SUMMARY } from '../../src/model/metric-point.ts'
import { type PointText, Stream } from './points.ts'

type Told = ReturnType<Stream['take']>

describe('a cumulative series', () => {
  test.each<[string, PointText[], Told[]]>([
    [
      'that began in our view counts from its start',
      [
        { start: 10, time: 20, value: 5 },
        { start: 10, time: 30, value: 7 },
        { start: 10, time: 40, value: 7 },
      ],
      [5, 2, 0],
    ],
    [
      'that began before counts from its first point',
      [
        { start: 0.5, time: 20, value: 5 },
        { start: 0.5, time: 30, value: 7 },
      ],
      ['baseline', 2],
    ],
    [
      'without a start does so too',
      [
        { time: 20, value: 5 },
        { time: 30, value: 7 },
      ],
      ['baseline', 2],
    ],
    [
      'whose start is its time says nothing yet',
      [
        { start: 20, time: 20, value: 5 },
        { start: 20, time: 30, value: 7 },
      ],
      ['baseline', 2],
    ],
    [
      'that begins anew counts all of it',
      [
        { start: 10, time: 20, value: 5 },
        { start: 20, time: 30, value: 3 },
        { start: 35, time: 40, value: 9 },
      ],
      [5, 3, 9],
    ],
    [
      'that falls without a new start has begun anew',
      [
        { start: 10, time: 20, value: 5 },
        { start: 10, time: 30, value: 3 },
      ],
      [5, 3],
    ],
    [
      'without a start that falls has, too',
      [
        { time: 20, value: 5 },
        { time: 30, value: 3 },
        { time: 40, value: 4 },
      ],
      ['baseline', 3, 1],
    ],
    [
      'counts nothing twice and nothing out of order',
      [
        { start: 10, time: 20, value: 5 },
        { start: 10, time: 20, value: 5 },
        { start: 10, time: 15, value: 4 },
        { start: 10, time: 30, value: 6 },
      ],
      [5, 'duplicate', 'out_of_order', 1],
    ],
    [
      'has one writer: another one that began in between is left out',
      [
        { start: 10, time: 20, value: 5 },
        { start: 15, time: 25, value: 8 },
        { start: 10, time: 30, value: 6 },
      ],
      [5, 'overlap', 1],
    ],
    [
      'that was replaced takes no points of the old writer',
      [
        { start: 10, time: 20, value: 5 },
        { start: 21, time: 25, value: 1 },
        { start: 10, time: 30, value: 6 },
      ],
      [5, 1, 'overlap'],
    ],
    [
      'that ended goes on from its next point',
      [
        { start: 10, time: 20, value: 5 },
        { start: 10, time: 30, stale: true },
        { start: 10, time: 40, value: 9 },
        { start: 10, time: 50, value: 10 },
      ],
      [5, 'stale', 'baseline', 1],
    ],
    [
      'that may fall is a level',
      [
        { start: 10, time: 20, value: 5, monotonic: false },
        { start: 10, time: 30, value: 3, monotonic: false },
      ],
      [5, 3],
    ],
  ])('%s', (_sentence, points, expected) => {
    expect(new Stream().takeAll(points)).toEqual(expected)
  })

  test('counts gaps and resets', () => {
    const stream = new Stream()
    stream.takeAll([
      { start: 10, time: 20, value: 5 },
      { start: 20, time: 30, value: 3 },
      { start: 35, time: 40, value: 9 },
    ])
    expect(stream.table.counters).toMatchObject({ resets: 2, gaps: 1, baselines: 0 })
  })

  test('that comes back after it was forgotten is not counted from its start once more', () => {
    const stream = new Stream({ expiryMs: 60_000 })
    expect(stream.take({ start: 10, time: 20, value: 5 })).toBe(5)
    expect(stream.take({ stream: 2, start: 10, time: 100, value: 1 })).toBe(1)
    expect(stream.take({ start: 10, time: 110, value: 9 })).toBe('baseline')
    expect(stream.take({ start: 10, time: 120, value: 10 })).toBe(1)
  })

  test('nor is it where there were too many to remember', () => {
    const stream = new Stream({ expiryMs: 1000, limit: 2 })
    for (let id = 1; id <= 8; id++)
      expect(stream.take({ stream: id, start: 10, time: 20 + 10 * id, value: 5 })).toEqual(
        id <= 3 ? 5 : expect.anything(),
      )
    expect(stream.take({ stream: 1, start: 10, time: 200, value: 9 })).toBe('baseline')
    expect(stream.table.size).toBeLessThanOrEqual(2)
  })

  test('of more buckets than there is room for is refused, whether it comes so or grows so', () => {
    const stream = new Stream({ limit: 2, expiryMs: 60_000 })
    const bucketsOf = (count: number) => ({
      bounds: Array.from({ length: count - 1 }, (_, at) => at + 1),
      counts: Array.from({ length: count }, () => 1),
    })
    const take = (id: number, time: number, count: number) => {
      const outcome = stream.take({ stream: id, start: 10, time, ...bucketsOf(count) })
      return typeof outcome === 'object' ? 'counted' : outcome
    }
    expect(take(1, 20, 300)).toBe('counted')
    expect(take(2, 20, 300)).toBe('limit')
    expect(take(2, 20, 100)).toBe('counted')
    expect(take(2, 30, 300)).toBe('limit')
    expect(take(2, 40, 100)).toBe('counted')
    expect(take(3, 110, 300)).toBe('counted')
    expect(stream.table.size).toBe(1)
  })

  test('beyond the limit is refused until others have ended', () => {
    const stream = new Stream({ limit: 2, expiryMs: 60_000 })
    expect([1, 2, 3].map((id) => stream.take({ stream: id, start: 10, time: 20, value: 1 }))).toEqual([1, 1, 'limit'])
    expect(stream.take({ stream: 3, start: 90, time: 100, value: 4 })).toBe(4)
    expect(stream.table.counters.refused).toBe(1)
  })

  test('gains in sum what its writer counted, over any restarts', () => {
    const run = fc.array(fc.array(fc.nat(20), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(run, (runs) => {
        const stream = new Stream()
        let time = 10
        let counted = 0
        for (const steps of runs) {
          const start = time
          let total = 0
          for (const step of steps) {
            total += step
            time += 5
            const told = stream.take({ start, time, value: total })
            counted += typeof told === 'number' ? told : Number.NaN
          }
        }
        expect(counted).toBe(runs.flat().reduce((sum, step) => sum + step, 0))
      }),
    )
  })
})

describe('a delta series', () => {
  test.each<[string, PointText[], Told[]]>([
    [
      'adds what it says',
      [
        { start: 10, time: 20, value: 5 },
        { start: 20, time: 30, value: 0 },
        { start: 30, time: 40, value: 2 },
      ],
      [5, 0, 2],
    ],
    [
      'is not counted twice',
      [
        { start: 10, time: 20, value: 5 },
        { start: 20, time: 30, value: 1 },
        { start: 10, time: 20, value: 5 },
        { start: 20, time: 30, value: 1 },
      ],
      [5, 1, 'duplicate', 'duplicate'],
    ],
    [
      'may have gaps, which may be filled later',
      [
        { start: 10, time: 20, value: 5 },
        { start: 30, time: 40, value: 1 },
        { start: 20, time: 30, value: 2 },
      ],
      [5, 1, 2],
    ],
    [
      'has no intervals that overlap',
      [
        { start: 10, time: 20, value: 5 },
        { start: 15, time: 25, value: 1 },
      ],
      [5, 'overlap'],
    ],
    [
      'may do without a start',
      [
        { time: 20, value: 5 },
        { time: 30, value: 1 },
        { time: 30, value: 1 },
        { time: 25, value: 1 },
      ],
      [5, 1, 'duplicate', 'out_of_order'],
    ],
    ['may fall where it is not monotonic', [{ start: 10, time: 20, value: -5, monotonic: false }], [-5]],
  ])('%s', (_sentence, points, expected) => {
    expect(new Stream().takeAll(points.map((point) => ({ ...point, delta: true })))).toEqual(expected)
  })

  test('is counted, though not told apart, where there are too many', () => {
    const stream = new Stream({ limit: 1 })
    const sent = [1, 2, 2].map((id) => stream.take({ stream: id, delta: true, start: 10, time: 20, value: 1 }))
    expect([sent, stream.table.counters.untracked]).toEqual([[1, 1, 1], 2])
  })
})

describe('histograms', () => {
  const bounds = [1, 2]

  test('of explicit bounds gain by bucket, and all where their bounds change', () => {
    const points: PointText[] = [
      { start: 10, time: 20, bounds, counts: [1, 2, 3] },
      { start: 10, time: 30, bounds, counts: [1, 5, 4] },
      { start: 10, time: 40, bounds: [1], counts: [1, 1] },
    ]
    expect(new Stream().takeAll(points)).toEqual([
      { '-Infinity..1': 1, '1..2': 2, '2..Infinity': 3 },
      { '1..2': 3, '2..Infinity': 1 },
      { '-Infinity..1': 1, '1..Infinity': 1 },
    ])
  })

  test('of exponential bounds gain over what they were at a finer scale', () => {
    const points: PointText[] = [
      { start: 10, time: 20, scale: 1, offset: 0, counts: [1, 1, 1, 1], zeroCount: 1 },
      { start: 10, time: 30, scale: 0, offset: 0, counts: [3, 2, 4], zeroCount: 1 },
      { start: 10, time: 40, scale: 1, offset: 0, counts: [1], zeroCount: 0 },
    ]
    const root = 2 ** 0.5
    expect(new Stream().takeAll(points)).toEqual([
      { [`0..0`]: 1, [`1..${root}`]: 1, [`${root}..2`]: 1, [`2..${2 * root}`]: 1, [`${2 ** 1.5}..4`]: 1 },
      { '1..2': 1, '4..8': 4 },
      { [`1..${root}`]: 1 },
    ])
  })

  test('of both signs are told in ascending order', () => {
    const [told] = new Stream().takeAll([
      { delta: true, start: 10, time: 20, scale: 0, offset: 1, counts: [1, 2], negative: [3, 4], zeroCount: 5 },
    ])
    expect(told).toEqual({ '-8..-4': 4, '-4..-2': 3, '0..0': 5, '2..4': 1, '4..8': 2 })
    expect(Object.keys(told)).toEqual(['-8..-4', '-4..-2', '0..0', '2..4', '4..8'])
  })

  test('gain in sum what their writer counted, whatever the scale does on its way down', () => {
    const value = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(value, { maxLength: 5 }), fc.nat(2)), { minLength: 1, maxLength: 8 }),
        (batches) => {
          const stream = new Stream()
          const all: number[] = []
          let [scale, time, counted] = [6, 10, 0]
          for (const [values, drop] of batches) {
            all.push(...values)
            scale -= drop
            time += 5
            const indices = all.map((one) => Math.ceil(Math.log2(one) * 2 ** scale) - 1)
            const offset = Math.min(0, ...indices)
            const counts = Array.from(
              { length: Math.max(0, ...indices) - offset + 1 },
              (_, at) => indices.filter((index) => index === offset + at).length,
            )
            const told = stream.take({ start: 10, time, scale, offset, counts })
            if (typeof told === 'string') throw new Error(told)
            counted += Object.values(told).reduce((sum, count) => sum + count, 0)
          }
          expect(counted).toBe(all.length)
        },
      ),
    )
  })
})

test('a summary gains in count and sum, as a histogram without buckets', () => {
  const stream = new Stream()
  const sums = [
    { zeroCount: 5, sum: 2, time: 20 },
    { zeroCount: 8, sum: 6, time: 30 },
    { zeroCount: 2, sum: 1, time: 40 },
  ].map((point) => {
    stream.take({ kind: SUMMARY, start: 10, ...point })
    return [stream.increase.count, stream.increase.sum]
  })
  expect(sums).toEqual([
    [5, 2],
    [3, 4],
    [2, 1],
  ])
})

describe('what cannot be counted', () => {
  test.each<[string, PointText, Told]>([
    ['a gauge without a value', { kind: GAUGE, time: 20 }, 'unusable'],
    ['an infinite sum', { kind: SUM, time: 20, value: Infinity }, 'unusable'],
    ['a monotonic sum below zero', { kind: SUM, time: 20, value: -1 }, 'unusable'],
    ['a gauge that is absent', { kind: GAUGE, time: 20, stale: true }, 'stale'],
  ])('%s is told', (_sentence, point, expected) => {
    expect(new Stream().take(point)).toBe(expected)
  })
})
