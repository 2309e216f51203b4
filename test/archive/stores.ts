// Stores with something in them, and archives as text.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { exportArchive } from '../../src/archive/export.ts'
import { type ImportResult, importArchive } from '../../src/archive/import.ts'
import { checkArchive } from '../../src/archive/reader.ts'
import { HISTORY, type PartialRow } from '../../src/model/partial.ts'
import { MemoryBackend } from '../../src/store/memory/backend.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import type { Flush, Store, StoreOptions } from '../../src/store/port.ts'

/** Far ahead, so that stores on the system's clock keep it too. */
export const NOW_MS = Date.UTC(2100, 0, 1)
const MINUTE = Math.floor(NOW_MS / 60_000)

export const STORE_OPTIONS: StoreOptions = {
  eventLimit: 5000,
  retentionSeconds: 30 * 86_400,
  retryWindowMs: 300_000,
  durable: false,
  now: () => NOW_MS,
  observer: { unavailable: () => {}, available: () => {}, lost: () => {} },
}

/** A started store in memory. */
export async function memoryStore(backend?: MemoryBackend): Promise<Store> {
  const store = backend === undefined ? new MemoryStore(STORE_OPTIONS) : new MemoryStore(STORE_OPTIONS, backend)
  await store.start()
  return store
}

/** What replicas share. */
export function sharedBackend(): MemoryBackend {
  return new MemoryBackend({ ...STORE_OPTIONS, shared: true })
}

export function row(variant: string, options: { slice?: number; value?: number } = {}): PartialRow {
  const { slice = MINUTE, value = 1 } = options
  const newestSecond = (slice === HISTORY ? MINUTE - 100 : slice) * 60 + 30
  return { variant, segmentKey: 'shop\u2028\u0000eu', slice, newestSecond, bytes: Uint8Array.of(value, 0, 255) }
}

/** Commits one flush and gives its outcome. */
export async function flush(
  store: Store,
  given: Partial<Flush> & Pick<Flush, 'experiment' | 'writer' | 'sequence'>,
): Promise<string> {
  const whole = { after: 0, sealedMinute: -1, rows: [], dropped: [], adopted: [], requests: [], ...given }
  const [outcome] = await store.commit({ writer: whole.writer, flushes: [whole], journal: null, requests: [] })
  return outcome
}

export function event(number: number, experiment: string): { id: string; json: string } {
  const id = `${NOW_MS}-${number}`
  return { id, json: JSON.stringify({ specversion: '1.0', id, subject: `${experiment}/b`, data: { experiment } }) }
}

/** Publishes under a lease of its own, and gives it back. */
export async function publish(
  store: Store,
  given: {
    experiment: string
    sequence: number
    state?: string
    alerts?: readonly string[]
    events?: readonly number[]
  },
): Promise<void> {
  const { experiment, sequence, state = '{"since":1}', alerts = [], events = [] } = given
  const token = (await store.lease('evaluator', [experiment], 10_000)).get(experiment) ?? -1
  const outcome = await store.publishAnew({
    experiment,
    token,
    sequence,
    state,
    alerts: alerts.map((variant) => ({ variant, segmentKey: 'shop', json: '[{"severity":"page"}]' })),
    events: events.map((number) => event(number, experiment)),
  })
  if (outcome !== 'published') throw new Error(`the test's own publication is ${outcome}`)
  await store.release('evaluator', [experiment])
}

/** Two experiments, four writers of which one is given up and adopted, alerts, events in turns, records of all kinds. */
export async function fill(store: Store): Promise<void> {
  await flush(store, { experiment: 'checkout', writer: 'w1', sequence: 7, rows: [row('a'), row('b', { value: 2 })] })
  await flush(store, { experiment: 'checkout', writer: 'gone', sequence: 3, rows: [row('a'), row('b')] })
  await flush(store, {
    experiment: 'search',
    writer: 'w1',
    sequence: 2,
    rows: [row('a', { value: 9 })],
    sealedMinute: 5,
  })
  const token = (await store.lease('evaluator', ['checkout'], 10_000)).get('checkout') ?? -1
  await store.retire('checkout', 'gone', token)
  await flush(store, {
    experiment: 'checkout',
    writer: 'w2',
    sequence: 1,
    rows: [row('a', { slice: HISTORY, value: 3 })],
    adopted: [{ writer: 'gone', keys: [row('a')] }],
  })
  await publish(store, { experiment: 'checkout', sequence: 1, events: [0] })
  await publish(store, { experiment: 'search', sequence: 1, events: [1], state: '{"since":2}' })
  await publish(store, { experiment: 'checkout', sequence: 2, alerts: ['b'], events: [2, 3] })
  await store.putRecords('silence', [{ id: 's1', json: '{"reason":"release"}', untilMs: NOW_MS + 60_000 }])
  await store.putRecords('experiment', [{ id: 'checkout', json: '{"owner":"payments"}', untilMs: null }])
  await store.putRecords('delivery', [{ id: 'd1', json: '{"attempt":2}', untilMs: NOW_MS + 86_400_000 }])
}

/** The archive as text. */
export async function exported(store: Store, experiment: string | null = null): Promise<string> {
  const lines: string[] = []
  await exportArchive({
    store,
    experiment,
    version: '0.1.0',
    nowMs: NOW_MS,
    write: async (line) => void lines.push(line),
  })
  return lines.join('')
}

/** A file with this text, removed after the test. */
export function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'cohortd-archive-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'archive.ndjson')
  writeFileSync(path, text)
  return path
}

/** Checks and imports as the command does. */
export async function imported(
  store: Store,
  text: string,
  options: { readonly experiment?: string; readonly add?: boolean } = {},
): Promise<ImportResult> {
  const { experiment = null, add = false } = options
  const path = file(text)
  await checkArchive(path)
  const { eventLimit } = STORE_OPTIONS
  return await importArchive({ path, store, importer: 'importer', experiment, add, eventLimit, nowMs: NOW_MS })
}

/** An archive from its second line on: all that depends on the state. */
export function body(archive: string): string {
  return archive.slice(archive.indexOf('\n') + 1)
}
