// Large experiments, read while they are written: every answer is of one moment, however many pieces it comes in.
import { describe, expect, test } from 'vitest'
import type { PartialRow, Store, StoredExperiment } from '../../../src/store/port.ts'
import { EXPERIMENT, flush, keyOf, plainRows, put } from '../port/stand.ts'
import { usePrivateServer } from './private-server.ts'

const home = usePrivateServer()
const { stand } = home

const COHORTS = 1500

/** What all rows together count, each of them its first byte and its second times 256. */
function total(rows: readonly PartialRow[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes[0] + 256 * bytes[1], 0)
}

describe('an experiment that is read while its writer folds minutes into history', () => {
  test('counts the same at every moment', async () => {
    const [store, reader] = [await stand.open(), await stand.open()]
    const minutes = Array.from({ length: COHORTS }, (_, n) => stand.row(`v${n}`, [1, 0], { slice: 100 }))
    await put(store, flush('w1', 1, { rows: minutes }))
    const written = new AbortController()
    const reads: Promise<StoredExperiment[]> = (async () => {
      const all: StoredExperiment[] = []
      while (!written.signal.aborted) all.push(await reader.load(EXPERIMENT))
      return all
    })()
    for (let sequence = 2, at = 0; at < COHORTS; at += 10, sequence++) {
      const some = minutes.slice(at, at + 10)
      const rows = some.map((row) => ({ ...row, slice: -1 }))
      expect(await put(store, flush('w1', sequence, { rows, dropped: some.map(keyOf) }))).toBe('written')
    }
    written.abort()
    const loaded = await reads
    expect(loaded.length).toBeGreaterThan(3)
    const shapes = new Set(loaded.map(({ rows }) => rows.filter(({ slice }) => slice === -1).length))
    expect(shapes.size).toBeGreaterThan(3)
    for (const { rows } of loaded) expect(total(rows)).toBe(COHORTS)
  })

  test('is what a follower has of it, piece by piece', async () => {
    const [store, reader] = [await stand.open(), await stand.open()]
    let { position } = await reader.load(EXPERIMENT)
    const followed = new Map<string, PartialRow>()
    const written = new AbortController()
    const follow = async (): Promise<void> => {
      const changes = await reader.follow(EXPERIMENT, position, 'reader')
      if (changes.kind === 'gap') throw new Error('a gap')
      for (const row of changes.rows) followed.set(JSON.stringify([row.writer, row.variant]), row)
      position = changes.position
    }
    const following = (async () => {
      while (!written.signal.aborted) await follow()
    })()
    for (let sequence = 1; sequence <= 40; sequence++)
      await Promise.all(
        ['w1', 'w2'].map((writer) => {
          const rows = Array.from({ length: 20 }, (_, n) => stand.row(`v${(sequence * 7 + n) % 50}`, [sequence, 0]))
          return put(store, flush(writer, sequence, { rows }))
        }),
      )
    written.abort()
    await following
    await follow()
    const { rows } = await reader.load(EXPERIMENT)
    expect(plainRows([...followed.values()])).toEqual(plainRows(rows))
  })
})

describe('much that changed at once', () => {
  test('is followed whole, also where it takes several answers', async () => {
    const [store, reader] = [await stand.open(), await stand.open()]
    const { position } = await reader.load(EXPERIMENT)
    const bytes = new Uint8Array(50_000)
    for (const writer of ['w1', 'w2'])
      for (let sequence = 1; sequence <= 6; sequence++) {
        const rows = Array.from({ length: 20 }, (_, n) => ({ ...stand.row(`v${sequence}-${n}`), bytes }))
        await put(store, flush(writer, sequence, { rows, sealedMinute: sequence }))
      }
    const changes = await reader.follow(EXPERIMENT, position, 'reader')
    expect(changes).toMatchObject({
      kind: 'changes',
      writers: expect.arrayContaining([expect.objectContaining({ writer: 'w1', sealedMinute: 6 })]),
    })
    expect(changes.kind === 'changes' && changes.rows.length).toBe(240)
    expect(changes.kind === 'changes' && changes.writers.length).toBe(2)
  })

  test('longer ago than the log reaches is a gap', async () => {
    const store: Store = await stand.open()
    await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
    const { position } = await store.load(EXPERIMENT)
    await put(store, flush('w1', 2, { rows: [stand.row('a')] }))
    await stand.advance(400_000)
    expect(await store.follow(EXPERIMENT, position, 'w2')).toMatchObject({ kind: 'changes' })
    await put(store, flush('w1', 3, { rows: [stand.row('b')] }))
    expect(await store.follow(EXPERIMENT, position, 'w2')).toEqual({ kind: 'gap' })
    expect((await store.load(EXPERIMENT)).rows).toHaveLength(2)
  })

  test('after a quiet time is no gap', async () => {
    const store = await stand.open()
    await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
    const { position } = await store.load(EXPERIMENT)
    await stand.advance(400_000)
    await put(store, flush('w1', 2, { rows: [stand.row('b')] }))
    const changes = await store.follow(EXPERIMENT, position, 'w2')
    expect(changes.kind === 'changes' && changes.rows.map(({ variant }) => variant)).toEqual(['b'])
  })
})

describe('activity', () => {
  test('tells everything once a minute, in case that a change could not be noted', async () => {
    const store = await stand.open()
    await put(store, flush('w1', 1))
    const { position } = await store.activity(null)
    expect((await store.activity(position)).experiments).toEqual([])
    await stand.advance(61_000)
    expect((await store.activity(position)).experiments).toEqual([EXPERIMENT])
    expect((await store.activity(position)).experiments).toEqual([])
  })

  test('tells of what was forgotten, to other replicas too', async () => {
    const [store, other] = [await stand.open(), await stand.open()]
    await put(store, flush('w1', 1))
    await put(other, flush('w2', 1))
    const { position } = await other.activity(null)
    const token = (await store.lease('w1', [EXPERIMENT], 5000)).get(EXPERIMENT)!
    expect(await store.forget(EXPERIMENT, token)).toBe(true)
    expect((await other.activity(position)).experiments).toEqual([EXPERIMENT])
    expect(await put(other, flush('w2', 2, { after: 0 }))).toBe('written')
    expect(await other.experiments()).toEqual([EXPERIMENT])
    expect(stand.told.lost).toEqual([])
  })
})
