// A server that hangs, dies, comes back: calls fail in time, the observer is told once, and everything goes on by itself.
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/runtime/clock.ts'
import { StoreError } from '../../../src/store/port.ts'
import { startRedis } from '../../redis-rig/server.ts'
import { EXPERIMENT, event, flush, lead, plainRows, publication, put, Stand } from '../port/stand.ts'
import { RedisRig } from './redis-rig.ts'

const stands: Stand[] = []
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.clear()
})

function standOn(url: string): Stand {
  const stand = new Stand({
    shared: true,
    movesTime: true,
    makeRig: () => new RedisRig({ kind: 'standalone', url }),
  })
  stands.push(stand)
  return stand
}

describe('a server that hangs', () => {
  test('fails calls within two seconds, and is used again as soon as it answers', async () => {
    await using server = await startRedis()
    const stand = standOn(server.url)
    const store = await stand.open()
    const row = stand.row('a', [1])
    await put(store, flush('w1', 1, { rows: [row] }))
    server.suspend()
    const begun = systemClock.monotonic()
    const calls = [
      put(store, flush('w1', 2)),
      store.load(EXPERIMENT),
      store.lease('w1', ['a'], 1000),
      store.newestEvents(1),
    ]
    for (const call of await Promise.allSettled(calls)) expect(call).toMatchObject({ reason: expect.any(StoreError) })
    expect(systemClock.monotonic() - begun).toBeLessThan(2800)
    expect(stand.told.unavailable).toEqual([expect.stringContaining('does not answer in time')])
    server.resume()
    await expect
      .poll(() => put(store, flush('w1', 3, { after: 1 })).catch(() => null), { timeout: 3000, interval: 20 })
      .toBe('written')
    expect(stand.told).toMatchObject({ unavailable: [expect.anything()], available: 1, lost: [] })
    expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([row]))
  })

  test('does not hinder the stop for longer', async () => {
    await using server = await startRedis()
    const store = await standOn(server.url).open()
    store.watchEvents(null, () => {})
    await store.experiments()
    server.suspend()
    const begun = systemClock.monotonic()
    const call = store.experiments().catch((error: unknown) => error)
    await store.stop()
    expect(systemClock.monotonic() - begun).toBeLessThan(2800)
    expect(await call).toBeInstanceOf(StoreError)
  })
})

describe('a server that is killed', () => {
  test('fails calls at once; what it has on disk is there when it is back, under the same numbers', async () => {
    await using server = await startRedis({ appendOnly: 'always' })
    const stand = standOn(server.url)
    const store = await stand.open()
    await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
    const token = await lead(store, 'w1')
    const { position } = await store.load(EXPERIMENT)
    await server.kill()
    const begun = systemClock.monotonic()
    for (let n = 0; n < 20; n++) await expect(put(store, flush('w1', 2))).rejects.toBeInstanceOf(StoreError)
    expect(systemClock.monotonic() - begun).toBeLessThan(1000)
    await server.restart()
    await expect
      .poll(() => put(store, flush('w1', 2)).catch(() => null), { timeout: 3000, interval: 20 })
      .toBe('written')
    expect(await store.publish(publication(token, 1, { events: [event('1-0')] }))).toBe('published')
    expect(await store.follow(EXPERIMENT, position, 'w2')).toMatchObject({ kind: 'changes', publicationSequence: 1 })
    expect(stand.told).toMatchObject({ unavailable: [expect.anything()], available: 1, lost: [] })
  })

  test('and comes back empty is found out, and told once', async () => {
    await using server = await startRedis()
    const stand = standOn(server.url)
    const store = await stand.open()
    const seen: string[] = []
    store.watchEvents(null, (events) => seen.push(...events.map(({ id }) => id)))
    await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
    const token = await lead(store, 'w1')
    await store.publish(publication(token, 1, { events: [event('1-0')] }))
    const { position } = await store.load(EXPERIMENT)
    await server.restart({ empty: true })
    await expect.poll(() => put(store, flush('w1', 2)).catch(() => null), { timeout: 3000, interval: 20 }).toBe('lost')
    expect(await store.follow(EXPERIMENT, position, 'w2')).toEqual({ kind: 'gap' })
    await store.activity(null)
    expect(stand.told.lost).toEqual([expect.stringContaining('was emptied')])
    expect(await put(store, flush('w1', 3, { after: 0 }))).toBe('written')
    const next = await lead(store, 'w1')
    expect(next).toBeGreaterThan(token)
    await store.publishAnew(publication(next, 2, { events: [event('2-0')] }))
    await expect.poll(() => seen, { timeout: 3000 }).toEqual(['1-0', '2-0'])
  })
})

describe('a server whose memory is full', () => {
  test('takes no writes, answers readers, is told once, and taken up again when there is room', async () => {
    await using server = await startRedis({ maxMemory: '6mb', maxMemoryPolicy: 'noeviction' })
    const stand = standOn(server.url)
    const store = await stand.open()
    const rows = (round: number) => [{ ...stand.row(`v${round}`), bytes: new Uint8Array(200_000) }]
    let round = 0
    const fill = async (): Promise<void> => {
      while (++round < 100) await put(store, flush('w1', round, { rows: rows(round) }))
    }
    await expect(fill()).rejects.toThrow('has reached its maxmemory and takes no writes')
    const before = await store.rowsOf(EXPERIMENT, 'w1')
    expect(before).toHaveLength(round - 1)
    await store.activity(null)
    expect((await store.load(EXPERIMENT)).rows).toHaveLength(round - 1)
    expect(stand.told).toMatchObject({ unavailable: [expect.anything()], available: 0 })
    await server.cli('config', 'set', 'maxmemory', '100mb')
    expect(await put(store, flush('w1', round, { rows: rows(round) }))).toBe('written')
    expect(stand.told).toMatchObject({ unavailable: [expect.anything()], available: 1, lost: [] })
  })
})
