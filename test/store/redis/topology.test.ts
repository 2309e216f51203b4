// Masters that die or move, and a network that swallows answers: writers go on, nothing is written twice, watchers miss nothing.
import { afterEach, describe, expect, test } from 'vitest'
import type { RedisServers } from '../../../src/model/settings.ts'
import { sleep } from '../../../src/runtime/clock.ts'
import type { Store } from '../../../src/store/port.ts'
import { Keys } from '../../../src/store/redis/keys.ts'
import { startCluster } from '../../redis-rig/cluster.ts'
import { startProxy } from '../../redis-rig/proxy.ts'
import { startSentinel } from '../../redis-rig/sentinel.ts'
import { startRedis } from '../../redis-rig/server.ts'
import { EXPERIMENT, event, flush, plainRows, publication, put, Stand } from '../port/stand.ts'
import { RedisRig } from './redis-rig.ts'

const stands: Stand[] = []
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.clear()
})

function standOn(servers: RedisServers): Stand {
  const stand = new Stand({
    shared: true,
    movesTime: true,
    makeRig: () => new RedisRig(servers, { keyPrefix: 'cohortd' }),
  })
  stands.push(stand)
  return stand
}

/** One replica at work: flushes a row and publishes an event for each of its experiments again and again, as a keeper would after failures. */
class Replica {
  readonly #store: Store
  readonly #stand: Stand
  readonly #experiments: readonly string[]
  readonly #after: Map<string, number>
  #round = 0
  published = 0
  /** Rounds in which everything was written. */
  wholeRounds = 0
  lost = 0

  constructor(store: Store, stand: Stand, experiments: readonly string[]) {
    this.#store = store
    this.#stand = stand
    this.#experiments = experiments
    this.#after = new Map(experiments.map((one) => [one, 0]))
  }

  get round(): number {
    return this.#round
  }

