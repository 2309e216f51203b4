// Identities of requests: what makes a retried request count once, also over a crash and at another replica.
import { describe, expect, test } from 'vitest'
import { CLAIM_MS, commitOf, EXPERIMENT, flush, put, RETRY_WINDOW_MS, type Stand } from './stand.ts'

export function describeRequests(stand: Stand): void {
  const { shared, movesTime } = stand.traits

  describe('a request', () => {
    test('is counted in the experiments whose flush named it, and in no other', async () => {
      const store = await stand.open()
      expect(await store.claim('w1', 'r1', ['a', 'b'])).toEqual(['ours', 'ours'])
      await put(store, flush('w1', 1, { experiment: 'a', requests: ['r1'] }))
      expect(await store.claim('w2', 'r1', ['a'])).toEqual(['counted'])
      expect(await store.claim('w1', 'r1', ['b', 'a'])).toEqual(['ours', 'counted'])
      expect(await store.claim('w2', 'r2', ['a'])).toEqual(['ours'])
    })

    test('is known to the next process', async () => {
      const before = await stand.open()
      await put(before, flush('w1', 1, { requests: ['r1', 'r2'] }))
      const store = await stand.reopen(before)
      expect(await store.claim('w2', 'r1', [EXPERIMENT])).toEqual(['counted'])
      expect(await store.claim('w2', 'r3', [EXPERIMENT])).toEqual(['ours'])
    })

    test('of the journal is claimed under the empty name', async () => {
      const store = await stand.open()
      expect(await store.claim('w1', 'r1', [''])).toEqual(['ours'])
      await store.commit(commitOf([], { writer: 'w1', requests: ['r1'] }))
      expect(await store.claim('w2', 'r1', ['', EXPERIMENT])).toEqual(['counted', 'ours'])
    })

    test('of a flush that was refused is not counted', async () => {
      const store = await stand.open()
      expect(await put(store, flush('w1', 5, { requests: ['r1'] }))).toBe('lost')
      expect(await store.claim('w1', 'r1', [EXPERIMENT])).toEqual(['ours'])
    })

    if (movesTime)
      test('is forgotten after the retry window', async () => {
        const store = await stand.open()
        await put(store, flush('w1', 1, { requests: ['r1'] }))
        await stand.advance(RETRY_WINDOW_MS - 1000)
        expect(await store.claim('w2', 'r1', [EXPERIMENT])).toEqual(['counted'])
        await stand.advance(2000)
        await put(store, flush('w1', 2))
        expect(await store.claim('w2', 'r1', [EXPERIMENT])).toEqual(['ours'])
      })

    if (shared) describeClaims(stand)
    else describeRecentRequests(stand)
  })
}

function describeRecentRequests(stand: Stand): void {
  test('is among the recent ones for the next process, once, with those of the journal', async () => {
    const first = await stand.open()
    const flushes = ['a', 'b'].map((experiment) => flush('w1', 1, { experiment, requests: ['r1', 'r2'] }))
    await first.commit(commitOf(flushes, { requests: ['r3'] }))
    await put(first, flush('w1', 9, { requests: ['refused'] }))
    const second = await stand.reopen(first)
    expect((await second.recentRequests()).sort()).toEqual(['r1', 'r2', 'r3'])
  })

  if (stand.traits.movesTime)
    test('is a recent one for the retry window', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { requests: ['old'] }))
      await stand.advance(RETRY_WINDOW_MS / 2)
      await put(store, flush('w1', 2, { requests: ['young'] }))
      await stand.advance(RETRY_WINDOW_MS / 2 + 1000)
      expect(await store.recentRequests()).toEqual(['young'])
    })
}

function describeClaims(stand: Stand): void {
  test('belongs to the writer that claimed it first, in each experiment', async () => {
    const [one, other] = [await stand.open(), await stand.open()]
    expect(await one.claim('w1', 'r1', ['a'])).toEqual(['ours'])
    expect(await other.claim('w2', 'r1', ['a', 'b'])).toEqual(['busy', 'ours'])
    expect(await one.claim('w1', 'r1', ['a', 'b'])).toEqual(['ours', 'busy'])
    expect(await put(one, flush('w1', 1, { experiment: 'a', requests: ['r1'] }))).toBe('written')
    expect(await other.claim('w2', 'r1', ['a'])).toEqual(['counted'])
  })

  test('has no list of the recent ones', async () => {
    await expect((await stand.open()).recentRequests()).rejects.toThrow('shared')
  })

  if (!stand.traits.movesTime) return

  test('may be taken over from a writer that is silent; whose flush is then refused whole', async () => {
    const [one, other] = [await stand.open(), await stand.open()]
    await one.claim('w1', 'r1', [EXPERIMENT])
    await stand.advance(CLAIM_MS + 1000)
    expect(await other.claim('w2', 'r1', [EXPERIMENT])).toEqual(['ours'])
    const late = flush('w1', 1, { rows: [stand.row('a')], requests: ['r0', 'r1'] })
    expect(await put(one, late)).toBe('unclaimed')
    expect(await one.rowsOf(EXPERIMENT, 'w1')).toEqual([])
    expect(await put(other, flush('w2', 1, { requests: ['r1'] }))).toBe('written')
    expect(await put(one, late)).toBe('unclaimed')
    expect(await put(one, flush('w1', 2, { after: 0, requests: ['r0'] }))).toBe('written')
  })
}
