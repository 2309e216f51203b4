// The SQLite store keeps the promises of every store, and those of a file: it survives, is whole, and belongs to one process.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import { StoreError } from '../../src/store/port.ts'
import { SqliteStore } from '../../src/store/sqlite.ts'
import { change, cohort, describeStore, EVENT_LIMIT, event } from './conformance.ts'

const root = mkdtempSync(join(tmpdir(), 'cohortd-store-'))
let files = 0

function freshPath(): string {
  return join(root, `dir ${files++} – größe`, 'deep', 'cohortd.db')
}

function storeAt(path: string, eventLimit = EVENT_LIMIT): SqliteStore {
  return new SqliteStore({ path, eventLimit })
}

async function opened(path: string, eventLimit = EVENT_LIMIT): Promise<SqliteStore> {
  const store = storeAt(path, eventLimit)
  await store.start()
  return store
}

afterAll(() => rmSync(root, { recursive: true, force: true }))

describeStore(() => storeAt(freshPath()))

describe('a SQLite file', () => {
  test('holds everything for the next process, in a path with spaces and letters of any language', async () => {
    const path = freshPath()
    const first = await opened(path)
    await first.save(
      change({
        experiments: [{ id: 'a', json: '{}' }],
        cohorts: [cohort('a', 'x', [5])],
        engine: '7',
        events: [event('3-1')],
      }),
    )
    await first.stop()
    expect(readdirSync(join(path, '..'))).toEqual(['cohortd.db'])

    const second = await opened(path)
    expect(await second.load()).toEqual({
      experiments: [{ id: 'a', json: '{}' }],
      cohorts: [cohort('a', 'x', [5])],
      engine: '7',
    })
    expect(await second.newestEvents(5)).toEqual([event('3-1')])
    await second.stop()
  })

  test('is cut to a lower event limit when it is opened', async () => {
    const path = freshPath()
    const first = await opened(path)
    await first.save(change({ events: [event('1-0'), event('2-0'), event('3-0')] }))
    await first.stop()
    const second = await opened(path, 2)
    expect(await second.readEvents(null, 10)).toEqual([event('2-0'), event('3-0')])
    await second.stop()
  })

  test('belongs to one store at a time: a second one is refused with the file and the remedy, and does no harm', async () => {
    const path = freshPath()
    const first = await opened(path)
    await first.save(change({ engine: '1' }))
    const refused = storeAt(path)
    await expect(refused.start()).rejects.toThrow(`${path} is in use by another process, most likely another cohortd`)
    await refused.stop()
    await first.save(change({ engine: '2' }))
    await first.stop()

    const next = await opened(path)
    expect((await next.load()).engine).toBe('2')
    await next.stop()
  })

  test('of a newer version is refused', async () => {
    const path = freshPath()
    const store = await opened(path)
    await store.stop()
    const raw = new DatabaseSync(path)
    raw.exec('UPDATE schema_version SET version = 99')
    raw.close()
    await expect(storeAt(path).start()).rejects.toThrow(
      /written by a newer cohortd \(its version is 99, this cohortd knows up to 1\)/,
    )
  })

  test('of another program is refused and stays as it is', async () => {
    const path = join(root, 'other.db')
    const raw = new DatabaseSync(path)
    raw.exec('CREATE TABLE bookmarks (url TEXT)')
    raw.close()
    await expect(storeAt(path).start()).rejects.toThrow(/is a SQLite database of another program/)
    const after = new DatabaseSync(path)
    expect(after.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'bookmarks' }])
    after.close()
  })

  test('that is no database is refused', async () => {
    const path = join(root, 'letter.db')
    writeFileSync(path, 'A letter to a friend. '.repeat(500))
    await expect(storeAt(path).start()).rejects.toThrow(/is not a SQLite database; name another file/)
  })

  test('whose pages are damaged is reported with what can be done, not read as something else', async () => {
    const path = freshPath()
    const store = await opened(path)
    await store.save(change({ cohorts: Array.from({ length: 50 }, (_, index) => cohort('a', `v${index}`, [1])) }))
    await store.stop()
    const content = readFileSync(path)
    writeFileSync(path, content.fill(0xff, 4096 * 4))
    const damaged = storeAt(path)
    await expect(damaged.start().then(() => damaged.load())).rejects.toThrow(/is damaged; move it away to begin anew/)
    await damaged.stop()
  })

  test('that is a directory is refused', async () => {
    const path = join(root, 'a-directory.db')
    mkdirSync(path)
    await expect(storeAt(path).start()).rejects.toThrow(/a-directory\.db cannot be opened; it must be a file/)
  })

  test('in a directory that cannot be made is refused', async () => {
    const blocker = join(root, 'blocker')
    writeFileSync(blocker, '')
    await expect(storeAt(join(blocker, 'sub', 'cohortd.db')).start()).rejects.toThrow(
      /the store's directory .*blocker.sub cannot be made; name another in store\.path/,
    )
  })

  test('in a directory on a file system that makes none is refused', async () => {
    await expect(storeAt('/proc/cohortd/deep/cohortd.db').start()).rejects.toThrow(
      /the store's directory \/proc\/cohortd\/deep cannot be made/,
    )
  })
})

describe('the SQLite store', () => {
  test('refuses calls without bound rather than keep them all', async () => {
    const store = await opened(freshPath())
    const calls = Array.from({ length: 400 }, () => store.newestEvents(1))
    const outcomes = await Promise.allSettled(calls)
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toHaveLength(400 - 256)
    expect(refused[0].reason).toBeInstanceOf(StoreError)
    expect(await store.newestEvents(1)).toEqual([])
    await store.stop()
  })

  test('completes what it accepted before it stops', async () => {
    const path = freshPath()
    const store = await opened(path)
    const saves = Array.from({ length: 20 }, (_, index) => store.save(change({ engine: String(index) })))
    await store.stop()
    await Promise.all(saves)
    const next = await opened(path)
    expect((await next.load()).engine).toBe('19')
    await next.stop()
  })

  test('is what the configuration gets for type sqlite', async () => {
    const store = openStore({ type: 'sqlite', path: freshPath() }, { eventLimit: 5 })
    expect(store).toBeInstanceOf(SqliteStore)
    await store.start()
    await store.stop()
  })
})
