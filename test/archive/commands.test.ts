import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { exportCommand } from '../../src/commands/export.ts'
import { importCommand } from '../../src/commands/import.ts'
import { exported, file, fill, memoryStore } from './stores.ts'

/** A terminal that remembers what it was told. */
function listener() {
  const said = { out: '', err: '' }
  const terminal = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    interactive: false,
  }
  return { said, terminal }
}

async function archive(): Promise<string> {
  const store = await memoryStore()
  await fill(store)
  return await exported(store)
}

const WHOLE =
  'the archive is whole: 2 experiments, 4 writers, 5 rows, 1 alerts, 4 events, 3 records; experiments: checkout, search\n'
const NO_STORE = 'store.type is memory, of which nothing is left outside the daemon; name sqlite or redis\n'
const MEMORY = ['--set', 'store.type=memory']

describe('cohortd import', async () => {
  const good = await archive()

  it('--dry-run tells what a file holds', async () => {
    const { said, terminal } = listener()
    expect(await importCommand(['--dry-run', '--input', file(good)], terminal)).toBe(0)
    expect(said).toEqual({ out: WHOLE, err: '' })
  })

  it('reads standard input, and leaves nothing of it lying about', async () => {
    const { said, terminal } = listener()
    expect(await importCommand(['--dry-run'], terminal, Readable.from([Buffer.from(good)]))).toBe(0)
    expect(said.out).toBe(WHOLE)
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('cohortd-import-'))).toEqual([])
  })

  it.each<[sentence: string, args: readonly string[], text: string, told: string]>([
    [
      'a file that was cut off',
      ['--dry-run'],
      '',
      'FILE: the file is empty; was the export interrupted? export again\n',
    ],
    [
      'an experiment that the file does not have',
      ['--experiment', 'x'],
      good,
      'FILE: the archive has no experiment x; it has checkout, search\n',
    ],
    ['a store in memory', MEMORY, good, NO_STORE],
  ])('refuses %s', async (_sentence, args, text, told) => {
    const { said, terminal } = listener()
    const path = file(text)
    expect(await importCommand([...args, '--input', path], terminal)).toBe(1)
    expect(said).toEqual({ out: '', err: told.replace('FILE', path) })
  })

  it('refuses a file that is not there', async () => {
    const { said, terminal } = listener()
    expect(await importCommand(['--input', '/nowhere/archive'], terminal)).toBe(1)
    expect(said.err).toBe("ENOENT: no such file or directory, open '/nowhere/archive'\n")
  })

  it('and export end with 2 where the configuration is bad', async () => {
    const { terminal } = listener()
    expect(await importCommand(['--set', 'ack=x'], terminal)).toBe(2)
    expect(await exportCommand(['--set', 'ack=x'], terminal)).toBe(2)
  })
})

describe('cohortd export', () => {
  it('has nothing to read where the store is in memory, and leaves an earlier file as it is', async () => {
    const { said, terminal } = listener()
    const path = file('earlier')
    expect(await exportCommand([...MEMORY, '--output', path], terminal)).toBe(1)
    expect(said.err).toBe(NO_STORE)
    expect(readdirSync(dirname(path))).toEqual(['archive.ndjson'])
  })

  it('makes no store where there is none', async () => {
    const { said, terminal } = listener()
    const path = file('earlier').replace('archive.ndjson', 'cohortd.db')
    expect(await exportCommand(['--set', `store.path=${path}`], terminal)).toBe(1)
    expect(said.err).toBe(`there is no store ${path}; name one that a daemon has written in store.path\n`)
    expect(readdirSync(dirname(path))).toEqual(['archive.ndjson'])
  })
})
