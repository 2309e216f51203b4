// The SQLite file against the worst a process can meet: kill -9 in the middle of writing, and a second process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { SqliteStore } from '../../src/store/sqlite/store.ts'
import { STORE_OPTIONS } from './store-options.ts'

const WRITER = join(import.meta.dirname, 'store-writer.ts')
const directory = mkdtempSync(join(tmpdir(), 'cohortd-kill-'))

afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('after kill -9 in the middle of saving, the state is the last committed one or the one after it, and whole', async () => {
  const path = join(directory, 'killed.db')
  let generation = 1
  for (let round = 0; round < 8; round++) {
    const committed = await writeUntilKilled(path, generation, round * 7)
    generation = await expectWholeGeneration(path)
    expect(generation).toBeGreaterThanOrEqual(committed)
    expect(generation).toBeLessThanOrEqual(committed + 1)
  }
})

test('a file in use by another process is refused, and free again the moment that one is killed', async () => {
  const path = join(directory, 'shared.db')
  const { child, lines } = startWriter(path, 1)
  await lines.next()
  const store = new SqliteStore(path, STORE_OPTIONS)
  await expect(store.start()).rejects.toThrow(`${path} is in use by another process`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const next = new SqliteStore(path, STORE_OPTIONS)
  await next.start()
  await next.stop()
})

/** Kills the writer some milliseconds after its second commit; gives the last generation it told of. */
async function writeUntilKilled(path: string, first: number, delayMs: number): Promise<number> {
  const { child, lines } = startWriter(path, first)
  let told = 0
  for await (const line of lines) {
    if (line === 'open') continue
    told = Number(line)
    if (told === first + 1) void sleep(delayMs).then(() => child.kill('SIGKILL'))
  }
  return told
}

function startWriter(
  path: string,
  first: number,
): { child: ChildProcess; lines: AsyncIterator<string> & AsyncIterable<string> } {
  const child = spawn(process.execPath, [WRITER, path, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

/** Both experiments, the journal and the identities are of one generation, which is given. */
async function expectWholeGeneration(path: string): Promise<number> {
  const store = new SqliteStore(path, STORE_OPTIONS)
  await store.start()
  const { rows, writers } = await store.load('checkout')
  const other = await store.load('search')
  const requests = await store.recentRequests()
  const journal = await store.leftJournal('next', null)
  await store.stop()
  const generation = writers[0].sequence
  expect(other.writers[0].sequence).toBe(generation)
  expect(requests).toContain(`request-${generation}`)
  expect(requests).not.toContain(`request-${generation + 1}`)
  expect(journal.map(({ number, bytes }) => [number, ...bytes])).toEqual([[generation, generation % 251]])
  expect(rows).toHaveLength(2000)
  expect([...rows, ...other.rows].filter(({ bytes }) => bytes.some((byte) => byte !== generation % 251))).toEqual([])
  return generation
}
