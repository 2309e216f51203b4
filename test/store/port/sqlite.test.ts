// The SQLite store keeps the promises of every store, and those of a file: it survives, is whole, small, readable, and belongs
// to one process.
import { readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HISTORY, StoreError } from '../../../src/store/port.ts'
import { describeStore } from './conformance.ts'
import { SqliteRig } from './sqlite-rig.ts'
import {
  commitOf,
  EVENT_LIMIT,
  EXPERIMENT,
  event,
  flush,
  keyOf,
  lead,
  publication,
  put,
  RETENTION_SECONDS,
  Stand,
} from './stand.ts'

describeStore('sqlite', { shared: false, movesTime: true, makeRig: () => new SqliteRig() })

let rig: SqliteRig
const stand = new Stand({ shared: false, movesTime: true, makeRig: () => rig })

beforeEach(() => {
  rig = new SqliteRig()
})

afterEach(async () => {
  await stand.clear()
  rig.close()
})

/** What a query of another program finds in the file. */
function rowsOf(sql: string): unknown[] {
  const reader = new DatabaseSync(rig.path, { readOnly: true })
  try {
    return reader.prepare(sql).all()
  } finally {
    reader.close()
  }
}

/** Rows of whole experiments as the views show them. */
async function filled() {
  const store = await stand.open()
  const now = { newestSecond: stand.second }
  await store.commit(
    commitOf(
      [
        flush('w1', 1, {
          rows: [stand.row('control', [1, 2], now), stand.history('control', [1, 2, 3], { segmentKey: 'a\u0000b' })],
          sealedMinute: stand.minute - 2,
          requests: ['r1', 'r2'],
        }),
      ],
      { journal: { number: 4, bytes: Uint8Array.from([1]), oldestNeeded: 1 }, requests: ['r3'] },
    ),
  )
  const alert = { slo: 'availability', severity: 'page', sinceMs: 1_767_225_000_000 }
  const alerts = [{ variant: 'control', segmentKey: 'a\u0000b', json: JSON.stringify([alert]) }]
  const token = await lead(store, 'w1')
  await store.publish(publication(token, 1, { state: '{"n":1}', alerts, events: [event('1767225600000-0')] }))
  await store.putRecords('silence', [{ id: 's1', json: '{}', untilMs: stand.now() + 1000 }])
  return store
}

