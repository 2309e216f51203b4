// What a Redis server loses is told once, and made good by whoever still has it; nothing is counted wrong in silence.
import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/port.ts'
import { Keys } from '../../../src/store/redis/keys.ts'
import { startRedis } from '../../redis-rig/server.ts'
import { commitOf, EXPERIMENT, event, flush, lead, plainRows, publication, put, Stand } from '../port/stand.ts'
import { usePrivateServer } from './private-server.ts'
import { RedisRig } from './redis-rig.ts'

const home = usePrivateServer()
const { stand } = home

const ALERT = { variant: 'a', segmentKey: 'shop', json: '["page"]' }

/** A store with a flush of w1, a state and an alert in it. */
async function filled(): Promise<{ store: Store; token: number }> {
  const store = await stand.open()
  await put(store, flush('w1', 1, { rows: [stand.row('a', [1]), stand.row('b', [2])], requests: ['r1'] }))
  const token = await lead(store, 'w1')
  await store.publish(publication(token, 1, { state: '{"n":1}', alerts: [ALERT] }))
  return { store, token }
}

async function remove(name: string): Promise<void> {
  expect(await home.redis.del(`${home.rig.settings.keyPrefix}:{exp:${EXPERIMENT}}:${name}`), name).toBe(1)
}

describe('a key that is gone', () => {
  test('rows: the writer is told "lost" at its next flush, and writes all anew', async () => {
    const { store } = await filled()
    await remove('rows:w1')
    expect(await put(store, flush('w1', 2, { rows: [stand.row('a', [3])] }))).toBe('lost')
    const all = [stand.row('a', [3]), stand.row('b', [2])]
    expect(await put(store, flush('w1', 3, { after: 0, rows: all }))).toBe('written')
    expect(await put(store, flush('w1', 4, { rows: [stand.row('a', [4])] }))).toBe('written')
    expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(
      plainRows([stand.row('a', [4]), stand.row('b', [2])]),
    )
  })

  test('rows: a follower has a gap and tells of it, once; the writer is told all the same', async () => {
    const { store } = await filled()
    const { position } = await store.load(EXPERIMENT)
    await remove('rows:w1')
    expect(await store.follow(EXPERIMENT, position, 'w2')).toEqual({ kind: 'gap' })
    expect(stand.told.lost).toEqual([`${EXPERIMENT}: rows of the writer w1`])
    const loaded = await store.load(EXPERIMENT)
    expect(loaded.rows).toEqual([])
    expect(await store.follow(EXPERIMENT, loaded.position, 'w2')).toMatchObject({ kind: 'changes', rows: [] })
    expect(await put(store, flush('w1', 2, { rows: [stand.row('a', [3])] }))).toBe('lost')
    expect(stand.told.lost).toHaveLength(1)
  })

  test('writers: who is missing is told "lost"; a reader tells of it', async () => {
    const { store } = await filled()
    await remove('writers')
    await store.load(EXPERIMENT)
    expect(stand.told.lost).toEqual([expect.stringContaining('its list of writers')])
    expect(await put(store, flush('w1', 2))).toBe('lost')
    expect(await put(store, flush('w1', 3, { after: 0, rows: [stand.row('a', [3])] }))).toBe('written')
    expect((await store.load(EXPERIMENT)).writers).toMatchObject([{ writer: 'w1', sequence: 3 }])
    expect(stand.told.lost).toHaveLength(1)
  })

  test('log: followers have a gap', async () => {
    const { store } = await filled()
    const { position } = await store.load(EXPERIMENT)
    await put(store, flush('w1', 2, { rows: [stand.row('a', [5])] }))
    await remove('log')
    await put(store, flush('w1', 3, { rows: [stand.row('b', [5])] }))
    expect(await store.follow(EXPERIMENT, position, 'w2')).toEqual({ kind: 'gap' })
    expect(stand.told.lost).toEqual([expect.stringContaining('the list of what changed lately')])
    expect((await store.load(EXPERIMENT)).rows).toHaveLength(2)
  })

  test('head: the next publication is refused as "lost", and made anew', async () => {
    const { store, token } = await filled()
    const { position } = await store.load(EXPERIMENT)
    await remove('head')
    expect(await store.follow(EXPERIMENT, position, 'w2')).toEqual({ kind: 'gap' })
    expect(stand.told.lost).toEqual([expect.stringContaining('its state and the number')])
    expect(await store.publish(publication(token, 2))).toBe('lost')
    expect(await store.publishAnew(publication(token, 2, { state: '{"n":2}', alerts: [ALERT] }))).toBe('published')
    expect(await store.load(EXPERIMENT)).toMatchObject({ state: '{"n":2}', alerts: [ALERT], publicationSequence: 2 })
    expect(await put(store, flush('w1', 2))).toBe('written')
  })

  test('alerts: the next publication is refused as "lost", and made anew', async () => {
    const { store, token } = await filled()
    await remove('alerts')
    expect(await store.publish(publication(token, 2))).toBe('lost')
    expect(stand.told.lost).toEqual([expect.stringContaining('its alerts')])
    expect(await store.publishAnew(publication(token, 2, { state: '{"n":2}', alerts: [ALERT] }))).toBe('published')
    expect((await store.load(EXPERIMENT)).alerts).toEqual([ALERT])
  })

  test('requests: it is told that some may be counted twice', async () => {
    const { store } = await filled()
    await remove('requests')
    expect(await store.claim('w2', 'r1', [EXPERIMENT])).toEqual(['ours'])
    expect(await store.claim('w2', 'r2', [EXPERIMENT])).toEqual(['ours'])
    expect(stand.told.lost).toEqual([expect.stringContaining('identities of requests')])
  })

  test('lease: the next token is greater all the same', async () => {
    const { store, token } = await filled()
    await remove('lease')
    expect(await store.publish(publication(token, 2))).toBe('stale')
    await stand.advance(1)
    expect(await lead(store, 'w2')).toBeGreaterThan(token)
  })

  test('list of experiments: whoever notes a change makes it again', async () => {
    const { store } = await filled()
    await put(store, flush('w1', 1, { experiment: 'other' }))
    await home.redis.del(new Keys(home.rig.settings.keyPrefix).experiments[0])
    await put(store, flush('w1', 2))
    expect(stand.told.lost).toEqual([expect.stringContaining('the list of experiments')])
    expect((await store.experiments()).sort()).toEqual([EXPERIMENT, 'other'])
  })

  test('stream of events: it is told, and ids go on growing', async () => {
    const { store, token } = await filled()
    await store.publish(publication(token, 2, { events: [event('5000-0')] }))
    await home.redis.del(`${home.rig.settings.keyPrefix}:events`)
    await store.publish(publication(token, 3, { events: [event('4000-0')] }))
    expect(stand.told.lost).toEqual([expect.stringContaining('the stream of events')])
    expect((await store.readEvents(null, 10)).map(({ id }) => id)).toEqual(['5000-1'])
  })

  test('records: it is told which kind', async () => {
    const { store } = await filled()
    await store.putRecords('silence', [{ id: '1', json: '{}', untilMs: null }])
    await home.redis.del(`${home.rig.settings.keyPrefix}:{records}:silence`)
    expect(await store.records('silence')).toEqual([])
    expect(await store.records('silence')).toEqual([])
    expect(stand.told.lost).toEqual([': silences; set them again'])
  })

  test('secret: whoever asks again brings it back', async () => {
    const { store } = await filled()
    const key = new Keys(home.rig.settings.keyPrefix).secret('unit key')
    await store.secret('unit key', 'first')
    expect(await home.redis.del(key)).toBe(1)
    expect(await store.secret('unit key', 'first')).toBe('first')
    expect(stand.told.lost).toEqual([': the secret unit key; it was written again'])
    expect(await (await stand.open()).secret('unit key', 'second')).toBe('first')
    expect(await store.secret('unit key', 'first')).toBe('first')
    expect(stand.told.lost).toHaveLength(1)
  })

  test('secret: where another proposal was faster, all have that one', async () => {
    const { store } = await filled()
    await store.secret('unit key', 'first')
    await home.redis.del(new Keys(home.rig.settings.keyPrefix).secret('unit key'))
    expect(await (await stand.open()).secret('unit key', 'second')).toBe('second')
    expect(await store.secret('unit key', 'first')).toBe('second')
    expect(await store.secret('unit key', 'second')).toBe('second')
    expect(stand.told.lost).toEqual([expect.stringContaining('the secret unit key; another was made meanwhile')])
  })

  test('journal: its heir tells of it', async () => {
    const { store } = await filled()
    await store.leftJournal('w1', 'replica-1')
    await store.commit(commitOf([], { writer: 'w1', journal: { number: 1, bytes: Uint8Array.of(1), oldestNeeded: 1 } }))
    await home.redis.del(`${home.rig.settings.keyPrefix}:{w:w1}:journal`)
    await stand.advance(11_000)
    expect(await store.leftJournal('w2', 'replica-1')).toEqual([])
    expect(stand.told.lost).toEqual([expect.stringContaining('journal entries of the writer w1')])
  })
})

