import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { StoreNews } from '../../src/daemon/store-news.ts'

const BEGUN_MS = Date.parse('2026-01-01T00:00:00Z')

function newsAt(): {
  news: StoreNews
  told: { type: string; data: unknown }[]
  lines: { level: number; msg: string }[]
  pass: (ms: number) => void
} {
  let nowMs = BEGUN_MS
  const told: { type: string; data: unknown }[] = []
  const lines: { level: number; msg: string }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const news = new StoreNews({ clock, log, tell: ({ type, data }) => void told.push({ type, data }) })
  return { news, told, lines, pass: (ms) => void (nowMs += ms) }
}

describe('an outage of the store', () => {
  test('is an event once it has lasted a second, and another when it is over', () => {
    const { news, told, pass } = newsAt()
    news.unavailable('no answer')
    news.unavailable('still none')
    news.tellDue()
    expect(told).toEqual([])
    pass(1000)
    news.tellDue()
    news.tellDue()
    pass(41_000)
    news.available()
    news.tellDue()
    news.tellDue()
    expect(told).toEqual([
      { type: 'cohortd.store.degraded', data: { reason: 'no answer', since: '2026-01-01T00:00:00.000Z' } },
      { type: 'cohortd.store.restored', data: { since: '2026-01-01T00:00:00.000Z', seconds: 42 } },
    ])
  })

  test('that is over sooner is none, and leaves nothing degraded', () => {
    const { news, told, pass } = newsAt()
    news.unavailable('no answer')
    expect(news.degraded()).toEqual(['the store is out of reach for 0 s: no answer'])
    pass(900)
    news.available()
    pass(1000)
    news.tellDue()
    expect(told).toEqual([])
    expect([news.degraded(), news.unavailableBecause]).toEqual([[], null])
  })
})

describe('a loss', () => {
  test('of many experiments is one event that names some, and is shown for ten minutes', () => {
    const { news, told, pass } = newsAt()
    for (let at = 0; at < 30; at++) news.lost(`experiment-${at}`, 'rows')
    news.lost(null, 'the mark')
    news.tellDue()
    news.tellDue()
    expect(told).toMatchObject([
      { type: 'cohortd.store.lost', data: { experiment_count: 30, what: ['rows', 'the mark'] } },
    ])
    expect((told[0].data as { experiments: string[] }).experiments).toHaveLength(20)
    expect(news.losses).toBe(31)
    expect(news.degraded()).toEqual(['the store has lost something at 2026-01-01T00:00:00.000Z: the mark'])
    pass(600_000)
    expect(news.degraded()).toEqual([])
  })
})

test('the same failure is a line of the log once a minute, another one at once, and again after the store was back', () => {
  const { news, lines, pass } = newsAt()
  const failures = (): number => lines.filter(({ msg }) => msg.includes('failed')).length
  for (let at = 0; at < 5; at++) news.failed(new Error('full'), 'commit')
  expect(failures()).toBe(1)
  news.failed(new Error('locked'), 'commit')
  news.failed(new Error('full'), 'publish')
  expect(failures()).toBe(3)
  pass(60_000)
  news.failed(new Error('locked'), 'commit')
  expect(failures()).toBe(4)
  news.unavailable('locked')
  news.available()
  news.failed(new Error('locked'), 'commit')
  expect(failures()).toBe(5)
})