describe('a SQLite file', () => {
  test('is one file and its lock once the store has stopped', async () => {
    await (await filled()).stop()
    expect(readdirSync(dirname(rig.path)).sort()).toEqual(['cohortd.db', 'cohortd.db-lock'])
  })

  test('can be read by another program while the store writes', async () => {
    const store = await filled()
    const reader = new DatabaseSync(rig.path, { readOnly: true })
    reader.exec('BEGIN')
    const count = reader.prepare('SELECT count(*) AS count FROM v_partials')
    expect(count.get()).toEqual({ count: 2 })
    expect(await put(store, flush('w1', 2, { rows: [stand.row('treatment')] }))).toBe('written')
    expect(count.get()).toEqual({ count: 2 })
    reader.exec('COMMIT')
    expect(count.get()).toEqual({ count: 3 })
    reader.close()
  })

  test('shows a person what is in it', async () => {
    await filled()
    expect(rowsOf('SELECT * FROM v_partials ORDER BY slice')).toEqual([
      {
        experiment: EXPERIMENT,
        variant: 'control',
        segments: 'shop',
        slice: '2025-12-31T23:59Z',
        writer: 'w1',
        newest: '2026-01-01T00:00:00Z',
        bytes: 2,
      },
      {
        experiment: EXPERIMENT,
        variant: 'control',
        segments: 'a/b',
        slice: 'history',
        writer: 'w1',
        newest: '2026-01-01T00:00:00Z',
        bytes: 3,
      },
    ])
    expect(
      rowsOf('SELECT variant, segments, writers, partials, bytes, newest FROM v_cohorts ORDER BY segments'),
    ).toEqual([
      { variant: 'control', segments: 'a/b', writers: 1, partials: 1, bytes: 3, newest: '2026-01-01T00:00:00Z' },
      { variant: 'control', segments: 'shop', writers: 1, partials: 1, bytes: 2, newest: '2026-01-01T00:00:00Z' },
    ])
    expect(rowsOf('SELECT experiment, writer, sequence, sealed_minute, partials FROM v_writers')).toEqual([
      { experiment: EXPERIMENT, writer: 'w1', sequence: 1, sealed_minute: '2025-12-31T23:57Z', partials: 2 },
    ])
    expect(rowsOf('SELECT * FROM v_experiments')).toEqual([
      { experiment: EXPERIMENT, publication: 1, state: '{"n":1}', lease_token: 1, lease_writer: 'w1' },
    ])
    expect(rowsOf('SELECT variant, segments, slo, severity, since FROM v_alerts')).toEqual([
      { variant: 'control', segments: 'a/b', slo: 'availability', severity: 'page', since: '2025-12-31T23:50:00.000Z' },
    ])
    expect(rowsOf('SELECT id, time, type FROM v_events')).toEqual([
      { id: '1767225600000-0', time: '2026-01-01T00:00:00.000Z', type: 'cohortd.burn.firing' },
    ])
    expect(rowsOf('SELECT identity, experiment FROM v_requests ORDER BY identity')).toEqual([
      { identity: 'r1', experiment: EXPERIMENT },
      { identity: 'r2', experiment: EXPERIMENT },
      { identity: 'r3', experiment: null },
    ])
    expect(rowsOf('SELECT writer, number, bytes FROM v_journal')).toEqual([{ writer: 'w1', number: 4, bytes: 1 }])
    expect(rowsOf('SELECT kind, id, until FROM v_records')).toEqual([
      { kind: 'silence', id: 's1', until: '2026-01-01T00:00:01.000Z' },
    ])
  })

  test('is cut to a lower event limit when it is opened', async () => {
    const first = await stand.open()
    const token = await lead(first, 'w1')
    await first.publish(publication(token, 1, { events: ['1-0', '2-0', '3-0'].map((id) => event(id)) }))
    const second = await stand.reopen(first, { eventLimit: 2 })
    expect(await second.readEvents(null, EVENT_LIMIT)).toEqual([event('2-0'), event('3-0')])
  })

  test('gives back the pages of rows that are out of their time', async () => {
    const store = await stand.open()
    const rows = Array.from({ length: 4000 }, (_, index) => ({
      ...stand.row(`v${index}`),
      bytes: new Uint8Array(8000).fill(1),
    }))
    await put(store, flush('w1', 1, { rows }))
    await stand.reopen(store)
    const before = statSync(rig.path).size
    expect(before).toBeGreaterThan(30_000_000)
    await stand.clear()
    rig.advance((RETENTION_SECONDS + 60) * 1000)
    const next = await stand.open()
    for (let sequence = 1; sequence <= 12; sequence++) await put(next, flush('w2', sequence))
    await next.stop()
    expect(statSync(rig.path).size).toBeLessThan(before / 2)
  })

  test('holds no writer of an earlier process that has no rows left, nor alerts that stopped', async () => {
    const first = await stand.open()
    await put(first, flush('w1', 1, { rows: [stand.row('a')] }))
    await put(first, flush('w1', 2, { dropped: [keyOf(stand.row('a'))] }))
    await put(first, flush('w0', 1, { rows: [stand.row('a')] }))
    const token = await lead(first, 'w1')
    await first.publish(publication(token, 1, { alerts: [{ variant: 'a', segmentKey: '', json: null }] }))
    const second = await stand.reopen(first)
    expect((await second.load(EXPERIMENT)).writers.map(({ writer }) => writer)).toEqual(['w0'])
    expect(rowsOf('SELECT count(*) AS count FROM alerts')).toEqual([{ count: 0 }])
  })

  test('has no heirs of an earlier process: what is left of its writers goes to this one', async () => {
    const first = await stand.open()
    await put(first, flush('w0', 1, { rows: [stand.row('a')] }))
    await first.retire(EXPERIMENT, 'w0', await lead(first, 'w1'))
    expect(await first.retire(EXPERIMENT, 'w0', await lead(first, 'w2'))).toBe(false)
    expect(rowsOf('SELECT writer, retired, heir FROM v_writers WHERE retired')).toEqual([
      { writer: 'w0', retired: 1, heir: 'w1' },
    ])
    const second = await stand.reopen(first)
    expect(await second.retire(EXPERIMENT, 'w0', await lead(second, 'w3'))).toBe(true)
  })

  test('has positions of one process: what follows an earlier one is a gap', async () => {
    const first = await stand.open()
    await put(first, flush('w1', 1, { rows: [stand.row('a')] }))
    const { position } = await first.load(EXPERIMENT)
    const second = await stand.reopen(first)
    expect(await second.follow(EXPERIMENT, position, 'w2')).toEqual({ kind: 'gap' })
    expect((await second.activity(position)).experiments).toEqual([EXPERIMENT])
    const loaded = await second.load(EXPERIMENT)
    expect(await second.follow(EXPERIMENT, loaded.position, 'w2')).toMatchObject({ kind: 'changes', rows: [] })
  })
})

describe('the SQLite store', () => {
  test('writes commits that come together as one, each with its own outcome', async () => {
    const store = await stand.open({ durable: true })
    const commits = Array.from({ length: 150 }, (_, index) =>
      put(store, flush(`w${index}`, 1, { after: index % 3 === 0 ? 5 : 0, rows: [stand.row('a', [index])] })),
    )
    const outcomes = await Promise.all(commits)
    expect(outcomes).toEqual(commits.map((_, index) => (index % 3 === 0 ? 'lost' : 'written')))
    expect((await store.load(EXPERIMENT)).rows).toHaveLength(100)
  })

  test('refuses calls without bound rather than keep them all', async () => {
    const store = await stand.open()
    const calls = await Promise.allSettled(Array.from({ length: 400 }, () => store.newestEvents(1)))
    const refused = calls.filter((call) => call.status === 'rejected')
    expect(refused).toHaveLength(400 - 256)
    expect(refused[0].reason).toBeInstanceOf(StoreError)
    expect(stand.told.unavailable).toEqual([expect.stringMatching(/is too slow: 256 calls wait for it already/)])
    expect(await put(store, flush('w1', 1))).toBe('written')
    expect(stand.told.available).toBe(1)
  })

  test('reads thousands of histories and their minutes at once', async () => {
    const store = await stand.open()
    const slices = [HISTORY, stand.minute - 1, stand.minute]
    const rows = slices.flatMap((slice) =>
      Array.from({ length: 2000 }, (_, index) => ({
        ...stand.row(`v${index}`, [], { slice }),
        bytes: new Uint8Array(600).fill(index % 251),
      })),
    )
    await put(store, flush('w1', 1, { rows }))
    const loaded = await (await stand.reopen(store)).load(EXPERIMENT)
    expect(loaded.rows).toHaveLength(6000)
    for (const { variant, bytes } of loaded.rows)
      expect(bytes.every((byte) => byte === Number(variant.slice(1)) % 251)).toBe(true)
  })
})
