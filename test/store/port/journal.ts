// The journal: inputs of trace inheritance that an earlier incarnation left behind.
import { describe, expect, test } from 'vitest'
import type { JournalEntry, Store } from '../../../src/store/port.ts'
import { CLAIM_MS, commitOf, flush, put, RETRY_WINDOW_MS, type Stand } from './stand.ts'

export function describeJournal(stand: Stand): void {
  const { shared, movesTime } = stand.traits
  // Where stores are shared, a journal is left to others only once its writer has been silent for a while.
  if (shared && !movesTime) return

  /** The next process of the same replica. */
  async function next(store: Store): Promise<Store> {
    if (shared) await stand.advance(CLAIM_MS + 1000)
    return stand.reopen(store)
  }

  describe('the journal', () => {
    test('is left to the next incarnation, oldest first, until that one has written its own', async () => {
      const first = await stand.open()
      await first.leftJournal('w1', 'replica-1')
      for (const number of [1, 2, 3])
        await first.commit(commitOf([], { writer: 'w1', journal: entry(number, [number, number]) }))
      const second = await next(first)
      const left = await second.leftJournal('w2', 'replica-1')
      expect(left.map(({ writer, number, bytes }) => [writer, number, ...bytes])).toEqual([
        ['w1', 1, 1, 1],
        ['w1', 2, 2, 2],
        ['w1', 3, 3, 3],
      ])
      // Asked again, as after an answer that was lost, it is still there.
      expect(await second.leftJournal('w2', 'replica-1')).toEqual(left)
      await second.commit(commitOf([flush('w2', 1)]))
      expect(await second.leftJournal('w2', 'replica-1')).toEqual(left)

      await second.commit(commitOf([], { writer: 'w2', journal: entry(1, [7]) }))
      const third = await next(second)
      const after = await third.leftJournal('w3', 'replica-1')
      expect(after.map(({ writer, number, bytes }) => [writer, number, ...bytes])).toEqual([['w2', 1, 7]])
    })

    test('leaves out entries that are not needed any more', async () => {
      const first = await stand.open()
      await first.leftJournal('w1', 'replica-1')
      for (const number of [1, 2, 3, 4])
        await first.commit(commitOf([], { writer: 'w1', journal: entry(number, [number], Math.max(1, number - 1)) }))
      const left = await (await next(first)).leftJournal('w2', 'replica-1')
      expect(left.map(({ number }) => number)).toEqual([3, 4])
    })

    test('takes an entry that comes again once', async () => {
      const first = await stand.open()
      await first.leftJournal('w1', 'replica-1')
      const again = commitOf([], { writer: 'w1', journal: entry(1, [1]) })
      await first.commit(again)
      await first.commit(again)
      expect(await (await next(first)).leftJournal('w2', 'replica-1')).toHaveLength(1)
    })

    test('says which flushes of its commit are not in the store', async () => {
      const first = await stand.open()
      await first.leftJournal('w1', 'replica-1')
      const flushes = [flush('w1', 1, { experiment: 'a' }), flush('w1', 9, { experiment: 'b' })]
      expect(await first.commit(commitOf(flushes, { journal: entry(1, [1]) }))).toEqual(['written', 'lost'])
      const [left] = await (await next(first)).leftJournal('w2', 'replica-1')
      expect(left.unwritten).toEqual(['b'])
    })

    test('counts a flush as written where it was made good later', async () => {
      const first = await stand.open()
      await first.leftJournal('w1', 'replica-1')
      await first.commit(commitOf([flush('w1', 9)], { journal: entry(1, [1]) }))
      expect(await put(first, flush('w1', 10, { after: 0 }))).toBe('written')
      const [left] = await (await next(first)).leftJournal('w2', 'replica-1')
      expect(left.unwritten).toEqual([])
    })

    test('of its own is not left to a writer', async () => {
      const store = await stand.open()
      await store.leftJournal('w1', 'replica-1')
      await store.commit(commitOf([], { writer: 'w1', journal: entry(1, [1]) }))
      expect(await store.leftJournal('w1', 'replica-1')).toEqual([])
    })

    if (movesTime)
      test('is forgotten after the retry window', async () => {
        const first = await stand.open()
        await first.leftJournal('w1', 'replica-1')
        await first.commit(commitOf([], { writer: 'w1', journal: entry(1, [1]) }))
        await first.stop()
        await stand.advance(RETRY_WINDOW_MS + 1000)
        const second = await stand.open()
        expect(await second.leftJournal('w2', 'replica-1')).toEqual([])
      })

    if (shared && movesTime)
      test('of another name is nobody else’s; that of the same name is left at once', async () => {
        const [first, second] = [await stand.open(), await stand.open()]
        await first.leftJournal('w1', 'replica-1')
        await first.commit(commitOf([], { writer: 'w1', journal: entry(1, [1]) }))
        await stand.advance(CLAIM_MS + 1000)
        expect(await second.leftJournal('w3', 'replica-2')).toEqual([])
        expect(await second.leftJournal('w4', null)).toEqual([])
        await first.commit(commitOf([flush('w1', 1)]))
        expect(await second.leftJournal('w2', 'replica-1')).toHaveLength(1)
      })

    if (shared && movesTime)
      test('of a replica without a name is left to another one once the first is silent', async () => {
        const [first, second] = [await stand.open(), await stand.open()]
        await first.leftJournal('w1', null)
        await first.commit(commitOf([], { writer: 'w1', journal: entry(1, [1]) }))
        expect(await second.leftJournal('w2', null)).toEqual([])
        await stand.advance(CLAIM_MS + 1000)
        expect(await second.leftJournal('w2', null)).toHaveLength(1)
      })
  })
}

function entry(number: number, bytes: readonly number[], oldestNeeded = 1): JournalEntry {
  return { number, bytes: Uint8Array.from(bytes), oldestNeeded }
}
