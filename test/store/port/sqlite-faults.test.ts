// Faults of the disk under the SQLite store while it runs, by the errors that SQLite really gives: a file that may not grow any more, one
// that may only be read, one that another program holds. Nothing is half written, and the same call succeeds when the fault is over.
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Flush } from '../../../src/store/port.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { type OpenedFile, openFile } from '../../../src/store/sqlite/open-file.ts'
import { SqliteRig } from './sqlite-rig.ts'
import { commitOf, EXPERIMENT, event, flush, plainRows, publication, put, Stand } from './stand.ts'

let rig: SqliteRig
let close: (() => void)[] = []
const stand = new Stand({ shared: false, movesTime: true, makeRig: () => rig })

beforeEach(() => {
  rig = new SqliteRig('cohortd.db')
})

afterEach(async () => {
  for (const one of close.splice(0).toReversed()) one()
  await stand.clear()
  rig.close()
})

function opened(durable = false): OpenedFile {
  const file = openFile(rig.path, durable)
  close.push(() => {
    if (file.database.isOpen) file.database.close()
    if (file.lock.isOpen) file.lock.close()
  })
  return file
}

/** The store's database, and the connection that it works on: to have the disk fail. */
function faulty(): { store: SqliteDatabase; database: DatabaseSync } {
  const file = opened()
  const options = {
    path: rig.path,
    eventLimit: 20,
    retentionSeconds: 3600,
    retryWindowMs: 60_000,
    durable: false,
  }
  return { store: new SqliteDatabase(options, file), database: file.database }
}

function large(sequence: number): Flush {
  const rows = Array.from({ length: 50 }, (_, index) => ({
    variant: `v${sequence}-${index}`,
    segmentKey: 'shop',
    slice: -1,
    newestSecond: rig.now() / 1000,
    bytes: new Uint8Array(20_000).fill(sequence),
  }))
  return flush('w1', sequence, { rows, requests: [`r${sequence}`] })
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}

function rowsIn(store: SqliteDatabase): string[] {
  let rows: string[] = []
  store.rowsOf(EXPERIMENT, 'w1', rig.now(), (found) => (rows = plainRows([...found])))
  return rows
}

const FAULTS: readonly [
  name: string,
  begin: (database: DatabaseSync) => void,
  end: (database: DatabaseSync) => void,
  message: RegExp,
][] = [
  [
    'full',
    (database) => database.exec(`PRAGMA max_page_count = ${Number(pragma(database, 'page_count')) + 10}`),
    (database) => database.exec('PRAGMA max_page_count = 1000000'),
    /there is no space left to write .*cohortd\.db; free some on that device/,
  ],
  [
    'read-only',
    (database) => database.exec('PRAGMA query_only = 1'),
    (database) => database.exec('PRAGMA query_only = 0'),
    /cohortd\.db cannot be written \(read-only\); give this user the right to write it/,
  ],
]

describe.each(FAULTS)('while the file is %s', (_name, begin, end, message) => {
  test('what is there stays whole and readable, and writing goes on afterwards', () => {
    const { store, database } = faulty()
    const token = store.lease('w1', [EXPERIMENT], rig.now())[0][1]
    store.commit([commitOf([large(1)])], rig.now())
    const before = rowsIn(store)
    begin(database)
    for (let n = 0; n < 3; n++)
      expect(() => store.commit([commitOf([large(2), flush('w2', 1)])], rig.now())).toThrow(message)
    const huge = publication(token, 1, { state: JSON.stringify('x'.repeat(1_000_000)), events: [event('1-0')] })
    expect(() => store.publish(huge, false, rig.now())).toThrow(message)
    expect(rowsIn(store)).toEqual(before)
    expect(store.recentRequests(rig.now())).toEqual(['r1'])
    expect(store.newestEvents(1)).toEqual([])
    end(database)
    expect(store.commit([commitOf([large(2), flush('w2', 1)])], rig.now())).toEqual([['written', 'written']])
    expect(store.publish(huge, false, rig.now()).outcome).toBe('published')
    expect(store.recentRequests(rig.now())).toEqual(['r1', 'r2'])
    expect(pragma(database, 'integrity_check')).toBe('ok')
  })
})

describe('while another program holds the file', () => {
  function holding(): DatabaseSync {
    const other = new DatabaseSync(rig.path)
    close.push(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    return other
  }

  test('for a moment, a write waits for it', async () => {
    const store = await stand.open()
    const other = holding()
    const written = put(store, flush('w1', 1, { rows: [stand.row('a')] }))
    await nextTurn()
    other.exec('COMMIT')
    expect(await written).toBe('written')
    expect(stand.told.unavailable).toEqual([])
  })

  test('for longer, it is told, and the write can be made again', async () => {
    const store = await stand.open()
    const other = holding()
    const one = flush('w1', 1, { rows: [stand.row('a')] })
    await expect(put(store, one)).rejects.toThrow(/is in use by another process/)
    expect(await store.rowsOf(EXPERIMENT, 'w1')).toEqual([])
    other.exec('COMMIT')
    expect(await put(store, one)).toBe('written')
    expect(stand.told).toMatchObject({ available: 1, unavailable: [expect.stringMatching(/is in use/)] })
  })
})

describe('how safe a written commit is', () => {
  test.each([
    [false, 1, 'against the end of the process'],
    [true, 2, 'against a power cut'],
  ])('durable %s: synchronous is %i, %s', (durable, synchronous) => {
    const { database } = opened(durable)
    expect(pragma(database, 'synchronous')).toBe(synchronous)
    expect(pragma(database, 'journal_mode')).toBe('wal')
    expect(pragma(database, 'auto_vacuum')).toBe(2)
    expect(pragma(database, 'page_size')).toBe(16_384)
    expect(pragma(database, 'journal_size_limit')).toBe(64 << 20)
  })
})

test('a lock that is no lock is named as what is wrong', () => {
  writeFileSync(`${rig.path}-lock`, 'A letter to a friend. '.repeat(500))
  expect(() => openFile(rig.path, false)).toThrow(/cohortd\.db-lock is not a SQLite database/)
})
