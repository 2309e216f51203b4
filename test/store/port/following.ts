// What a reader learns of what others wrote: activity() and follow().
import { describe, expect, test } from 'vitest'
import type { Followed, Store } from '../../../src/store/port.ts'
import { EXPERIMENT, flush, keyOf, lead, plainRows, publication, put, type Stand } from './stand.ts'

type Changes = Extract<Followed, { kind: 'changes' }>

async function changes(store: Store, position: string, writer = 'reader'): Promise<Changes> {
  const followed = await store.follow(EXPERIMENT, position, writer)
  if (followed.kind !== 'changes') throw new Error('a gap where there is none')
  return followed
}

export function describeFollowing(stand: Stand): void {
  describe('following an experiment', () => {
    test('nothing changed, nothing told', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      const { position } = await store.load(EXPERIMENT)
      expect(await changes(store, position)).toMatchObject({
        rows: [],
        writers: [],
        alerts: [],
        state: null,
        publicationSequence: 0,
      })
    })

    test('tells the sequence of the latest publication, whatever changed, and whoever asks', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      const { position } = await store.load(EXPERIMENT)
      expect(await changes(store, position)).toMatchObject({ publicationSequence: 0 })
      await store.publish(publication(token, 1, { state: '{}' }))
      const told = await changes(store, position)
      expect(told.publicationSequence).toBe(1)
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      expect(await changes(store, told.position, 'w1')).toMatchObject({ state: null, publicationSequence: 1 })
      await store.publish(publication(token, 2))
      await store.publishAnew(publication(token, 7))
      expect((await changes(store, told.position)).publicationSequence).toBe(7)
      expect((await store.load(EXPERIMENT)).publicationSequence).toBe(7)
    })

    test('tells the rows that were written since, as they are now, and the writers', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1]), stand.row('b', [1])] }))
      const { position } = await store.load(EXPERIMENT)
      await put(store, flush('w1', 2, { rows: [stand.row('a', [2])], sealedMinute: 5 }))
      await put(store, flush('w1', 3, { rows: [stand.row('a', [3])], sealedMinute: 6 }))
      await put(store, flush('w2', 1, { rows: [stand.row('b', [7])] }))
      const told = await changes(store, position)
      const rows = told.rows.filter(({ writer, variant }) => writer !== 'w1' || variant !== 'b')
      expect(plainRows(rows)).toEqual(
        plainRows([
          { ...stand.row('a', [3]), writer: 'w1' },
          { ...stand.row('b', [7]), writer: 'w2' },
        ]),
      )
      expect(told.writers.find(({ writer }) => writer === 'w1')).toMatchObject({ sequence: 3, sealedMinute: 6 })
      expect(told.writers.find(({ writer }) => writer === 'w2')).toMatchObject({ sequence: 1 })
      expect(await changes(store, told.position)).toMatchObject({ rows: [], writers: [] })
    })

    test('does not tell the asking writer of itself', async () => {
      const store = await stand.open()
      const { position } = await store.load(EXPERIMENT)
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      expect(await changes(store, position, 'w1')).toMatchObject({ rows: [], writers: [] })
      expect((await changes(store, position, 'w2')).rows).toHaveLength(1)
    })

    test('does not tell rows that were removed', async () => {
      const store = await stand.open()
      const { position } = await store.load(EXPERIMENT)
      await put(store, flush('w1', 1, { rows: [stand.row('a', [1])] }))
      await put(store, flush('w1', 2, { rows: [stand.history('a', [1])], dropped: [keyOf(stand.row('a'))] }))
      expect(plainRows((await changes(store, position)).rows)).toEqual(
        plainRows([{ ...stand.history('a', [1]), writer: 'w1' }]),
      )
    })

    test('tells who was given up', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1))
      const { position } = await store.load(EXPERIMENT)
      await store.retire(EXPERIMENT, 'w1', await lead(store, 'w2'))
      expect((await changes(store, position)).writers).toContainEqual(
        expect.objectContaining({ writer: 'w1', retired: true }),
      )
    })

    test('tells a new state and the alerts that changed, those that stopped too', async () => {
      const store = await stand.open()
      const token = await lead(store, 'w1')
      const [a, b, c] = ['a', 'b', 'c'].map((variant) => ({ variant, segmentKey: 'shop', json: '["page"]' }))
      await store.publish(publication(token, 1, { state: '{"n":1}', alerts: [a, b] }))
      const { position } = await store.load(EXPERIMENT)
      await store.publish(publication(token, 2, { alerts: [{ ...a, json: null }, c] }))
      const told = await changes(store, position)
      expect(new Map(told.alerts.map(({ variant, json }) => [variant, json]))).toEqual(
        new Map([
          ['a', null],
          ['c', '["page"]'],
        ]),
      )
      expect(told).toMatchObject({ state: null, publicationSequence: 2 })
      await store.publish(publication(token, 3, { state: '{"n":3}' }))
      expect(await changes(store, told.position)).toMatchObject({
        state: '{"n":3}',
        alerts: [],
        publicationSequence: 3,
      })
    })

    test('begins before there is anything', async () => {
      const store = await stand.open()
      const { position } = await store.load(EXPERIMENT)
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      expect((await changes(store, position)).rows).toHaveLength(1)
    })

    test('has a gap where the experiment was forgotten meanwhile', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      const { position } = await store.load(EXPERIMENT)
      await store.forget(EXPERIMENT, await lead(store, 'w1'))
      await put(store, flush('w1', 2, { after: 0, rows: [stand.row('b')] }))
      expect(await store.follow(EXPERIMENT, position, 'reader')).toEqual({ kind: 'gap' })
    })

    test('has a gap where the position is of another time', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      for (const position of ['', 'yesterday', '99999999999999-7'])
        expect(await store.follow(EXPERIMENT, position, 'reader')).toEqual({ kind: 'gap' })
    })
  })

  describe('activity', () => {
    test('from nowhere is all experiments', async () => {
      const store = await stand.open()
      expect((await store.activity(null)).experiments).toEqual([])
      for (const experiment of ['a', 'b']) await put(store, flush('w1', 1, { experiment }))
      expect([...(await store.activity(null)).experiments].sort()).toEqual(['a', 'b'])
    })

    test('since a position is never less than what changed', async () => {
      const store = await stand.open()
      for (const experiment of ['a', 'b', 'c', 'd']) await put(store, flush('w1', 1, { experiment }))
      const { position } = await store.activity(null)
      await put(store, flush('w1', 2, { experiment: 'b' }))
      await store.publish(publication(await lead(store, 'w1', 'c'), 1, { experiment: 'c', state: '{}' }))
      await store.retire('d', 'w9', await lead(store, 'w1', 'd'))
      const { experiments } = await store.activity(position)
      expect(experiments).toEqual(expect.arrayContaining(['b', 'c', 'd']))
    })

    test('ends telling what does not change any more', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { experiment: 'a' }))
      let { position } = await store.activity(null)
      for (let n = 0; n < 3; n++) position = (await store.activity(position)).position
      expect((await store.activity(position)).experiments).toEqual([])
    })

    test('after a flush that was refused need not be told, and the next one is', async () => {
      const store = await stand.open()
      const { position } = await store.activity(null)
      await put(store, flush('w1', 5))
      await put(store, flush('w1', 6, { after: 0 }))
      expect((await store.activity(position)).experiments).toEqual([EXPERIMENT])
    })
  })
}
