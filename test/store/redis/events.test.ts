// Events on their way from the experiment to the stream, the channel and the watchers: each once, in one order, whatever fails in between.
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import type { PublishedEvent } from '../../../src/model/event.ts'
import { StoreError } from '../../../src/store/port.ts'
import { EVENT_LIMIT, EXPERIMENT, event, lead, publication } from '../port/stand.ts'
import { usePrivateServer } from './private-server.ts'

const home = usePrivateServer({ appendOnly: 'always' })
const { stand } = home

function relayedKey(): string {
  const { keyPrefix } = home.rig.settings
  return `${keyPrefix}:{${keyPrefix}:events}:relayed`
}

/** No event gets into the stream while this is in the place of what was relayed. */
async function blockRelay(): Promise<() => Promise<void>> {
  const key = relayedKey()
  const had = (await home.redis.exists(key)) === 1
  if (had) await home.redis.rename(key, `${key}-aside`)
  await home.redis.set(key, 'in the way')
  return async () => {
    await home.redis.del(key)
    if (had) await home.redis.rename(`${key}-aside`, key)
  }
}

describe('a relay that ended in the middle', () => {
  test('is made good by the same publication, sent again', async () => {
    const store = await stand.open()
    const token = await lead(store, 'w1')
    const first = publication(token, 1, { state: '1', events: [event('1-0'), event('1-1')] })
    const unblock = await blockRelay()
    await expect(store.publish(first)).rejects.toThrow(StoreError)
    expect(await store.load(EXPERIMENT)).toMatchObject({ state: '1', publicationSequence: 1 })
    expect(await store.readEvents(null, 10)).toEqual([])
    await unblock()
    expect(await store.publish(first)).toBe('published')
    expect(await store.publish(first)).toBe('published')
    expect(await store.readEvents(null, 10)).toEqual([event('1-0'), event('1-1')])
  })

  test('is made good by the next one, in order', async () => {
    const store = await stand.open()
    const token = await lead(store, 'w1')
    await store.publish(publication(token, 1, { events: [event('1-0')] }))
    const unblock = await blockRelay()
    await expect(store.publish(publication(token, 2, { events: [event('2-0')] }))).rejects.toThrow(StoreError)
    await unblock()
    await store.publish(publication(token, 3, { events: [event('3-0')] }))
    expect(await store.readEvents(null, 10)).toEqual([event('1-0'), event('2-0'), event('3-0')])
  })

  test('is made good by whoever leads next', async () => {
    const [store, other] = [await stand.open(), await stand.open()]
    const token = await lead(store, 'w1')
    const unblock = await blockRelay()
    await expect(store.publish(publication(token, 1, { events: [event('1-0')] }))).rejects.toThrow(StoreError)
    await unblock()
    await store.release('w1', [EXPERIMENT])
    await lead(other, 'w2')
    expect(await other.readEvents(null, 10)).toEqual([event('1-0')])
  })

  test('before its outbox was emptied tells nothing twice', async () => {
    const store = await stand.open()
    const begin = `${home.rig.settings.keyPrefix}:{exp:${EXPERIMENT}}`
    const token = await lead(store, 'w1')
    const unblock = await blockRelay()
    const first = publication(token, 1, { events: [event('1-0'), event('2-0')] })
    await expect(store.publish(first)).rejects.toThrow(StoreError)
    const outbox = await home.redis.lrange(`${begin}:outbox`, 0, -1)
    await unblock()
    await store.publish(first)
    expect(await home.redis.exists(`${begin}:outbox`)).toBe(0)
    await home.redis.rpush(`${begin}:outbox`, ...outbox)
    await home.redis.hset(`${begin}:head`, 'waiting', outbox.length)
    await lead(store, 'w1')
    expect(await home.redis.exists(`${begin}:outbox`)).toBe(0)
    await store.publish(publication(token, 2, { events: [event('3-0')] }))
    expect(await store.readEvents(null, 10)).toEqual([event('1-0'), event('2-0'), event('3-0')])
    expect(stand.told.lost).toEqual([])
  })

  test('is made good however much waits', async () => {
    const store = await stand.open({ eventLimit: 1000 })
    const token = await lead(store, 'w1')
    const events = Array.from({ length: 450 }, (_, index) => event(`${index + 1}-0`))
    await store.publish(publication(token, 1, { events }))
    expect(await store.readEvents(null, 1000)).toEqual(events)
  })
})

describe('what the world sees', () => {
  test('is the same everywhere: two replicas, the stream, the channel', async () => {
    const stores = [await stand.open(), await stand.open()]
    const { keyPrefix } = home.rig.settings
    const name = `${keyPrefix}:events`
    const subscriber = new Redis(home.server.port)
    const heard: string[] = []
    subscriber.on('message', (_, message) => heard.push(message))
    await subscriber.subscribe(name)
    const seen: PublishedEvent[][] = [[], []]
    for (const [at, store] of stores.entries()) store.watchEvents('0-0', (events) => seen[at].push(...events))
    await Promise.all(
      stores.map(async (store, at) => {
        const experiment = `e${at}`
        for (let sequence = 1; sequence <= 8; sequence++) {
          const token = await lead(store, `w${at}`, experiment)
          const events = [event(`${1000 + sequence}-0`, { at, text: 'naïve 試験' })]
          expect(await store.publish(publication(token, sequence, { experiment, events }))).toBe('published')
        }
      }),
    )
    await expect.poll(() => seen.map((events) => events.length)).toEqual([16, 16])
    const stored = await stores[0].readEvents(null, EVENT_LIMIT)
    expect(seen).toEqual([stored, stored])
    expect(heard).toEqual(stored.map(({ json }) => json))
    const raw = await home.redis.xrange(name, '-', '+')
    expect(raw).toEqual(stored.map(({ id, json }) => [id, ['event', json]]))
    subscriber.disconnect()
  })

  test('goes on over a restart of the server, nothing twice and nothing missing', async () => {
    const [store, other] = [await stand.open(), await stand.open()]
    const seen: string[] = []
    other.watchEvents(null, (events) => seen.push(...events.map(({ id }) => id)))
    const token = await lead(store, 'w1')
    await store.publish(publication(token, 1, { events: [event('1-0')] }))
    await expect.poll(() => seen).toEqual(['1-0'])
    await home.server.kill()
    await home.server.restart()
    const publish = (sequence: number, id: string): Promise<string | null> =>
      store.publish(publication(token, sequence, { events: [event(id)] })).catch(() => null)
    await expect.poll(() => publish(2, '2-0'), { timeout: 5000, interval: 20 }).toBe('published')
    await store.publish(publication(token, 3, { events: [event('3-0')] }))
    await expect.poll(() => seen, { timeout: 5000 }).toEqual(['1-0', '2-0', '3-0'])
  })
})
