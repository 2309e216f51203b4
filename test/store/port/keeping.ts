// How long a store keeps what, and that it comes back as it was: records, names, retention, start and stop.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RECORD_KINDS, type Store, StoreError } from '../../../src/store/port.ts'
import { EXPERIMENT, flush, lead, plainRows, publication, put, RETENTION_SECONDS, type Stand, sorted } from './stand.ts'

export function describeRecords(stand: Stand): void {
  describe('records', () => {
    test('are kept by kind and id, and replaced', async () => {
      const store = await stand.open()
      for (const kind of RECORD_KINDS) await store.putRecords(kind, [record('1', kind), record('2', kind)])
      await store.putRecords('silence', [record('2', 'changed'), record('3', 'new')])
      expect(sorted(await store.records('silence'))).toEqual([
        record('1', 'silence'),
        record('2', 'changed'),
        record('3', 'new'),
      ])
      expect(sorted(await store.records('delivery'))).toEqual([record('1', 'delivery'), record('2', 'delivery')])
    })

    test('are deleted one by one; absent ones do not matter', async () => {
      const store = await stand.open()
      await store.putRecords('experiment', [record('1', 'a'), record('2', 'b')])
      await store.deleteRecords('experiment', ['1', 'never'])
      await store.deleteRecords('silence', ['2'])
      expect(await store.records('experiment')).toEqual([record('2', 'b')])
    })

    test('are there for the next process', async () => {
      const first = await stand.open()
      const kept = { ...record('1', 'a'), untilMs: stand.now() + 50_000 }
      await first.putRecords('delivery', [kept])
      const second = await stand.reopen(first)
      expect(await second.records('delivery')).toEqual([kept])
    })

    if (stand.traits.movesTime)
      test('go when their time is over', async () => {
        const store = await stand.open()
        const untilMs = stand.now() + 5000
        await store.putRecords('silence', [{ ...record('1', 'a'), untilMs }, record('2', 'b')])
        await stand.advance(4000)
        expect(await store.records('silence')).toHaveLength(2)
        await stand.advance(2000)
        expect(await store.records('silence')).toEqual([record('2', 'b')])
      })
  })
}

export function describeRetention(stand: Stand): void {
  if (!stand.traits.movesTime) return

  describe('rows older than the retention', () => {
    test('go by their newest second; the rest of the writer stays', async () => {
      const store = await stand.open()
      const before = stand.second
      await put(
        store,
        flush('w1', 1, { rows: [stand.row('a', [1]), stand.history('a', [2]), stand.history('b', [3])] }),
      )
      await stand.advance((RETENTION_SECONDS / 2) * 1000)
      const renewed = stand.history('b', [4])
      await put(store, flush('w1', 2, { rows: [renewed] }))
      await stand.advance((RETENTION_SECONDS / 2 + 60) * 1000)
      expect(before).toBeLessThan(stand.second - RETENTION_SECONDS)
      expect(await put(store, flush('w1', 3))).toBe('written')
      expect(plainRows((await store.load(EXPERIMENT)).rows)).toEqual(plainRows([{ ...renewed, writer: 'w1' }]))
      expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([renewed]))
    })

    test('take neither state nor alerts along', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      const alerts = [{ variant: 'a', segmentKey: 'shop', json: '[]' }]
      await store.publish(publication(await lead(store, 'w1'), 1, { state: '{}', alerts }))
      await stand.advance((RETENTION_SECONDS - 60) * 1000)
      expect(await store.load(EXPERIMENT)).toMatchObject({ state: '{}', alerts, publicationSequence: 1 })
    })
  })
}

export function describeNames(stand: Stand): void {
  describe('names', () => {
    const odd = [
      '',
      'a:b',
      '{a}',
      "it's",
      '"',
      '\\',
      'a\u0000b',
      '\u0001',
      'naïve 試験',
      '💡',
      ' ',
      '%',
      '*',
      '\n',
      '__proto__',
    ]

    test('of any characters come back as they were, and none is taken for another', async () => {
      const store = await stand.open()
      const names = odd.filter((name) => name !== '')
      for (const experiment of names) {
        const rows = odd.map((segmentKey, index) => ({ ...stand.row(experiment, [index]), segmentKey }))
        expect(await put(store, flush(`${experiment}w`, 1, { experiment, rows, requests: [experiment] }))).toBe(
          'written',
        )
        const token = await lead(store, `${experiment}w`, experiment)
        const alerts = odd.map((segmentKey) => ({ variant: experiment, segmentKey, json: JSON.stringify(segmentKey) }))
        await store.publish(publication(token, 1, { experiment, state: JSON.stringify(experiment), alerts }))
        await store.putRecords('silence', [{ id: experiment, json: JSON.stringify(experiment), untilMs: null }])
      }
      const next = await stand.reopen(store)
      expect((await next.experiments()).sort()).toEqual([...names].sort())
      for (const experiment of names) {
        const loaded = await next.load(experiment)
        expect(new Map(loaded.rows.map((row) => [row.segmentKey, row.bytes[0]]))).toEqual(
          new Map(odd.map((segmentKey, index) => [segmentKey, index])),
        )
        expect(loaded.writers).toMatchObject([{ writer: `${experiment}w`, sequence: 1 }])
        expect(loaded.state).toBe(JSON.stringify(experiment))
        expect(loaded.alerts).toHaveLength(odd.length)
        for (const { segmentKey, json } of loaded.alerts) expect(json).toBe(JSON.stringify(segmentKey))
      }
      expect((await next.records('silence')).map(({ id }) => id).sort()).toEqual([...names].sort())
    })

    test('and bytes that nobody thought of come back too', async () => {
      const store = await stand.open()
      let run = 0
      const name = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))
      const rows = fc.uniqueArray(
        fc.record({ variant: name, segmentKey: name, bytes: fc.uint8Array({ maxLength: 50 }) }),
        { selector: ({ variant, segmentKey }) => JSON.stringify([variant, segmentKey]), maxLength: 20 },
      )
      await fc.assert(
        fc.asyncProperty(rows, async (generated) => {
          const experiment = `run-${run++}`
          const written = generated.map((row) => ({ ...stand.row('a'), ...row }))
          await put(store, flush('w1', 1, { experiment, rows: written }))
          expect(plainRows(await store.rowsOf(experiment, 'w1'))).toEqual(plainRows(written))
        }),
        { numRuns: 30 },
      )
    })
  })
}

