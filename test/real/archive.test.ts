// Export and import as commands, between files of SQLite.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/runtime/clock.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/port.ts'
import { body, exported, fill, flush, imported, memoryStore, row, STORE_OPTIONS } from '../archive/stores.ts'

const BIN = path.join(import.meta.dirname, '../../bin/cohortd.js')
const run = promisify(execFile)

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cohortd archive-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Gives `work` the store of a file, started, and stops it. */
async function withFile<Result>(name: string, work: (store: Store) => Promise<Result>): Promise<Result> {
  const options = { ...STORE_OPTIONS, now: () => systemClock.now() }
  const store = openStore({ type: 'sqlite', path: path.join(folder, name) }, options)
  await store.start()
  try {
    return await work(store)
  } finally {
    await store.stop()
  }
}

/** Runs a command on the store of a file. */
function cohortd(command: string, name: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const store = ['--set', 'store.type=sqlite', '--set', `store.path=${name}`]
  return run(process.execPath, [BIN, command, ...store, ...args], { cwd: folder })
}

describe('cohortd export and import', () => {
  test('bring everything from one file into another, and change nothing the second time', async () => {
    await withFile('from.db', fill)
    const { stderr } = await cohortd('export', 'from.db', '--output', 'archive')
    expect(stderr).toBe('exported 2 experiments, 4 writers, 5 rows, 1 alerts, 4 events, 3 records\n')
    expect((await cohortd('import', 'to.db', '--input', 'archive')).stderr).toBe(
      'experiments written: checkout, search\nevents written: 4\nrecords written: 3\n',
    )
    const { stdout } = await cohortd('export', 'to.db')
    expect(body(stdout)).toBe(body(await readFile(path.join(folder, 'archive'), 'utf8')))
    await cohortd('import', 'to.db', '--input', 'archive')
    expect(body((await cohortd('export', 'to.db')).stdout)).toBe(body(stdout))
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([])
  })

  test('write nothing of a file that was cut off', async () => {
    await withFile('from.db', fill)
    await cohortd('export', 'from.db', '--output', 'archive')
    const text = await readFile(path.join(folder, 'archive'), 'utf8')
    const failed = run(
      'sh',
      [
        '-c',
        'head -c "$1" archive | "$2" "$3" import --set store.path=to.db',
        'sh',
        String(text.length - 300),
        process.execPath,
        BIN,
      ],
      { cwd: folder },
    )
    await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('it was cut off') })
    expect(await readdir(folder)).not.toContain('to.db')
  })

  test('add to the counts of others only where that is asked for', async () => {
    await withFile('from.db', fill)
    await withFile('to.db', (store) =>
      flush(store, { experiment: 'checkout', writer: 'w9', sequence: 1, rows: [row('a')] }),
    )
    await cohortd('export', 'from.db', '--output', 'archive')
    const told =
      "NOT imported, since the store has counts of other writers: checkout; if none of the archive's are in them, import again with --add\n"
    await expect(cohortd('import', 'to.db', '--input', 'archive')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(told),
    })
    expect((await cohortd('import', 'to.db', '--input', 'archive', '--add')).stderr).toMatch(
      /^experiments written: checkout\nexperiments that the store had already: search\n/,
    )
    const rows = await withFile('to.db', async (store) => (await store.load('checkout')).rows)
    expect(rows).toHaveLength(5)
  })

  test('leave events alone that another configuration would not keep', async () => {
    await withFile('from.db', fill)
    await cohortd('export', 'from.db', '--set', 'events.keep=1', '--output', 'archive')
    const text = await readFile(path.join(folder, 'archive'), 'utf8')
    expect(text.match(/"type":"event"/g)).toHaveLength(4)
    const { stderr } = await cohortd('import', 'to.db', '--set', 'events.keep=3', '--input', 'archive')
    expect(stderr).toContain('events written: 3\nevents left out, beyond events.keep')
  })

  test('are refused while somebody has the file', async () => {
    await withFile('from.db', async () => {
      await expect(cohortd('export', 'from.db')).rejects.toMatchObject({ code: 1, stdout: '' })
    })
  })
})

test('an archive goes from SQLite to memory and back with the same bytes', async () => {
  const archive = await withFile('from.db', async (store) => {
    await fill(store)
    return await exported(store)
  })
  const memory = await memoryStore()
  await imported(memory, archive)
  expect(body(await exported(memory))).toBe(body(archive))
  const back = await exported(memory)
  await withFile('back.db', async (store) => {
    await imported(store, back)
    expect(body(await exported(store))).toBe(body(archive))
  })
})
