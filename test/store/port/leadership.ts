// Leases, and what their holder publishes.
import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/port.ts'
import { EXPERIMENT, event, flush, LEASE_MS, lead, publication, put, type Stand } from './stand.ts'

const FIRING = '[{"slo":"availability"}]'

export function describeLeadership(stand: Stand): void {
  const { shared, movesTime } = stand.traits

  describe('a lease', () => {
    test('is given for each experiment that is asked for, with a token from 1', async () => {
      const store = await stand.open()
      const held = await store.lease('w1', ['a', 'b'], LEASE_MS)
      expect([...held.keys()].sort()).toEqual(['a', 'b'])
      for (const token of held.values()) expect(token).toBeGreaterThanOrEqual(1)
    })

    test('keeps its token while it is renewed', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      expect(await lead(store, 'w1')).toBe(token)
      expect(await lead(store, 'w1')).toBe(token)
    })

    test('has a greater token for the next process', async () => {
      const first = await stand.open()
      const token = await lead(first, 'w1')
      await first.release('w1', [EXPERIMENT])
      const second = await stand.reopen(first)
      expect(await lead(second, 'w2')).toBeGreaterThan(token)
    })

    test('has a greater token for whoever takes it after a release, also after two', async () => {
      const store = await stand.open()
      let token = await lead(store, 'w1')
      for (const [holder, next] of [
        ['w1', 'w2'],
        ['w2', 'w1'],
      ]) {
        await store.release(holder, [EXPERIMENT])
        const greater = await lead(store, next)
        expect(greater).toBeGreaterThan(token)
        token = greater
      }
    })

    test('is not released by another', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      await store.release('w2', [EXPERIMENT, 'unknown'])
      expect(await lead(store, 'w1')).toBe(token)
      expect(await store.publish(publication(token, 1, { state: '{}' }))).toBe('published')
    })

    test('outlives the experiment', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      await put(store, flush('w1', 1))
      await store.forget(EXPERIMENT, token)
      expect(await store.publish(publication(token, 1, { state: '{}' }))).toBe('published')
    })

    if (!shared)
      test('is given at once: who asks is the only one alive', async () => {
        const store = await stand.open()
        const token = await lead(store, 'w1')
        expect(await lead(store, 'w2')).toBeGreaterThan(token)
        expect(await store.publish(publication(token, 1))).toBe('stale')
      })

    if (shared)
      test('is held by one writer at a time', async () => {
        const [one, other] = [await stand.open(), await stand.open()]
        const token = await lead(one, 'w1')
        const held = await other.lease('w2', [EXPERIMENT, 'free'], LEASE_MS)
        expect([...held.keys()]).toEqual(['free'])
        expect(await lead(one, 'w1')).toBe(token)
      })

    if (shared && movesTime)
      test('ends where it is not renewed in time; its token is stale as soon as another has it', async () => {
        const [one, other] = [await stand.open(), await stand.open()]
        const token = await lead(one, 'w1')
        await stand.advance(LEASE_MS - 1000)
        await lead(one, 'w1')
        await stand.advance(LEASE_MS - 1000)
        expect((await other.lease('w2', [EXPERIMENT], LEASE_MS)).size).toBe(0)
        await stand.advance(2000)
        expect(await lead(other, 'w2')).toBeGreaterThan(token)
        expect((await one.lease('w1', [EXPERIMENT], LEASE_MS)).size).toBe(0)
        expect(await one.publish(publication(token, 1, { events: [event('1-0')] }))).toBe('stale')
        expect(await one.retire(EXPERIMENT, 'w2', token)).toBe(false)
        expect(await one.forget(EXPERIMENT, token)).toBe(false)
      })
  })

  describe('the heir of a writer', () => {
    /** `next` takes the lease over from `holder`, and tries to give the writer up. */
    async function handOver(store: Store, holder: string, next: string): Promise<boolean> {
      await store.release(holder, [EXPERIMENT])
      return store.retire(EXPERIMENT, 'gone', await lead(store, next))
    }

    test('may give it up again, under the same lease and under a later one', async () => {
      const store = await stand.open()
      await put(store, flush('gone', 1, { rows: [stand.row('a')] }))
      const token = await lead(store, 'w1')
      expect(await store.retire(EXPERIMENT, 'gone', token)).toBe(true)
      expect(await store.retire(EXPERIMENT, 'gone', token)).toBe(true)
      expect(await handOver(store, 'w1', 'w1')).toBe(true)
    })

    test('is one: a later holder does not become it, and the writer stays given up', async () => {
      const store = await stand.open()
      await put(store, flush('gone', 1, { rows: [stand.row('a')] }))
      await store.retire(EXPERIMENT, 'gone', await lead(store, 'w1'))
      expect(await handOver(store, 'w1', 'w2')).toBe(false)
      expect(await put(store, flush('gone', 2))).toBe('retired')
      expect(await handOver(store, 'w2', 'w1')).toBe(true)
    })

    test('is the next holder once it was given up itself, and then the first no more', async () => {
      const store = await stand.open()
      await put(store, flush('gone', 1, { rows: [stand.row('a')] }))
      await put(store, flush('w1', 1))
      await store.retire(EXPERIMENT, 'gone', await lead(store, 'w1'))
      await store.release('w1', [EXPERIMENT])
      const token = await lead(store, 'w2')
      expect(await store.retire(EXPERIMENT, 'w1', token)).toBe(true)
      expect(await store.retire(EXPERIMENT, 'gone', token)).toBe(true)
      expect(await handOver(store, 'w2', 'w1')).toBe(false)
      expect(await handOver(store, 'w1', 'w3')).toBe(false)
    })

    test('is a known writer, and may be given up before its first flush', async () => {
      const store = await stand.open()
      const { position } = await store.load(EXPERIMENT)
      await store.retire(EXPERIMENT, 'gone', await lead(store, 'w1'))
      const heir = expect.objectContaining({ writer: 'w1', sequence: 0, sealedMinute: -1, retired: false })
      expect((await store.load(EXPERIMENT)).writers).toContainEqual(heir)
      expect(await store.follow(EXPERIMENT, position, 'w3')).toMatchObject({
        writers: expect.arrayContaining([heir]),
      })
      await store.release('w1', [EXPERIMENT])
      const token = await lead(store, 'w2')
      expect(await store.retire(EXPERIMENT, 'gone', token)).toBe(false)
      expect(await store.retire(EXPERIMENT, 'w1', token)).toBe(true)
      expect(await store.retire(EXPERIMENT, 'gone', token)).toBe(true)
    })

    test('is one of each experiment, and goes as the experiment is forgotten', async () => {
      const store = await stand.open()
      await store.retire(EXPERIMENT, 'gone', await lead(store, 'w1'))
      expect(await store.retire('other', 'gone', await lead(store, 'w2', 'other'))).toBe(true)
      await store.release('w1', [EXPERIMENT])
      const token = await lead(store, 'w2')
      await store.forget(EXPERIMENT, token)
      expect(await store.retire(EXPERIMENT, 'gone', token)).toBe(true)
    })
  })

  describe('a publication', () => {
    test('is kept whole: state, alerts, events', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      const alerts = [{ variant: 'treatment', segmentKey: 'shop', json: FIRING }]
      const made = publication(token, 1, { state: '{"n":1}', alerts, events: [event('1000-0'), event('1000-1')] })
      expect(await store.publish(made)).toBe('published')
      expect(await store.load(EXPERIMENT)).toMatchObject({ state: '{"n":1}', alerts, publicationSequence: 1 })
      expect(await store.readEvents(null, 10)).toEqual([event('1000-0'), event('1000-1')])
      expect(await store.experiments()).toEqual([EXPERIMENT])
    })

    test('changes only what it names', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      const [a, b] = ['a', 'b'].map((variant) => ({ variant, segmentKey: 'shop', json: FIRING }))
      await store.publish(publication(token, 1, { state: '{"n":1}', alerts: [a, b] }))
      await store.publish(publication(token, 2, { alerts: [{ ...a, json: null }] }))
      expect(await store.load(EXPERIMENT)).toMatchObject({ state: '{"n":1}', alerts: [b], publicationSequence: 2 })
    })

    test('that comes again changes nothing', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      const first = publication(token, 1, { state: '1', events: [event('1000-0')] })
      await store.publish(first)
      await store.publish(publication(token, 2, { state: '2', events: [event('1001-0')] }))
      expect(await store.publish(first)).toBe('published')
      expect(await store.load(EXPERIMENT)).toMatchObject({ state: '2', publicationSequence: 2 })
      expect(await store.readEvents(null, 10)).toHaveLength(2)
    })

    test('with a stale token, or with one that was never given, writes nothing', async () => {
      const store = await stand.open()
      const stale = await lead(store, 'w1')
      await store.release('w1', [EXPERIMENT])
      const token = await lead(store, 'w2')
      for (const wrong of [stale, token + 1]) {
        const made = publication(wrong, 1, { state: '{}', events: [event('1000-0')] })
        expect(await store.publish(made)).toBe('stale')
        expect(await store.publishAnew(made)).toBe('stale')
      }
      expect(await store.load(EXPERIMENT)).toMatchObject({ state: null, publicationSequence: 0 })
      expect(await store.readEvents(null, 10)).toEqual([])
    })

    test('after one that the store does not have is refused, until it is made anew with all alerts', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      const [a, b] = ['a', 'b'].map((variant) => ({ variant, segmentKey: 'shop', json: FIRING }))
      await store.publish(publication(token, 1, { state: '1', alerts: [a] }))
      const later = publication(token, 5, { state: '5', alerts: [b], events: [event('1000-0')] })
      expect(await store.publish(later)).toBe('lost')
      expect(await store.readEvents(null, 10)).toEqual([])
      expect(await store.publishAnew(later)).toBe('published')
      expect(await store.publishAnew(later)).toBe('published')
      expect(await store.load(EXPERIMENT)).toMatchObject({ state: '5', alerts: [b], publicationSequence: 5 })
      expect(await store.readEvents(null, 10)).toEqual([event('1000-0')])
      expect(await store.publish(publication(token, 6))).toBe('published')
    })

    test('is there for the next process', async () => {
      const first = await stand.open()
      const token = await lead(first, 'w1')
      const alerts = [{ variant: 'treatment', segmentKey: 'shop', json: FIRING }]
      await first.publish(publication(token, 1, { state: '{"n":1}', alerts, events: [event('1000-0')] }))
      const second = await stand.reopen(first)
      expect(await second.load(EXPERIMENT)).toMatchObject({ state: '{"n":1}', alerts, publicationSequence: 1 })
      expect(await second.newestEvents(5)).toEqual([event('1000-0')])
    })
  })
}