export function describeLifecycle(stand: Stand): void {
  const calls: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
    commit: (store) => store.commit({ writer: 'w1', flushes: [], journal: null, requests: [] }),
    experiments: (store) => store.experiments(),
    load: (store) => store.load(EXPERIMENT),
    activity: (store) => store.activity(null),
    follow: (store) => store.follow(EXPERIMENT, '0', 'w1'),
    rowsOf: (store) => store.rowsOf(EXPERIMENT, 'w1'),
    retire: (store) => store.retire(EXPERIMENT, 'w1', 1),
    forget: (store) => store.forget(EXPERIMENT, 1),
    recentRequests: (store) => store.recentRequests(),
    claim: (store) => store.claim('w1', 'r1', ['a']),
    leftJournal: (store) => store.leftJournal('w1', null),
    lease: (store) => store.lease('w1', ['a'], 1000),
    release: (store) => store.release('w1', ['a']),
    publish: (store) => store.publish(publication(1, 1)),
    publishAnew: (store) => store.publishAnew(publication(1, 1)),
    readEvents: (store) => store.readEvents(null, 1),
    newestEvents: (store) => store.newestEvents(1),
    records: (store) => store.records('silence'),
    putRecords: (store) => store.putRecords('silence', []),
    deleteRecords: (store) => store.deleteRecords('silence', []),
    secret: (store) => store.secret('unit key', 'first'),
  }

  describe('a store', () => {
    test('says whether it is shared', async () => {
      expect((await stand.unstarted()).shared).toBe(stand.traits.shared)
    })

    test('refuses every call before its start', async () => {
      const store = await stand.unstarted()
      for (const [name, call] of Object.entries(calls))
        await expect(call(store), name).rejects.toBeInstanceOf(StoreError)
    })

    test('refuses every call after its stop', async () => {
      const store = await stand.open()
      await store.stop()
      for (const [name, call] of Object.entries(calls))
        await expect(call(store), name).rejects.toBeInstanceOf(StoreError)
    })

    test('starts once', async () => {
      const store = await stand.open()
      await expect(store.start()).rejects.toBeInstanceOf(StoreError)
    })

    test('may be stopped twice, at once, and before any start', async () => {
      const store = await stand.open()
      await Promise.all([store.stop(), store.stop()])
      await store.stop()
      await (await stand.unstarted()).stop()
    })

    test('completes what it accepted before it stops', async () => {
      const store = await stand.open()
      const commits = Array.from({ length: 20 }, (_, index) =>
        put(store, flush('w1', index + 1, { after: 0, rows: [stand.row('a', [index])] })),
      )
      await store.stop()
      expect(await Promise.all(commits)).toEqual(commits.map(() => 'written'))
      const next = await stand.open()
      expect((await next.rowsOf(EXPERIMENT, 'w1'))[0].bytes).toEqual(Uint8Array.from([19]))
    })

    if (!stand.traits.shared)
      test('does what it is asked in the order in which it is asked', async () => {
        const store = await stand.open()
        const [, first, , second] = await Promise.all([
          put(store, flush('w1', 1, { rows: [stand.row('a')] })),
          store.rowsOf(EXPERIMENT, 'w1'),
          put(store, flush('w1', 2, { rows: [stand.row('b')] })),
          store.rowsOf(EXPERIMENT, 'w1'),
        ])
        expect([first.length, second.length]).toEqual([1, 2])
      })

    test('that does well tells its observer nothing', async () => {
      const store = await stand.open()
      await put(store, flush('w1', 1, { rows: [stand.row('a')] }))
      await (await stand.reopen(store)).load(EXPERIMENT)
      expect(stand.told).toEqual({ unavailable: [], available: 0, lost: [] })
    })
  })
}

function record(id: string, text: string): { id: string; json: string; untilMs: null } {
  return { id, json: JSON.stringify({ text }), untilMs: null }
}
