// What the SQLite store says where its file cannot be used, at the start and later. Result codes that a test cannot cause for real
// are given by hand.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreError, type StoreOptions } from '../../../src/store/port.ts'
import { explainDirectoryError, explainSqliteError } from '../../../src/store/sqlite/errors.ts'
import { SqliteStore } from '../../../src/store/sqlite/store.ts'
import { SqliteRig } from './sqlite-rig.ts'
import { EXPERIMENT, flush, plainRows, put, Stand } from './stand.ts'

let rig: SqliteRig
const stand = new Stand({ shared: false, movesTime: true, makeRig: () => rig })

beforeEach(() => {
  rig = new SqliteRig('cohortd.db')
})

afterEach(async () => {
  await stand.clear()
  rig.close()
})

/** Why a store at this path does not start. */
async function refusal(path = rig.path): Promise<string> {
  const store = new SqliteStore(path, options())
  const error: unknown = await store.start().then(
    () => null,
    (thrown: unknown) => thrown,
  )
  await store.stop()
  expect(error).toBeInstanceOf(StoreError)
  return (error as StoreError).message
}

function options(): StoreOptions {
  const observer = { unavailable: () => {}, available: () => {}, lost: () => {} }
  return {
    eventLimit: 5,
    retentionSeconds: 60,
    retryWindowMs: 1000,
    durable: false,
    now: () => rig.now(),
    observer,
  }
}

/** Runs SQL as another program would. */
function asAnother(sql: string): void {
  const other = new DatabaseSync(rig.path)
  other.exec(sql)
  other.close()
}

describe('at its start the store refuses a file', () => {
  test('that another store has open, which goes on unharmed', async () => {
    const first = await stand.open()
    expect(await refusal()).toContain(
      `${rig.path} is in use by another process, most likely another cohortd; stop that one, or give this one its own store.path`,
    )
    expect(await put(first, flush('w1', 1, { rows: [stand.row('a')] }))).toBe('written')
    await first.stop()
    expect((await (await stand.open()).load(EXPERIMENT)).rows).toHaveLength(1)
  })

  test('that a cohortd of the first version has open', async () => {
    const first = new DatabaseSync(rig.path)
    first.exec('PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE t (a); BEGIN EXCLUSIVE; COMMIT')
    expect(await refusal()).toMatch(/is in use by another process/)
    first.close()
  })

  test('of a newer version', async () => {
    await (await stand.open()).stop()
    asAnother('PRAGMA user_version = 99')
    expect(await refusal()).toMatch(
      /was written by a newer cohortd \(its version is 99, this cohortd knows up to 3\); run the newer cohortd/,
    )
  })

  test('of today, in the words of the first version too', async () => {
    await (await stand.open()).stop()
    const first = new DatabaseSync(rig.path)
    expect(first.prepare('SELECT version FROM schema_version').get()).toEqual({ version: 3 })
    first.close()
  })

  test('of another program, which stays as it is', async () => {
    asAnother('CREATE TABLE bookmarks (url TEXT)')
    const before = readFileSync(rig.path)
    expect(await refusal()).toMatch(/is a SQLite database of another program; name another file in store.path/)
    expect(readFileSync(rig.path)).toEqual(before)
  })

  test('that is no database', async () => {
    writeFileSync(rig.path, 'A letter to a friend. '.repeat(500))
    expect(await refusal()).toMatch(/is not a SQLite database; name another file/)
  })

  test('that is a directory', async () => {
    mkdirSync(rig.path)
    expect(await refusal()).toMatch(/cohortd\.db cannot be opened; it must be a file/)
  })

  test('in a directory that cannot be made', async () => {
    writeFileSync(join(rig.folder, 'blocker'), '')
    expect(await refusal(join(rig.folder, 'blocker', 'sub', 'cohortd.db'))).toMatch(
      /the store's directory .*blocker.sub cannot be made; name another in store\.path/,
    )
  })

  test('in a directory on a file system that makes none', async () => {
    expect(await refusal('/proc/cohortd/deep/cohortd.db')).toMatch(
      /the store's directory \/proc\/cohortd\/deep cannot be made/,
    )
  })

  test('whose tables cannot be read', async () => {
    await (await stand.open()).stop()
    writeFileSync(rig.path, readFileSync(rig.path).fill(0xff, 100))
    expect(await refusal()).toMatch(/is damaged; move it away to begin anew/)
  })

  test('and after it one that is good, with nothing left open', async () => {
    asAnother('CREATE TABLE bookmarks (url TEXT)')
    await refusal()
    rmSync(rig.path)
    await (await stand.open()).stop()
    expect(readdirSync(rig.folder).sort()).toEqual(['cohortd.db', 'cohortd.db-lock'])
  })
})

