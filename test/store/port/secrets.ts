// A secret is one text for all who ask, whoever comes first, now and later.
import { describe, expect, test } from 'vitest'
import { RETENTION_SECONDS, type Stand } from './stand.ts'

const PROPOSALS = Array.from({ length: 8 }, (_, index) => `proposal ${index}`)

export function describeSecrets(stand: Stand): void {
  describe('a secret', () => {
    test('is the first proposal, for whoever asks later, of any name and characters', async () => {
      const store = await stand.open()
      expect(await store.secret('unit key', 'first')).toBe('first')
      expect(await store.secret('unit key', 'second')).toBe('first')
      expect(await store.secret('', '')).toBe('')
      expect(await store.secret('', 'second')).toBe('')
      expect(await store.secret('{unit} key', 'naïve 試験 💡\n"\u0000')).toBe('naïve 試験 💡\n"\u0000')
      expect(await store.secret('{unit} key', 'second')).toBe('naïve 試験 💡\n"\u0000')
      expect(await store.secret('unit key', 'third')).toBe('first')
    })

    test('is one where several propose at once', async () => {
      const first = await stand.open()
      const stores = [first]
      while (stores.length < PROPOSALS.length) stores.push(stand.traits.shared ? await stand.open() : first)
      const given = await Promise.all(PROPOSALS.map((proposal, index) => stores[index].secret('unit key', proposal)))
      expect(new Set(given).size).toBe(1)
      expect(PROPOSALS).toContain(given[0])
      expect(await stores[0].secret('unit key', 'later')).toBe(given[0])
    })

    test('is there for the next process, and in nothing that is told of the store', async () => {
      const first = await stand.open()
      await first.secret('unit key', 'first')
      const second = await stand.reopen(first)
      expect(await second.experiments()).toEqual([])
      expect(await second.records('silence')).toEqual([])
      expect(await second.secret('unit key', 'second')).toBe('first')
      expect(stand.told.lost).toEqual([])
    })

    if (stand.traits.movesTime)
      test('stays beyond the retention for those who ask now and then', async () => {
        const store = await stand.open()
        await store.secret('unit key', 'first')
        for (let hour = 0; hour < 4; hour++) {
          await stand.advance(RETENTION_SECONDS * 1000)
          expect(await store.secret('unit key', 'later')).toBe('first')
        }
      })
  })
}
