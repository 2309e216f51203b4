// A file of an older version becomes one of today with its first opening, and nothing that it counted changes.
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { unpackPartials } from '../../../src/engine/state.ts'
import { SlicePlan } from '../../../src/slices/plan.ts'
import { Series } from '../../../src/slices/series.ts'
import { HISTORY, type StoredExperiment } from '../../../src/store/port.ts'
import { newestSecond } from '../../../src/store/sqlite/migrate-version-1.ts'
import { SqliteRig } from './sqlite-rig.ts'
import { flush, keyOf, lead, plain, publication, put, Stand } from './stand.ts'

const WRITTEN_AT = 1_767_225_600
const DAY_SECONDS = 86_400

let rig: SqliteRig
const stand = new Stand({ shared: false, movesTime: true, makeRig: () => rig })

beforeEach(() => {
  rig = new SqliteRig('cohortd.db')
  makeFile('version-1.sql')
})

afterEach(async () => {
  await stand.clear()
  rig.close()
})

function makeFile(fixture: string): void {
  const file = new DatabaseSync(rig.path)
  file.exec(readFileSync(new URL(`./fixtures/${fixture}`, import.meta.url), 'utf8'))
  file.close()
}

/** The good and bad items of one SLI in the window, as the engine reads them from the rows. */
function counts(stored: StoredExperiment, cohort: { variant: string; segmentKey: string }, sli: string): unknown {
  const plan = new SlicePlan({
    windowsSeconds: [300, 3600, 86_400],
    latenessSeconds: 30,
    waitSeconds: 10,
    futureSeconds: 5,
  })
  const series = new Series(plan, { digest: true, cursor: WRITTEN_AT })
  for (const row of stored.rows)
    if (row.variant === cohort.variant && row.segmentKey === cohort.segmentKey)
      for (const { name, partial } of unpackPartials(row.bytes))
        if (name === sli) series.mergeOther(row.writer, partial)
  const windows = [300, 3600, 86_400].map((seconds) => {
    const window = plan.windows.indexOf(seconds)
    return [series.good(window), series.bad(window)]
  })
  return { windows, total: [series.totalGood, series.totalBad], median: series.quantiles([0.5])?.[0] ?? null }
}

test('its cohorts are histories of a writer that is retired, exact in every window', async () => {
  const store = await stand.open({ retentionSeconds: DAY_SECONDS })
  const stored = await store.load('checkout-redesign')
  expect(stored.writers).toEqual([{ writer: 'v1', sequence: 1, sealedMinute: -1, name: null, retired: true }])
  expect(stored.rows.map(({ slice, writer }) => [slice, writer])).toEqual(stored.rows.map(() => [HISTORY, 'v1']))
  expect(stored.rows).toHaveLength(3)
  const control = { variant: 'control', segmentKey: 'shop' }
  expect(counts(stored, control, 'availability')).toMatchObject({
    windows: [
      [150, 15],
      [1800, 180],
      [3600, 360],
    ],
    total: [3600, 360],
  })
  expect(counts(stored, control, 'latency')).toMatchObject({ total: [3960, 0] })
  expect(counts(stored, { variant: 'treatment', segmentKey: 'shop' }, 'availability')).toMatchObject({
    windows: [
      [150, 60],
      [1800, 720],
      [3600, 1440],
    ],
    total: [3600, 1440],
    median: expect.closeTo(0.17, 1),
  })
  expect(counts(stored, { variant: 'treatment', segmentKey: 'cart\u0000eu' }, 'availability')).toMatchObject({
    total: [330, 0],
  })
})

test('its rows are as new as what they count', async () => {
  const store = await stand.open({ retentionSeconds: DAY_SECONDS })
  const rows = [...(await store.load('checkout-redesign')).rows, ...(await store.load('search')).rows]
  const ages = rows.map((row) => `${row.segmentKey}: ${WRITTEN_AT - row.newestSecond}`)
  expect(ages.sort()).toEqual(['cart\u0000eu: 619', 'search: 3619', 'shop: 19', 'shop: 19'])
})

test('its alerts go on firing', async () => {
  const store = await stand.open()
  const { alerts } = await store.load('checkout-redesign')
  expect(alerts).toMatchObject([{ variant: 'treatment', segmentKey: 'shop' }])
  expect(JSON.parse(alerts[0].json!)).toEqual([
    {
      slo: 'checkout-availability',
      severity: 'page',
      ruleSeverity: 'page',
      factor: 2,
      longSeconds: 3600,
      shortSeconds: 300,
      sinceMs: 1_767_225_000_000,
      shared: false,
    },
  ])
})