  async work(): Promise<void> {
    const sequence = ++this.#round
    const flushes = this.#experiments.map((experiment) => {
      const rows = [this.#stand.row('a', [sequence % 251, sequence >> 8])]
      return flush('w1', sequence, { experiment, after: this.#after.get(experiment)!, rows })
    })
    try {
      const outcomes = await this.#store.commit({ writer: 'w1', flushes, journal: null, requests: [] })
      for (const [at, outcome] of outcomes.entries()) {
        if (outcome === 'lost') this.lost++
        this.#after.set(this.#experiments[at], outcome === 'written' ? sequence : 0)
      }
      const [experiment] = this.#experiments
      const token = (await this.#store.lease('w1', [experiment], 6000)).get(experiment)!
      const events = [event(`${this.published + 1}-0`)]
      if ((await this.#store.publish(publication(token, this.published + 1, { experiment, events }))) === 'published')
        this.published++
      if (outcomes.every((outcome) => outcome === 'written')) this.wholeRounds++
    } catch {
      await sleep(50)
    }
  }

  /** Works until that many more rounds were whole. */
  async workRounds(count: number): Promise<void> {
    for (const until = this.wholeRounds + count; this.wholeRounds < until; ) await this.work()
  }
}

describe('a Cluster', () => {
  const experiments = Array.from({ length: 12 }, (_, n) => `e${n}`)

  test('whose master is killed goes on with its replica', { timeout: 60_000 }, async () => {
    await using cluster = await startCluster({ replicasPerMaster: 1, nodeTimeoutMs: 1000 })
    const stand = standOn({ kind: 'cluster', urls: cluster.urls.slice(0, 2) })
    const store = await stand.open()
    const seen: string[] = []
    store.watchEvents(null, (events) => seen.push(...events.map(({ id }) => id)))
    const replica = new Replica(store, stand, experiments)
    await replica.workRounds(3)
    const slot = await cluster.slotOf(new Keys('cohortd').of('e0').head)
    const owner = (await cluster.ownerOf(slot))!
    await cluster.kill(owner)
    const promoted = cluster.promotedFrom(owner, slot)
    await replica.workRounds(3)
    await promoted
    for (const experiment of experiments) {
      const { rows, writers } = await store.load(experiment)
      expect(writers).toMatchObject([{ sequence: replica.round }])
      expect(rows).toHaveLength(1)
    }
    const stored = (await store.readEvents(null, 1000)).map(({ id }) => id)
    expect(new Set(stored).size).toBe(stored.length)
    await expect.poll(() => seen.at(-1), { timeout: 5000 }).toBe(stored.at(-1))
    expect(new Set(seen).size).toBe(seen.length)
    await expect.poll(async () => (await replica.work(), stand.told.available), { timeout: 8000 }).toBe(1)
    expect(stand.told.unavailable).toHaveLength(1)
  })

  test('whose slot is moved while it is written loses nothing', { timeout: 60_000 }, async () => {
    await using cluster = await startCluster()
    const stand = standOn({ kind: 'cluster', urls: cluster.urls })
    const store = await stand.open()
    const replica = new Replica(store, stand, experiments)
    await replica.workRounds(2)
    const slot = await cluster.slotOf(new Keys('cohortd').of('e0').head)
    const owner = (await cluster.ownerOf(slot))!
    const move = await cluster.beginSlotMove(slot, owner, (owner + 1) % 3)
    await replica.work()
    await move.migrate(2)
    const working = replica.workRounds(3)
    await sleep(200)
    await move.finish()
    await working
    expect(replica.lost).toBe(0)
    expect((await store.load('e0')).writers).toMatchObject([{ sequence: replica.round }])
    expect((await store.readEvents(null, 1000)).map(({ id }) => id)).toHaveLength(replica.published)
    expect(stand.told.lost).toEqual([])
  })
})

describe('Sentinels', () => {
  test('lead to the replica that they promote', { timeout: 60_000 }, async () => {
    await using sentinel = await startSentinel()
    const stand = standOn({ kind: 'sentinel', urls: sentinel.urls, master: sentinel.name })
    const store = await stand.open()
    const seen: string[] = []
    store.watchEvents(null, (events) => seen.push(...events.map(({ id }) => id)))
    const replica = new Replica(store, stand, ['e0', 'e1'])
    await replica.workRounds(3)
    const old = await sentinel.killMaster()
    const promoted = sentinel.promotedFrom(old)
    await replica.workRounds(3)
    await promoted
    await old.restart()
    await replica.workRounds(3)
    expect((await store.load('e0')).writers).toMatchObject([{ sequence: replica.round }])
    const stored = (await store.readEvents(null, 1000)).map(({ id }) => id)
    await expect.poll(() => seen.at(-1), { timeout: 5000 }).toBe(stored.at(-1))
    expect(new Set(seen).size).toBe(seen.length)
    // On a slow machine the promoted replica may be reached once more before it takes writes.
    const { unavailable, available } = stand.told
    expect(unavailable.length).toBeGreaterThan(0)
    expect(available).toBe(unavailable.length)
  })
})

describe('a network that swallows answers', () => {
  test('makes nothing happen twice', { timeout: 30_000 }, async () => {
    await using server = await startRedis()
    await using proxy = await startProxy(server)
    const stand = standOn({ kind: 'standalone', url: proxy.url })
    const store = await stand.open()
    const first = flush('w1', 1, { rows: [stand.row('a', [1])], requests: ['r1'] })
    const token = (await store.lease('w1', [EXPERIMENT], 6000)).get(EXPERIMENT)!
    const told = publication(token, 1, { state: '{}', events: [event('1-0')] })
    proxy.cut('answers')
    const unanswered = await Promise.allSettled([put(store, first), store.publish(told)])
    expect(unanswered.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    proxy.heal()
    const again = (): Promise<string | null> => put(store, first).catch(() => null)
    await expect.poll(again, { timeout: 5000, interval: 20 }).toBe('written')
    expect(await store.publish(told)).toBe('published')
    expect(await store.readEvents(null, 10)).toEqual([event('1-0')])
    expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows(first.rows))
    expect(await store.claim('w2', 'r1', [EXPERIMENT])).toEqual(['counted'])
    expect(await store.experiments()).toEqual([EXPERIMENT])
  })

  test('for long is given up, and a new connection made', { timeout: 30_000 }, async () => {
    await using server = await startRedis()
    await using proxy = await startProxy(server)
    const stand = standOn({ kind: 'standalone', url: proxy.url })
    const store = await stand.open()
    proxy.cut()
    for (let n = 0; n < 3; n++) await store.experiments().catch(() => null)
    proxy.heal()
    await expect.poll(() => store.experiments().catch(() => null), { timeout: 4000, interval: 20 }).toEqual([])
    // On a slow machine the promoted replica may be reached once more before it takes writes.
    const { unavailable, available } = stand.told
    expect(unavailable.length).toBeGreaterThan(0)
    expect(available).toBe(unavailable.length)
  })
})
