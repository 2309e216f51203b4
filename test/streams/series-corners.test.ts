// What must not be counted twice or pass for good: buckets without an end, bounds that change, series that come back.
import { describe, expect, test } from 'vitest'
import { splitBelow, spread } from '../../src/streams/distribution.ts'
import type { Increase } from '../../src/streams/increase.ts'
import { type PointText, Stream } from './points.ts'

type Told = ReturnType<Stream['take']>

function increaseOf(text: Omit<PointText, 'time'>): Increase {
  const stream = new Stream()
  stream.take({ delta: true, start: 10, time: 20, ...text })
  return stream.increase
}

describe('where a bucket has no end', () => {
  test.each<[string, Omit<PointText, 'time'>, number, [number, number, boolean]]>([
    ['a limit above the last bound leaves all in doubt, as bad', { bounds: [1], counts: [3, 5] }, 4, [3, 5, true]],
    ['a limit below the first bound does so', { bounds: [-1, 1], counts: [5, 0, 0] }, -3, [0, 5, true]],
    ['the greatest value ends it', { bounds: [1], counts: [0, 5], max: 4 }, 4, [5, 0, false]],
    ['within known ends it is in proportion', { bounds: [1], counts: [0, 4], max: 5 }, 2, [1, 3, true]],
    ['durations begin at zero', { bounds: [2], counts: [4, 0] }, 1, [2, 2, true]],
    ['one without any bound goes by the mean', { bounds: [], counts: [10], sum: 1 }, 5, [10, 0, true]],
    [
      'within its least and greatest value it is in proportion',
      { bounds: [], counts: [10], min: 1, max: 3 },
      2,
      [5, 5, true],
    ],
    ['so it does where the mean is above', { bounds: [], counts: [10], sum: 80 }, 5, [0, 10, true]],
  ])('%s', (_sentence, text, limit, expected) => {
    const { below, atOrAbove, estimated } = splitBelow(increaseOf(text), limit)
    expect([below, atOrAbove, estimated]).toEqual(expected)
  })

  test('values that stand for it are numbers', () => {
    const told: [number, number][] = []
    spread(increaseOf({ bounds: [], counts: [10], sum: 1 }), {
      add: (value, weight) => void told.push([value, weight]),
      addBuckets: () => expect.unreachable('it has no bounds'),
      correctSum: () => expect.unreachable('its sum is that of its value'),
    })
    expect(told).toEqual([[0.1, 10]])
  })
})

test.each<[string, PointText[], Told[]]>([
  [
    'a cumulative histogram whose bounds change goes on from there',
    [
      { start: 10, time: 20, bounds: [1, 2], counts: [1, 2, 3] },
      { start: 10, time: 30, bounds: [1], counts: [1, 6] },
      { start: 10, time: 40, bounds: [1], counts: [1, 8] },
    ],
    [{ '-Infinity..1': 1, '1..2': 2, '2..Infinity': 3 }, 'baseline', { '1..Infinity': 2 }],
  ],
  [
    'one with a new start and other bounds has begun anew',
    [
      { start: 10, time: 20, bounds: [1, 2], counts: [1, 2, 3] },
      { start: 25, time: 30, bounds: [1], counts: [1, 6] },
    ],
    [
      { '-Infinity..1': 1, '1..2': 2, '2..Infinity': 3 },
      { '-Infinity..1': 1, '1..Infinity': 6 },
    ],
  ],
  [
    'counting that began anew at an unknown time says nothing yet (start and time are one)',
    [
      { start: 10, time: 20, value: 5 },
      { start: 30, time: 30, value: 7 },
      { start: 30, time: 40, value: 8 },
    ],
    [5, 'baseline', 1],
  ],
  [
    'a start that becomes known is no second writer',
    [
      { time: 20, value: 5 },
      { start: 10, time: 30, value: 7 },
    ],
    ['baseline', 2],
  ],
  [
    'a series that ended and began after that counts from its start',
    [
      { start: 10, time: 20, value: 5 },
      { start: 10, time: 30, stale: true },
      { start: 35, time: 40, value: 9 },
    ],
    [5, 'stale', 9],
  ],
  [
    'a delta that fills a gap to its end is not counted twice',
    [
      { delta: true, start: 10, time: 20, value: 5 },
      { delta: true, start: 30, time: 40, value: 1 },
      { delta: true, start: 20, time: 30, value: 2 },
      { delta: true, start: 20, time: 30, value: 2 },
    ],
    [5, 1, 2, 'duplicate'],
  ],
])('%s', (_sentence, points, expected) => {
  expect(new Stream().takeAll(points)).toEqual(expected)
})

describe('what began before the view', () => {
  test('is not counted when a second writer of its series is seen; the one that began last goes on', () => {
    const stream = new Stream({ viewStartMs: 1_000_000 })
    const told = stream.takeAll([
      { start: 100, time: 1010, value: 100_000 },
      { start: 200, time: 1011, value: 80_000 },
      { start: 100, time: 1020, value: 100_010 },
      { start: 200, time: 1021, value: 80_010 },
    ])
    expect(told).toEqual(['baseline', 'baseline', 'overlap', 10])
  })

  test('may be what began long before its first point, where others count too', () => {
    const stream = new Stream({ youngMs: 90_000 })
    const told = stream.takeAll([
      { stream: 1, start: 100, time: 190, value: 5 },
      { stream: 2, start: 100, time: 191, value: 5 },
      { stream: 1, start: 195, time: 300, value: 3 },
    ])
    expect(told).toEqual([5, 'baseline', 'baseline'])
  })
})

test('a series that began anew while it was forgotten counts from its start', () => {
  const stream = new Stream({ expiryMs: 5000 })
  expect([stream.take({ start: 10, time: 20, value: 5 }), stream.take({ start: 35, time: 40, value: 9 })]).toEqual([
    5, 9,
  ])
})

test('at the limit, series that end one by one do not make each new one look through all', () => {
  const stream = new Stream({ limit: 50, expiryMs: 10_000 })
  for (let id = 1; id <= 50; id++) stream.take({ stream: id, start: 10, time: 20, value: 1 }, id)
  const told = [10_002, 10_003, 11_002].map((nowMs, at) =>
    stream.take({ stream: 100 + at, start: 10, time: 20, value: 1 }, nowMs),
  )
  // The first look ends one series; the next one is due a second later.
  expect([told, stream.table.counters.refused]).toEqual([[1, 'limit', 1], 1])
})