describe('while it runs', () => {
  test('a write that fails leaves no trace, is told once, and can be made again when the fault is gone', async () => {
    const store = await stand.open()
    await put(store, flush('w1', 1, { rows: [stand.row('a', [1])], requests: ['r1'] }))
    asAnother(`CREATE TRIGGER fault BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END`)
    const commit = flush('w1', 2, { rows: [stand.row('a', [2]), stand.row('b', [2])], requests: ['r2'] })
    for (let n = 0; n < 3; n++)
      await expect(put(store, commit)).rejects.toThrow(/cohortd\.db failed \(the disk is gone/)
    expect(stand.told.unavailable).toEqual([expect.stringContaining('the disk is gone')])
    expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows([stand.row('a', [1])]))
    expect(stand.told.available).toBe(0)

    asAnother('DROP TRIGGER fault')
    expect(await put(store, commit)).toBe('written')
    expect(stand.told).toMatchObject({ available: 1, unavailable: [expect.anything()] })
    expect(plainRows(await store.rowsOf(EXPERIMENT, 'w1'))).toEqual(plainRows(commit.rows))
    expect((await store.recentRequests()).sort()).toEqual(['r1', 'r2'])
  })

  test('a commit that fails takes none of those with it that came together with it', async () => {
    const store = await stand.open()
    asAnother(`CREATE TRIGGER fault BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, 'no'); END`)
    const commits = ['w1', 'w2', 'w3', 'w4'].map((writer, index) =>
      put(store, flush(writer, 1, { rows: [stand.row('a')], requests: index === 2 ? ['r'] : [] })),
    )
    const settled = await Promise.allSettled(commits)
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect((await store.load(EXPERIMENT)).rows.map(({ writer }) => writer).sort()).toEqual(['w1', 'w2', 'w4'])
  })

  test('pages that are damaged are reported with what can be done, not read as something else', async () => {
    const store = await stand.open()
    const rows = Array.from({ length: 50 }, (_, index) => ({
      ...stand.row(`v${index}`),
      bytes: new Uint8Array(10_000),
    }))
    await put(store, flush('w1', 1, { rows }))
    await store.stop()
    writeFileSync(rig.path, readFileSync(rig.path).fill(0xff, 16_384 * 24))
    const next = await stand.unstarted()
    await expect(next.start().then(() => next.load(EXPERIMENT))).rejects.toThrow(
      /is damaged; move it away to begin anew/,
    )
  })
})

describe('in words a person can act on', () => {
  const FILE = "/data/it's here.db"

  test.each([
    ['locked by another process', 5, /in use by another process/],
    ['read-only', 8, /cannot be written \(read-only\)/],
    ['read-only, as its extended code', 8 | (6 << 8), /cannot be written \(read-only\)/],
    ['an unreliable disk', 10 | (3 << 8), /disk or file system under it is in trouble/],
    ['a damaged file', 11, /is damaged; move it away to begin anew, or put a backup in its place/],
    ['no space', 13, /no space left to write/],
    ['a path that cannot be opened', 14, /cannot be opened/],
    ['another kind of file', 26, /is not a SQLite database/],
  ])('%s', (_, errcode, message) => {
    const explained = explainSqliteError(Object.assign(new Error('original words'), { errcode }), FILE)
    expect(explained).toBeInstanceOf(StoreError)
    expect(explained.message).toMatch(message)
    expect(explained.message).toContain(FILE)
    expect(explained.message).toContain('original words')
  })

  test('which the reference page tells, each', () => {
    const page = readFileSync(new URL('../../../docs/reference/store-sqlite.md', import.meta.url), 'utf8')
    const section = page.slice(page.indexOf('## When it cannot be used'))
    const told = [...section.matchAll(/^\| [^|]+ \| `([^`]+)` \|/gm)].map(([, message]) => message)
    const messages = [
      ...[5, 8, 10, 11, 13, 14, 26].map((errcode) =>
        explainSqliteError(Object.assign(new Error(), { errcode }), '...'),
      ),
      explainDirectoryError(new Error(), '...'),
    ]
    for (const { message } of messages) expect(told.filter((one) => message.includes(one))).toHaveLength(1)
    expect(told).toHaveLength(messages.length + 1)
    expect(told).toContain('is too slow: 256 calls wait for it already')
  })

  test('a full file, by the error that SQLite really throws', () => {
    const database = new DatabaseSync(':memory:')
    database.exec('PRAGMA max_page_count = 5; CREATE TABLE t (b BLOB)')
    expect(() => database.exec('INSERT INTO t VALUES (zeroblob(100000))')).toThrow(
      expect.toSatisfy((thrown: unknown) => /no space left/.test(explainSqliteError(thrown, FILE).message)),
    )
    database.close()
  })

  test('a store error as it is, and an unknown one with its own words', () => {
    const own = new StoreError('already clear')
    expect(explainSqliteError(own, FILE)).toBe(own)
    expect(explainSqliteError('odd', FILE).message).toContain('odd')
  })
})
