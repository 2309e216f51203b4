// Partials: what a flush writes, what it replaces, and when it writes nothing.
import { describe, expect, test } from 'vitest'
import { HISTORY } from '../../../src/store/port.ts'
import { commitOf, EXPERIMENT, flush, keyOf, lead, plain, plainRows, put, type Stand } from './stand.ts'

export function describeCommits(stand: Stand): void {
  describe('a flush', () => {
    test('is in the store when it is answered: rows, and the state of its writer', async () => {
      const store = await stand.open()
      const rows = [stand.row('control', [1, 2, 3]), stand.row('treatment', []), stand.history('control', [9])]
      expect(await put(store, flush('w1', 1, { rows, sealedMinute: 7 }))).toBe('written')
      expect(plain(await store.load(EXPERIMENT))).toEqual({
        experiment: EXPERIMENT,
        state: null,
        publicationSequence: 0,
        rows: plainRows(rows.map((row) => ({ ...row, writer: 'w1' }))),
        writers: [{ writer: 'w1', sequence: 1, sealedMinute: 7, name: null, retired: false }],
        alerts: [],
      })
    })

    test('keeps the newest second of each row', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1], { newestSecond: stand.second - 5 })] }))
      expect((await store.load(EXPERIMENT)).rows[0].newestSecond).toBe(stand.second - 5)
      expect((await store.rowsOf(EXPERIMENT, 'w1'))[0].newestSecond).toBe(stand.second - 5)
    })

    test('replaces the rows that it names and leaves the others', async () => {
      const store = await stand.open()
      const [a, b, history] = [stand.row('a', [1]), stand.row('b', [2]), stand.history('a', [3])]
      await put(store, flush('w1', 1, { rows: [a, b, history] }))
      const replaced = stand.row('a', [4, 5])
      expect(await put(store, flush('w1', 2, { rows: [replaced] }))).toBe('written')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([replaced, b, history]))
    })

    test('touches no row of another writer', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
      await put(store, flush('w2', 1, { rows: [stand.row('a', [2])], dropped: [keyOf(stand.history('a'))] }))
      await put(store, flush('w2', 2, { dropped: [keyOf(stand.row('a'))] }))
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [1])]))
      expect(await store.rowsOf(EXPERIMENT, 'w2')).toEqual([])
    })

    test('removes what it drops, whether it is there or not', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a'), stand.row('b')] }))
      const dropped = [keyOf(stand.row('a')), keyOf(stand.row('never seen'))]
      expect(await put(store, flush('w1', 2, { rows: [stand.history('a', [7])], dropped }))).toBe('written')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(
        plainRows([stand.row('b'), stand.history('a', [7])]),
      )
    })

    test('without rows writes its sequence and its sealed minute', async () => {
      const store = await stand.open()
      expect(await put(store, flush('w1', 1, { sealedMinute: 3 }))).toBe('written')
      expect(await put(store, flush('w1', 2, { sealedMinute: 4 }))).toBe('written')
      const { writers, rows } = await store.load(EXPERIMENT)
      expect(writers).toEqual([{ writer: 'w1', sequence: 2, sealedMinute: 4, name: null, retired: false }])
      expect(rows).toEqual([])
    })

    test('may skip numbers', async () => {
      const store = await stand.open()
      expect(await put(store, flush('w1', 4, { after: 0, rows: [stand.row('a', [1])] }))).toBe('written')
      expect(await put(store, flush('w1', 9, { after: 4, rows: [stand.row('a', [2])] }))).toBe('written')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [2])]))
    })

    test('of which the caller reuses the bytes afterwards stays as it was', async () => {
      const store = await stand.open()
      const large = new Uint8Array(64).fill(7)
      const bytes = large.subarray(8, 12)
      await put(store, flush('w1', 1, { rows: [{ ...stand.row('a'), bytes }] }))
      expect(bytes).toEqual(new Uint8Array(4).fill(7))
      large.fill(9)
      const [loaded] = (await store.load(EXPERIMENT)).rows
      expect(loaded.bytes).toEqual(new Uint8Array(4).fill(7))
      loaded.bytes.fill(0)
      expect((await store.load(EXPERIMENT)).rows[0].bytes).toEqual(new Uint8Array(4).fill(7))
    })
  })

  describe('a flush that comes again or late', () => {
    test('is written once, and answered as written each time', async () => {
      const store = await stand.open()
      const first = flush('w1', 1, { rows: [stand.row('a', [1])] })
      expect(await put(store, first)).toBe('written')
      expect(await put(store, first)).toBe('written')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [1])]))
    })

    test('after a later one changes nothing', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 2, { after: 0, rows: [stand.row('a', [2])], sealedMinute: 9 }))
      const late = flush('w1', 1, {
        rows: [stand.row('a', [1]), stand.row('b', [1])],
        dropped: [keyOf(stand.row('a'))],
      })
      expect(await put(store, late)).toBe('written')
      const { rows, writers } = await store.load(EXPERIMENT)
      expect(plainRows(rows)).toEqual(plainRows([{ ...stand.row('a', [2]), writer: 'w1' }]))
      expect(writers[0]).toMatchObject({ sequence: 2, sealedMinute: 9 })
    })

    test('is judged for its own experiment and writer alone', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 5, { after: 0 }))
      expect(await put(store, flush('w2', 1, { rows: [stand.row('a')] }))).toBe('written')
      expect(await put(store, flush('w1', 1, { experiment: 'other', rows: [stand.row('a')] }))).toBe('written')
      expect(await store.rowsOf(EXPERIMENT, 'w2')).toHaveLength(1)
      expect(await store.rowsOf('other', 'w1')).toHaveLength(1)
    })
  })

  describe('a store that has less of a writer than it took', () => {
    test('says so, writes nothing, and takes everything anew', async () => {
      const store = await stand.open()
      expect(await put(store, flush('w1', 8, { after: 7, rows: [stand.row('a', [8])] }))).toBe('lost')
      expect(await store.rowsOf(EXPERIMENT, 'w1')).toEqual([])
      const all = [stand.row('a', [8]), stand.history('a', [1])]
      expect(await put(store, flush('w1', 9, { after: 0, rows: all }))).toBe('written')
      expect(await put(store, flush('w1', 10, { after: 9 }))).toBe('written')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows(all))
    })

    test('says so too where an earlier flush of the writer is there', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
      expect(await put(store, flush('w1', 3, { after: 2, rows: [stand.row('a', [3])] }))).toBe('lost')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [1])]))
    })

    test('does not hinder the other flushes of the commit; answers come in their order', async () => {
      const store = await stand.open()
      const flushes = [
        flush('w1', 1, { experiment: 'a', rows: [stand.row('x')] }),
        flush('w1', 5, { experiment: 'b', rows: [stand.row('x')] }),
        flush('w1', 1, { experiment: 'c', rows: [stand.row('x')] }),
      ]
      expect(await store.commit(commitOf(flushes))).toEqual(['written', 'lost', 'written'])
      expect((await store.load('a')).rows).toHaveLength(1)
      expect((await store.load('b')).rows).toHaveLength(0)
      expect((await store.load('c')).rows).toHaveLength(1)
    })
  })

  describe('a writer that is given up', () => {
    test('can flush no more, not even anew', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
      const token = await lead(store, 'w2')
      expect(await store.retire(EXPERIMENT, 'w1', token)).toBe(true)
      expect(await put(store, flush('w1', 2, { rows: [stand.row('a', [2])] }))).toBe('retired')
      expect(await put(store, flush('w1', 3, { after: 0, rows: [stand.row('a', [3])] }))).toBe('retired')
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [1])]))
      expect((await store.load(EXPERIMENT)).writers).toContainEqual(
        expect.objectContaining({ writer: 'w1', sequence: 1, retired: true }),
      )
    })

    test('is told "written" of what was written before that: it must not be counted again', async () => {
      const store = await stand.open()
      const answerWasLost = flush('w1', 1, { rows: [stand.row('a', [1])] })
      await put(store, answerWasLost)
      await store.retire(EXPERIMENT, 'w1', await lead(store, 'w2'))
      expect(await put(store, answerWasLost)).toBe('written')
    })

    test('before its first flush cannot make it either', async () => {
      const store = await stand.open()
      expect(await store.retire(EXPERIMENT, 'w1', await lead(store, 'w2'))).toBe(true)
      expect(await put(store, flush('w1', 1, { rows: [stand.row('a')] }))).toBe('retired')
    })

    test('is given up in one experiment only', async () => {
      const store = await stand.open()
      await store.retire(EXPERIMENT, 'w1', await lead(store, 'w2'))
      expect(await put(store, flush('w1', 1, { experiment: 'other' }))).toBe('written')
    })

    test('is not given up by a stale token', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w2')
      expect(await store.retire(EXPERIMENT, 'w1', token - 1)).toBe(false)
      expect(await put(store, flush('w1', 1))).toBe('written')
    })

    test('has its rows adopted by a flush of another: they go as that is written', async () => {
      const store = await stand.open()
      const [minute, history] = [stand.row('a', [1]), stand.history('a', [2])]
      await put(store, flush('w1', 1, { rows: [minute, history, stand.row('b', [3])] }))
      await store.retire(EXPERIMENT, 'w1', await lead(store, 'w2'))
      const adopted = [{ writer: 'w1', keys: [keyOf(minute), keyOf(history), keyOf(stand.row('never seen'))] }]
      expect(await put(store, flush('w2', 1, { rows: [stand.history('a', [3])], adopted }))).toBe('written')
      expect(plainRows((await store.load(EXPERIMENT)).rows)).toEqual(
        plainRows([
          { ...stand.row('b', [3]), writer: 'w1' },
          { ...stand.history('a', [3]), writer: 'w2' },
        ]),
      )
      expect(await put(store, flush('w1', 2))).toBe('retired')
    })

    test('keeps its rows where the flush that would adopt them is refused', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
      await store.retire(EXPERIMENT, 'w1', await lead(store, 'w2'))
      const adopted = [{ writer: 'w1', keys: [keyOf(stand.row('a'))] }]
      expect(await put(store, flush('w2', 5, { adopted }))).toBe('lost')
      expect(await store.rowsOf(EXPERIMENT, 'w1')).toHaveLength(1)
    })
  })

  describe('experiments', () => {
    test('of which nothing is kept load empty', async () => {
      const store = await stand.open()
      expect(plain(await store.load('nobody'))).toEqual({
        experiment: 'nobody',
        state: null,
        publicationSequence: 0,
        rows: [],
        writers: [],
        alerts: [],
      })
      expect(await store.rowsOf('nobody', 'w1')).toEqual([])
      expect(await store.experiments()).toEqual([])
    })

    test('are listed once something is kept of them', async () => {
      const store = await stand.open()
      await store.commit(commitOf([flush('w1', 1, { experiment: 'a' }), flush('w1', 1, { experiment: 'b' })]))
      await put(store, flush('w2', 1, { experiment: 'a', rows: [stand.row('x')] }))
      expect((await store.experiments()).sort()).toEqual(['a', 'b'])
    })

    test('hold the rows of all writers', async () => {
      const store = await stand.open()
      for (const writer of ['w1', 'w2', 'w3'])
        await put(store, flush(writer, 1, { rows: [stand.row('a', [1]), stand.history('a', [2])] }))
      const { rows, writers } = await store.load(EXPERIMENT)
      expect(
        rows
          .filter(({ slice }) => slice === HISTORY)
          .map(({ writer }) => writer)
          .sort(),
      ).toEqual(['w1', 'w2', 'w3'])
      expect(rows).toHaveLength(6)
      expect(writers).toHaveLength(3)
    })

    test('are forgotten whole, alone, and never by a stale token', async () => {
      const store = await stand.open()
      for (const experiment of [EXPERIMENT, `${EXPERIMENT}-2`])
        await put(store, flush('w1', 1, { experiment, rows: [stand.row('a')] }))
      const token = await lead(store, 'w1')
      expect(await store.forget(EXPERIMENT, token - 1)).toBe(false)
      expect((await store.load(EXPERIMENT)).rows).toHaveLength(1)
      expect(await store.forget(EXPERIMENT, token)).toBe(true)
      expect(await store.experiments()).toEqual([`${EXPERIMENT}-2`])
      expect(plain(await store.load(EXPERIMENT))).toMatchObject({ state: null, rows: [], writers: [], alerts: [] })
      expect((await store.load(`${EXPERIMENT}-2`)).rows).toHaveLength(1)
    })

    test('that are forgotten begin anew, under the same lease', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
      const token = await lead(store, 'w1')
      await store.forget(EXPERIMENT, token)
      expect(await put(store, flush('w1', 2, { rows: [stand.row('a', [2])] }))).toBe('lost')
      expect(await put(store, flush('w1', 3, { after: 0, rows: [stand.row('a', [2])] }))).toBe('written')
      expect(await lead(store, 'w1')).toBe(token)
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [2])]))
    })
  })

  describe('large things', () => {
    test('a row of a megabyte', async () => {
      const store = await stand.open()
      const bytes = new Uint8Array(1 << 20).map((_, index) => (index * 31) % 251)
      await put(store, flush('w1', 1, { rows: [{ ...stand.history('a'), bytes }] }))
      expect((await store.load(EXPERIMENT)).rows[0].bytes).toEqual(bytes)
      expect((await store.rowsOf(EXPERIMENT, 'w1'))[0].bytes).toEqual(bytes)
    })

    test('three thousand rows in one flush', async () => {
      const store = await stand.open()
      const rows = Array.from({ length: 3000 }, (_, index) => ({
        ...stand.row(`variant-${index}`),
        bytes: new Uint8Array(2000).fill(index % 251),
      }))
      expect(await put(store, flush('w1', 1, { rows }))).toBe('written')
      const loaded = new Map((await store.load(EXPERIMENT)).rows.map((row) => [row.variant, row.bytes]))
      expect(loaded.size).toBe(3000)
      for (const { variant, bytes } of rows) expect(loaded.get(variant)).toEqual(bytes)
    })
  })
}
