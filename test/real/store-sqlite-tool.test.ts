// What docs/reference/store-sqlite.md says of the sqlite3 tool, done with it: every query of the page, on the file of a store that is
// open, the copy that it makes, and the messages of faults.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/runtime/clock.ts'
import type { Store } from '../../src/store/port.ts'
import { SqliteStore } from '../../src/store/sqlite/store.ts'
import { body, exported, fill, flush, STORE_OPTIONS } from '../archive/stores.ts'

const PAGE = readFileSync(new URL('../../docs/reference/store-sqlite.md', import.meta.url), 'utf8')
const run = promisify(execFile)

let folder = ''
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cohortd sqlite-'))
  store = await openedStore('cohortd.db')
})
afterEach(async () => {
  await store.stop()
  await rm(folder, { recursive: true, force: true })
})

async function openedStore(name: string): Promise<Store> {
  const opened = new SqliteStore(path.join(folder, name), { ...STORE_OPTIONS, now: () => systemClock.now() })
  await opened.start()
  return opened
}

/** What the tool prints, a line for each row. */
async function sqlite3(...args: string[]): Promise<string[]> {
  try {
    return (await run('sqlite3', args, { cwd: folder })).stdout.trimEnd().split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('sqlite3 is missing; install it, e.g. apt-get install sqlite3', { cause: error })
    throw error
  }
}

/** All that the queries of the page ask for: in the experiment that they name, too. */
async function fillAll(): Promise<void> {
  await fill(store)
  const experiment = 'checkout-redesign'
  const bytes = new Uint8Array(500)
  const newestSecond = Math.floor(systemClock.now() / 1000)
  const rows = [{ variant: 'treatment', segmentKey: 'shop', slice: Math.floor(newestSecond / 60), newestSecond, bytes }]
  await flush(store, { experiment, writer: 'run-1', sequence: 1, sealedMinute: 5, rows, requests: ['request-1'] })
  const journal = { number: 1, bytes, oldestNeeded: 1 }
  await store.commit({ writer: 'run-1', flushes: [], journal, requests: ['request-2'] })
  const token = (await store.lease('run-1', [experiment], 10_000)).get(experiment)!
  const json = JSON.stringify({ type: 'cohortd.burn.firing', subject: `${experiment}/treatment`, data: { experiment } })
  const alert = JSON.stringify([{ slo: 'availability', severity: 'page', sinceMs: 1_767_225_600_000 }])
  await store.publish({
    experiment,
    token,
    sequence: 1,
    state: '{}',
    alerts: [{ variant: 'treatment', segmentKey: 'shop', json: alert }],
    events: [{ id: `${STORE_OPTIONS.now() + 1}-0`, json }],
  })
}

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1])
}

describe('the page', () => {
  const queries = blocks('sql')
    .flatMap((block) => block.split(/(?<=;)\n/))
    .filter((query) => query !== '')

  test('has queries', () => {
    expect(queries.length).toBeGreaterThan(10)
    for (const query of queries) expect(query).toMatch(/^SELECT .*;$/s)
  })

  test.each(queries)('%s gives something while the store is open', async (query) => {
    await fillAll()
    const lines = await sqlite3('-readonly', 'cohortd.db', query)
    expect(lines[0]).not.toBe('')
    expect(await flush(store, { experiment: 'e', writer: 'w', sequence: 1 })).toBe('written')
  })

  test('names every view with all its columns, and no other', async () => {
    const inPage = [...PAGE.matchAll(/^\| `(v_\w+)` \|[^|]*\| (.*) \|$/gm)].map(([, view, columns]) => [
      view,
      [...columns.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map((match) => match[1]),
    ])
    const views = await sqlite3(
      '-readonly',
      'cohortd.db',
      "SELECT name FROM sqlite_schema WHERE name LIKE 'v\\_%' ESCAPE '\\'",
    )
    const inFile = await Promise.all(
      views.map(async (view) => [view, await sqlite3('cohortd.db', `SELECT name FROM pragma_table_info('${view}')`)]),
    )
    expect(Object.fromEntries(inPage)).toEqual(Object.fromEntries(inFile))
  })

  test('says which version a file has', async () => {
    const [version, id] = await sqlite3('-readonly', 'cohortd.db', 'PRAGMA user_version; PRAGMA application_id')
    expect(PAGE).toContain(`\`user_version\`, ${version} today`)
    expect(PAGE).toContain(`\`application_id\` 0x${Number(id).toString(16)}`)
  })

  test('shows what fires as the command of the page asks', async () => {
    await fillAll()
    const command = blocks('sh')[0].trimEnd().replace('data/', '')
    const { stdout } = await run('sh', ['-c', command], { cwd: folder })
    expect(stdout).toMatch(/checkout-redesign . treatment . shop {5}. page/)
  })
})

describe('a copy that the tool makes of an open store', () => {
  test('is of one moment, and a store that a daemon goes on from', async () => {
    await fillAll()
    const before = body(await exported(store))
    const [, command] = blocks('sh')
    await run('sh', ['-c', command.replace('data/', '')], { cwd: folder })
    await flush(store, { experiment: 'later', writer: 'w', sequence: 1 })
    const copy = await openedStore('copy.db')
    try {
      expect(body(await exported(copy))).toBe(before)
      expect(await flush(copy, { experiment: 'later', writer: 'w', sequence: 1 })).toBe('written')
    } finally {
      await copy.stop()
    }
  })
})
