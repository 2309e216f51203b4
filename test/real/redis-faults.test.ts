// Replicas on Redis that fails over, moves slots, or cannot be reached by some.
import { afterEach, describe, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/clock.ts'
import { startCluster } from '../redis-rig/cluster.ts'
import { startProxy } from '../redis-rig/proxy.ts'
import { startSentinel } from '../redis-rig/sentinel.ts'
import { startRedis } from '../redis-rig/server.ts'
import { eventuallyHolds } from './eventually.ts'
import { ReplicaSet } from './replica-set.ts'
import { sendSpans } from './send-spans.ts'

const started: { remove(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of started.splice(0).toReversed()) await one.remove()
})

async function kept<T extends { remove(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const one = await starting
  started.push(one)
  return one
}

function quoted(urls: readonly string[]): string {
  return `[${urls.map((url) => JSON.stringify(url)).join(', ')}]`
}

/** Under load, whatever happens to Redis meanwhile: every request is taken, everything counted once, the one incident told once, everywhere. */
async function expectNothingLost(set: ReplicaSet, happens: () => Promise<void>): Promise<void> {
  const client = set.client({ parallel: 2 })
  await sleep(2500)
  await happens()
  const { spans, bad, refused } = await client.stop()
  expect(refused).toBe(0)
  await set.expectCounts('treatment', { events: spans, bad }, 20_000)
  await set.expectOneIncidentEach(['treatment'], 20_000)
  await set.expectNotDegraded()
}

describe('replicas', () => {
  test('go on when a master of the cluster is killed: everything is counted once', async () => {
    const cluster = await kept(startCluster({ masters: 3, replicasPerMaster: 1, node: { appendOnly: 'everysec' } }))
    const set = await kept(ReplicaSet.start(2, { store: `cluster: ${quoted(cluster.urls)}` }))
    await expectNothingLost(set, async () => {
      const slot = await cluster.slotOf('cohortd:{exp:checkout}:rows')
      const owner = await cluster.ownerOf(slot)
      await cluster.kill(owner!)
      await cluster.promotedFrom(owner!, slot)
      await sleep(1500)
      await cluster.restart(owner!)
    })
  }, 120_000)

  test('go on while slots of the cluster move', async () => {
    const cluster = await kept(startCluster({ masters: 3 }))
    const set = await kept(ReplicaSet.start(2, { store: `cluster: ${quoted(cluster.urls)}` }))
    await expectNothingLost(set, async () => {
      for (const key of ['cohortd:{exp:checkout}:rows', 'cohortd:events']) {
        const slot = await cluster.slotOf(key)
        const from = (await cluster.ownerOf(slot))!
        const move = await cluster.beginSlotMove(slot, from, (from + 1) % 3)
        await move.migrate(3)
        await sleep(1500)
        await move.finish()
        await sleep(700)
      }
    })
  }, 120_000)

  test('go on when a Sentinel promotes a replica of Redis', async () => {
    const sentinel = await kept(startSentinel({ server: { appendOnly: 'everysec' } }))
    const set = await kept(
      ReplicaSet.start(2, { store: `sentinels: ${quoted(sentinel.urls)}, master: ${sentinel.name}` }),
    )
    await expectNothingLost(set, async () => {
      const old = await sentinel.killMaster()
      await sentinel.promotedFrom(old)
      await sleep(1500)
      await old.restart()
    })
  }, 120_000)

  test('of which one is cut off for longer than its leases last: it tells nothing that the other has told', async () => {
    const redis = await kept(startRedis())
    const proxy = await kept(startProxy(redis))
    const set = await kept(ReplicaSet.start(1, { store: `url: "${proxy.url}"` }))
    const [lonely] = set.replicas
    await sendSpans(lonely, { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
    await sendSpans(lonely, { experiment: 'checkout', variant: 'first', good: 50, bad: 50 })
    await set.expectOneIncidentEach(['first'])
    const other = await set.startOne(`url: "${redis.url}"`)
    set.replicas.push(other)
    await set.expectCounts('first', { events: 100, bad: 50 })
    proxy.cut()
    await sendSpans(lonely, { experiment: 'checkout', variant: 'second', good: 50, bad: 50 })
    await sendSpans(other, { experiment: 'checkout', variant: 'second', good: 50, bad: 50 })
    await eventuallyHolds(async () => {
      const { alerts } = (await lonely.get('/api/v1/alerts')).body as { alerts: { variant: string }[] }
      expect(alerts.map(({ variant }) => variant)).toContain('second')
    }, 15_000)
    // Long enough for the other one to take over and tell.
    await eventuallyHolds(async () => {
      const { events } = (await other.get('/api/v1/events')).body as { events: { subject: string; type: string }[] }
      expect(events.filter(({ type }) => type === 'cohortd.burn.firing').map(({ subject }) => subject)).toContain(
        'checkout/second/sender',
      )
    }, 20_000)
    proxy.heal()
    await set.expectCounts('second', { events: 200, bad: 100 }, 20_000)
    await set.expectOneIncidentEach(['first', 'second'], 20_000)
    await sleep(3000)
    await set.expectOneIncidentEach(['first', 'second'])
    await set.expectNotDegraded()
  }, 120_000)
})