test('its experiments and events are there, and go on', async () => {
  const store = await stand.open()
  expect((await store.experiments()).sort()).toEqual(['checkout-redesign', 'search'])
  expect(await store.load('search')).toMatchObject({
    state: '{"discoveredMs":1767218400001}',
    publicationSequence: 1,
    alerts: [],
  })
  const events = await store.readEvents(null, 10)
  expect(events.map(({ id }) => id)).toEqual(['1767218400000-0', '1767225000000-0'])
  expect(JSON.parse(events[1].json)).toMatchObject({ type: 'cohortd.burn.firing' })
  const token = await lead(store, 'w1', 'search')
  expect(await store.publish(publication(token, 2, { experiment: 'search', state: '{}' }))).toBe('published')
})

test('its rows can be adopted', async () => {
  const store = await stand.open({ retentionSeconds: DAY_SECONDS })
  const rows = await store.rowsOf('search', 'v1')
  const adopted = [{ writer: 'v1', keys: rows.map(keyOf) }]
  expect(await put(store, flush('w1', 1, { experiment: 'search', rows, adopted }))).toBe('written')
  expect((await store.load('search')).rows.map(({ writer }) => writer)).toEqual(['w1'])
})

test('it is of today afterwards: opened again, it is left as it is', async () => {
  const first = await stand.open()
  const before = plain(await first.load('checkout-redesign'))
  const second = await stand.reopen(first)
  expect(plain(await second.load('checkout-redesign'))).toEqual(before)
  await second.stop()
  const file = new DatabaseSync(rig.path)
  expect(file.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 })
  expect(file.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'version_1%'").all()).toEqual([])
  expect(file.prepare('PRAGMA auto_vacuum').get()).toEqual({ auto_vacuum: 2 })
  file.close()
})

test('a migration that fails leaves the old file as it was', async () => {
  const file = new DatabaseSync(rig.path)
  file.exec("UPDATE cohorts SET alerts = 'x'; DROP TABLE experiments; CREATE TABLE partials (a)")
  file.close()
  await expect(stand.open()).rejects.toThrow(/cohortd\.db failed/)
  const after = new DatabaseSync(rig.path)
  expect(after.prepare('SELECT version FROM schema_version').get()).toEqual({ version: 1 })
  expect(after.prepare('SELECT count(*) AS count FROM cohorts').get()).toEqual({ count: 4 })
  after.close()
})

test('bytes that are cut short have the newest second of what is whole', () => {
  const whole = Uint8Array.from([1, 0, 97, 4, 0, 0, 0, 1, 0, 0x80, 0x01])
  expect(newestSecond(whole)).toBe(128)
  expect(newestSecond(new Uint8Array())).toBe(0)
  for (let length = 0; length < whole.length; length++) expect(newestSecond(whole.subarray(0, length))).toBe(0)
})

describe('a file of version 2', () => {
  beforeEach(() => {
    rig.close()
    rig = new SqliteRig('cohortd.db')
    makeFile('version-2.sql')
  })

  test('has everything as it was, and keeps a secret too', async () => {
    const first = await stand.open()
    const stored = await first.load('checkout-redesign')
    expect(plain(stored)).toEqual({
      experiment: 'checkout-redesign',
      state: '{"n":1}',
      publicationSequence: 1,
      rows: ['["w1","control","shop",29453759]: 1 2', '["w1","treatment","shop",-1]: 3'],
      writers: [{ writer: 'w1', sequence: 1, sealedMinute: 29_453_757, name: null, retired: false }],
      alerts: [{ variant: 'treatment', segmentKey: 'shop', json: '["page"]' }],
    })
    expect((await first.readEvents(null, 10)).map(({ id }) => id)).toEqual(['1767225600000-0'])
    expect((await first.recentRequests()).sort()).toEqual(['r1', 'r2'])
    expect(await first.leftJournal('w2', null)).toMatchObject([{ writer: 'w1', number: 1 }])
    expect(await first.records('silence')).toEqual([{ id: 's1', json: '{}', untilMs: null }])
    expect(await first.secret('unit key', 'first')).toBe('first')
    const second = await stand.reopen(first)
    expect(await second.secret('unit key', 'second')).toBe('first')
    expect(plain(await second.load('checkout-redesign'))).toEqual(plain(stored))
  })

  test('says its version in both places afterwards', async () => {
    await (await stand.open()).stop()
    const file = new DatabaseSync(rig.path)
    expect(file.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 })
    expect(file.prepare('SELECT version FROM schema_version').get()).toEqual({ version: 3 })
    file.close()
  })

  test('is left as it was where that fails', async () => {
    const file = new DatabaseSync(rig.path)
    file.exec('CREATE TABLE secrets (a)')
    file.close()
    await expect(stand.open()).rejects.toThrow(/cohortd\.db failed/)
    const after = new DatabaseSync(rig.path)
    expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
    expect(after.prepare('SELECT version FROM schema_version').get()).toEqual({ version: 2 })
    after.close()
  })
})