describe('a server that was emptied', () => {
  test('is found out by everybody, and filled again', async () => {
    const { store, token } = await filled()
    await store.activity(null)
    await home.redis.flushall()
    expect(await put(store, flush('w1', 2, { rows: [stand.row('a', [3])] }))).toBe('lost')
    expect(await store.publish(publication(token, 2))).toBe('stale')
    const { experiments } = await store.activity('999999999999999')
    expect(experiments).toEqual([EXPERIMENT])
    await store.activity(null)
    expect(stand.told.lost).toEqual([expect.stringContaining('was emptied')])
    expect(await put(store, flush('w1', 3, { after: 0, rows: [stand.row('a', [3])] }))).toBe('written')
    const next = await lead(store, 'w1')
    expect(next).toBeGreaterThan(token)
    expect(await store.publish(publication(next, 2))).toBe('lost')
    expect(await store.publishAnew(publication(next, 2, { state: '{"n":2}' }))).toBe('published')
    expect(await store.load(EXPERIMENT)).toMatchObject({ state: '{"n":2}', publicationSequence: 2 })
    expect(await store.experiments()).toEqual([EXPERIMENT])
  })

  test('that evicts keys is found out too, whatever goes', async () => {
    await using small = await startRedis({ maxMemory: '8mb', maxMemoryPolicy: 'allkeys-lru' })
    const own = new Stand({
      shared: true,
      movesTime: true,
      makeRig: () => new RedisRig({ kind: 'standalone', url: small.url }),
    })
    const store = await own.open()
    const bytes = new Uint8Array(20_000).fill(7)
    /** By experiment: rows that the store has taken since it last said "lost". */
    const taken = new Map(Array.from({ length: 20 }, (_, number) => [`e${number}`, 0]))
    let lost = 0
    for (let round = 1; round <= 40; round++)
      for (const [experiment, count] of taken) {
        const rows = [{ ...own.row(`v${round}`), bytes }]
        const outcome = await put(store, flush('w1', round, { experiment, after: count === 0 ? 0 : round - 1, rows }))
        if (outcome === 'lost') lost++
        taken.set(experiment, outcome === 'written' ? count + 1 : 0)
      }
    expect(Number(await small.info('evicted_keys'))).toBeGreaterThan(0)
    expect(lost).toBeGreaterThan(0)
    for (const [experiment, count] of taken) {
      const outcome = await put(store, flush('w1', 41, { experiment, after: count === 0 ? 0 : 40 }))
      if (outcome === 'written') expect((await store.rowsOf(experiment, 'w1')).length).toBeGreaterThanOrEqual(count)
    }
    await own.clear()
  })
})
