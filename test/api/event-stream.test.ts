import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStreams } from '../../src/api/event-stream.ts'
import { EventLog } from '../../src/publish/event-log.ts'
import { TestConnection } from './connection.ts'
import { event, events, NotingObserver } from './source.ts'

function open({ limit = 100, maxSubscribers = 10 } = {}) {
  const log = new EventLog({ limit })
  const observer = new NotingObserver()
  const streams = new EventStreams({
    eventLog: log,
    eventSource: '/cohortd',
    observer,
    now: () => 1_767_225_600_000,
    maxSubscribers,
  })
  const join = (lastEventId: string | null = null): TestConnection => {
    const connection = new TestConnection()
    streams.add(connection, lastEventId)
    return connection
  }
  return { log, observer, streams, join }
}

/** Lets deliveries that are on their way arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn()
}

const numbered = (from: number, to: number): string[] => events(from, to).map((one) => one.id)

describe('the event stream', () => {
  it('begins with the reconnection time and gives a new subscriber only what is new', async () => {
    const { log, join } = open()
    log.append(events(1, 3))
    const connection = join()
    expect(connection.text).toMatch(/^retry: \d+\n: .*\n\n$/)
    log.append(events(4, 5))
    await settle()
    expect(connection.ids).toEqual(['4-0', '5-0'])
    expect(connection.messages[0].data).toBe(event('4-0').json)
  })

  it('replays what came after the last event seen, then goes on', async () => {
    const { log, join } = open()
    log.append(events(1, 5))
    const connection = join('3-0')
    log.append(events(6, 6))
    await settle()
    expect(connection.ids).toEqual(['4-0', '5-0', '6-0'])
  })

  it('says resync before what it still has where the last event seen is too old', async () => {
    const { log, join } = open({ limit: 3 })
    log.append(events(1, 9))
    const connection = join('2-0')
    log.append(events(10, 10))
    await settle()
    const [resync, ...rest] = connection.messages
    expect(JSON.parse(resync.data)).toMatchObject({
      specversion: '1.0',
      type: 'cohortd.stream.resync',
      source: '/cohortd',
      time: '2026-01-01T00:00:00.000Z',
      data: { reason: 'too_old', last_event_id: '2-0', oldest_id: '7-0', newest_id: '9-0' },
    })
    expect(rest.map((message) => message.id)).toEqual(numbered(7, 10))
  })

  it.each([
    ['one of the future', '99-0', ['6-0']],
    ['one that never was', '3-5', ['4-0', '5-0', '6-0']],
    ['no id at all', 'yesterday', ['6-0']],
    ['something long', 'x'.repeat(10_000), ['6-0']],
    ['line breaks', '1-0\nid: 7-0', ['6-0']],
  ])('says resync where the last event seen is %s', async (_case, lastEventId, after) => {
    const { log, join } = open()
    log.append(events(1, 5))
    const connection = join(lastEventId)
    log.append(events(6, 6))
    await settle()
    const [resync, ...rest] = connection.messages
    expect(JSON.parse(resync.data).data.reason).toBe('unknown')
    expect(resync.data.length).toBeLessThan(600)
    expect(rest.map((message) => message.id)).toEqual(after)
  })

  it('resumes without another resync from the id that a resync had', async () => {
    for (const [limit, seen] of [
      [3, '2-0'],
      [100, '99-0'],
      [100, '3-5'],
      [100, 'nonsense'],
    ] as const) {
      const { log, join } = open({ limit })
      log.append(events(1, 9))
      const [resync] = join(seen).messages
      const again = join(resync.id)
      log.append(events(10, 10))
      await settle()
      expect(again.messages.some((message) => message.data.includes('resync'))).toBe(false)
      expect(again.ids.at(-1)).toBe('10-0')
    }
  })

  it('does not say resync to one who saw the last event that left the log', () => {
    const { log, join } = open({ limit: 3 })
    log.append(events(1, 9))
    expect(join('6-0').ids).toEqual(numbered(7, 9))
  })

  it('works from an empty log on, also after the restore of a full one', async () => {
    const empty = open()
    const first = empty.join()
    const second = empty.join('5-0')
    empty.log.append(events(6, 6))
    await settle()
    expect(first.ids).toEqual(['6-0'])
    expect(second.ids.slice(1)).toEqual(['6-0'])
    const full = open({ limit: 3 })
    full.log.restore(events(7, 9))
    expect(full.join('1-0').ids.slice(1)).toEqual(numbered(7, 9))
  })

  it('does not write to one who does not read, and catches up when it reads again', async () => {
    const { log, observer, join } = open()
    const connection = join()
    connection.reading = false
    log.append(events(1, 1))
    await settle()
    log.append(events(2, 90))
    await settle()
    expect(connection.ids).toEqual(['1-0'])
    connection.drain()
    expect(connection.ids).toEqual(numbered(1, 90))
    expect(observer.dropped).toEqual([])
  })

  it('drops one who does not read when what it lacks leaves the log, and no one else', async () => {
    const { log, observer, join } = open({ limit: 5 })
    const slow = join()
    const quick = join()
    slow.reading = false
    for (let tick = 1; tick <= 20; tick++) {
      log.append(events(tick, tick))
      await settle()
    }
    expect([slow.destroyed, quick.destroyed, observer.dropped, observer.open]).toEqual([true, false, ['slow'], 1])
    expect(quick.ids).toEqual(numbered(1, 20))
  })

  it('drops one who has not read for two heartbeats, and sends the others a comment', () => {
    const { streams, observer, join } = open()
    const quick = join()
    const slow = join()
    slow.reading = false
    streams.beat()
    streams.beat()
    expect(slow.destroyed).toBe(false)
    streams.beat()
    expect([slow.destroyed, observer.dropped, observer.open]).toEqual([true, ['slow'], 1])
    expect(quick.text.match(/^: heartbeat$/gm)).toHaveLength(3)
    expect(quick.messages).toEqual([])
  })

  it('spares one who reads again between two heartbeats', () => {
    const { streams, join } = open()
    const connection = join()
    for (let beat = 0; beat < 10; beat++) {
      connection.reading = false
      streams.beat()
      streams.beat()
      connection.drain()
    }
    expect(connection.destroyed).toBe(false)
  })

  it('forgets who has gone', async () => {
    const { log, observer, join } = open()
    const connection = join()
    connection.emit('close')
    log.append(events(1, 1))
    await settle()
    expect([connection.ids, observer.open, observer.dropped]).toEqual([[], 0, []])
  })

  it('refuses more than its bound and counts that', () => {
    const { streams, observer, join } = open({ maxSubscribers: 2 })
    join()
    expect(streams.refuse()).toBe(false)
    join()
    expect([streams.refuse(), observer.dropped]).toEqual([true, ['limit']])
  })

  it('writes what is published before it ends all streams, and takes no more', () => {
    const { log, streams, observer, join } = open()
    const connection = join()
    log.append(events(1, 2))
    streams.close()
    streams.close()
    expect([connection.ids, connection.ended, observer.open]).toEqual([['1-0', '2-0'], true, 0])
    expect(streams.refuse()).toBe(true)
  })

  it('gives every subscriber every event after its own beginning exactly once and in order, however they interleave', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ kind: fc.constant('join' as const), back: fc.nat(200) }),
      fc.record({ kind: fc.constant('pause' as const), who: fc.nat(9) }),
      fc.record({ kind: fc.constant('read' as const), who: fc.nat(9) }),
      fc.record({ kind: fc.constant('turn' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { log, observer, join } = open({ limit: 100_000, maxSubscribers: 100 })
        let newest = 1
        log.append(events(1, 1))
        const joined: { connection: TestConnection; from: number }[] = []
        for (const one of steps) {
          if (one.kind === 'append') {
            log.append(events(newest + 1, newest + one.count))
            newest += one.count
          } else if (one.kind === 'join' && joined.length < 10) {
            const from = Math.max(1, newest - one.back)
            joined.push({ connection: join(`${from}-0`), from })
          } else if (one.kind === 'turn') await nextTurn()
          else if ('who' in one && one.who < joined.length) {
            const { connection } = joined[one.who]
            if (one.kind === 'pause') connection.reading = false
            else connection.drain()
          }
        }
        for (const { connection } of joined) connection.drain()
        await settle()
        for (const { connection, from } of joined) expect(connection.ids).toEqual(numbered(from + 1, newest))
        expect(observer.dropped).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})
