// Several daemons on one Redis, as behind a load balancer: one truth, one stream of events, whoever dies.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sleep, systemClock } from '../../src/runtime/clock.ts'
import { type RedisServerProcess, startRedis } from '../redis-rig/server.ts'
import { eventually, eventuallyHolds } from './eventually.ts'
import { eventsOf, ReplicaSet } from './replica-set.ts'
import { sendSpans } from './send-spans.ts'

/** A replica that dies is replaced within this. */
const REPLACED_MS = 10_000

let redis: RedisServerProcess
let set: ReplicaSet | null = null

beforeEach(async () => {
  redis = await startRedis({ appendOnly: 'everysec' })
})
afterEach(async () => {
  await set?.remove()
  set = null
  await redis.remove()
})

async function startSet(count: number, ack: 'memory' | 'durable' = 'memory'): Promise<ReplicaSet> {
  return (set = await ReplicaSet.start(count, { ack, store: `url: "${redis.url}"` }))
}

describe('replicas', () => {
  test('show the same truth and the same events, whichever of them counted', async () => {
    const one = await startSet(3)
    const { replicas } = one
    const [a, b, c] = replicas
    const streams = await Promise.all(replicas.map((replica) => replica.subscribe()))
    await sendSpans(a, { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
    await sendSpans(b, { experiment: 'checkout', variant: 'treatment', good: 50, bad: 10 })
    await sendSpans(c, { experiment: 'checkout', variant: 'treatment', good: 30, bad: 10 })
    await one.expectCounts('treatment', { events: 100, bad: 20 })
    for (const stream of streams) await eventually('the alert', () => stream.burns('cohortd.burn.firing')[0] ?? null)
    const [first, ...others] = streams.map(({ received }) => received.map(({ event }) => event))
    for (const other of others) expect(other).toEqual(first)
    // Gauges are the truth of all, counters this process' own.
    const counted = await Promise.all(replicas.map((replica) => replica.metrics()))
    const labels = { variant: 'treatment', outcome: 'good' }
    expect(counted.map((samples) => samples.sum('cohortd_sli_events_total', labels))).toEqual([0, 50, 30])
    for (const samples of counted)
      expect(samples.sum('cohortd_sli_good_ratio', { variant: 'treatment', window: '5m' })).toBe(0.8)
    // An id from one replica is good at another.
    const resumed = await b.subscribe(first[0].id)
    await eventuallyHolds(() => expect(resumed.received.map(({ event }) => event)).toEqual(first.slice(1)))
  })

  test('replace one that is killed within ten seconds, twice, and tell every incident once', async () => {
    const one = await startSet(3)
    const { replicas } = one
    await sendSpans(replicas[0], { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
    await sendSpans(replicas[1], { experiment: 'checkout', variant: 'bad-0', good: 50, bad: 50 })
    const stream = await replicas[2].subscribe('0-0')
    await eventually('the first alert', () => stream.burns('cohortd.burn.firing')[0] ?? null)
    await sleep(1500)
    for (const round of [1, 2]) {
      await replicas[round - 1].kill()
      const killedMs = systemClock.monotonic()
      await sendSpans(replicas[2], { experiment: 'checkout', variant: `bad-${round}`, good: 50, bad: 50 })
      await eventually(
        'the next alert',
        () => stream.burns('cohortd.burn.firing').find(({ data }) => data.variant === `bad-${round}`) ?? null,
        REPLACED_MS,
      )
      expect(systemClock.monotonic() - killedMs).toBeLessThan(REPLACED_MS)
    }
    await one.expectCounts('bad-0', { events: 100, bad: 50 })
    await one.expectOneIncidentEach(['bad-0', 'bad-1', 'bad-2'])
  })

  test('acknowledging durably, killed by turns, and asked by clients that try again anywhere: counted is what was acknowledged', async () => {
    const one = await startSet(2, 'durable')
    const { replicas } = one
    const client = one.client({ parallel: 6 })
    for (let round = 0; round < 6; round++) {
      await sleep(300 + ((round * 271) % 500))
      await replicas[round % 2].kill()
      replicas[round % 2] = await one.startOne()
    }
    await sleep(500)
    const { spans, bad, refused } = await client.stop()
    expect(refused).toBeGreaterThan(0)
    await one.expectCounts('treatment', { events: spans, bad })
    await sleep(2000)
    await one.expectCounts('treatment', { events: spans, bad })
    await one.expectOneIncidentEach(['treatment'])
  }, 120_000)

  test('are upgraded one by one under load, and nothing is lost or told twice', async () => {
    const one = await startSet(2)
    const { replicas } = one
    const olds = [...replicas]
    const targets = [...replicas]
    const client = one.client({ parallel: 4, targets })
    for (const old of olds) {
      await sleep(700)
      const replacement = await one.startOne()
      replicas.push(replacement)
      targets.push(replacement)
      // As a load balancer does: no new requests to one that is about to stop.
      targets.splice(targets.indexOf(old), 1)
      await sleep(200)
      expect(await old.stop()).toBe(0)
    }
    await sleep(500)
    const { spans, bad } = await client.stop()
    await one.expectCounts('treatment', { events: spans, bad })
    await one.expectOneIncidentEach(['treatment'])
  }, 120_000)
})

describe('while Redis', () => {
  test.each([
    ['is away and comes back as it was', { empty: false }],
    ['is away and comes back empty', { empty: true }],
  ])(
    '%s, counting goes on, and afterwards every replica shows everything',
    async (_, { empty }) => {
      const one = await startSet(2)
      const { replicas } = one
      await sendSpans(replicas[0], { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
      await sendSpans(replicas[1], { experiment: 'checkout', variant: 'treatment', good: 50, bad: 50 })
      await one.expectCounts('treatment', { events: 100, bad: 50 })
      const stream = await replicas[0].subscribe('0-0')
      await eventually('the alert', () => stream.burns('cohortd.burn.firing')[0] ?? null)
      await sleep(1500)
      await redis.kill()
      for (const replica of replicas) {
        await sendSpans(replica, { experiment: 'checkout', variant: 'treatment', good: 10, bad: 0 })
        await eventuallyHolds(async () => {
          const { status, body } = await replica.get('/readyz')
          expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining(redis.address)])
        })
      }
      await sendSpans(replicas[1], { experiment: 'checkout', variant: 'worse', good: 0, bad: 100 })
      // Every replica judges for itself: what it shows goes on.
      await eventuallyHolds(async () => {
        const { alerts, degraded } = (await replicas[1].get('/api/v1/alerts')).body as {
          alerts: { variant: string }[]
          degraded: string[]
        }
        expect(alerts.map(({ variant }) => variant)).toContain('worse')
        expect(degraded).not.toEqual([])
      }, 15_000)
      // An outage of less than a second is no event.
      await sleep(2500)
      await redis.restart({ empty })
      await one.expectCounts('treatment', { events: 120, bad: 50 })
      await one.expectCounts('worse', { events: 100, bad: 100 })
      await one.expectOneIncidentEach(['treatment', 'worse'], 15_000)
      await eventuallyHolds(async () => {
        const types = (await eventsOf(replicas[0])).map(({ type }) => type)
        expect(types).toContain('cohortd.store.restored')
        expect(types.includes('cohortd.store.lost')).toBe(empty)
      })
    },
    60_000,
  )

  test('loses everything at once, no alert ends or is told again', async () => {
    const one = await startSet(2)
    const [a, b] = one.replicas
    await sendSpans(a, { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
    await sendSpans(a, { experiment: 'checkout', variant: 'treatment', good: 10, bad: 0 })
    await sendSpans(b, { experiment: 'checkout', variant: 'treatment', good: 50, bad: 50 })
    await one.expectOneIncidentEach(['treatment'])
    await sleep(1500)
    for (let time = 0; time < 3; time++) {
      await redis.cli('flushall')
      await sleep(4000)
    }
    await one.expectCounts('treatment', { events: 110, bad: 50 })
    await one.expectOneIncidentEach(['treatment'])
    for (const replica of one.replicas) {
      const types = (await eventsOf(replica)).map(({ type }) => type)
      expect(types).toContain('cohortd.store.lost')
      expect(types).not.toContain('cohortd.burn.resolved')
    }
  }, 60_000)

  test('hangs, requests are answered as ever', async () => {
    const one = await startSet(1)
    const [replica] = one.replicas
    await sendSpans(replica, { experiment: 'checkout', variant: 'control', good: 100, bad: 0 })
    redis.suspend()
    let slowestMs = 0
    for (let at = 0; at < 40; at++) {
      const sentMs = systemClock.monotonic()
      await sendSpans(replica, { experiment: 'checkout', variant: 'treatment', good: 10, bad: 0 })
      slowestMs = Math.max(slowestMs, systemClock.monotonic() - sentMs)
      await sleep(100)
    }
    expect(slowestMs).toBeLessThan(500)
    redis.resume()
    await one.expectCounts('treatment', { events: 400, bad: 0 })
    await eventuallyHolds(async () => expect((await replica.get('/readyz')).body).toMatchObject({ degraded: [] }))
  })
})
