// SQLite under 10,000 cohorts with 30 days of history: how long a start takes until every report tells all of it, what a flush costs each
// second when all of them, or one in ten, have changed, and for how long it holds the thread that receives.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { PartialRow } from '../src/model/partial.ts'
import { sleep, systemClock } from '../src/runtime/clock.ts'
import type { StoreOptions } from '../src/store/port.ts'
import { SqliteStore } from '../src/store/sqlite/store.ts'
import { quantile } from './figures.ts'
import { BenchReplica, type Cost, storeOptions } from './store-replica.ts'
import { type CohortName, cohortNames, rowsOfCohorts, rowsOfTraffic } from './store-rows.ts'

const EXPERIMENTS = 50
const SERVICES = 100
const MINUTE_MS = 60_000
const ROUNDS = 10

export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'cohortd-bench-'))
  const path = join(directory, 'cohortd.db')
  const open = (options: StoreOptions): SqliteStore => new SqliteStore(path, options)
  try {
    const nowMs = Math.floor(systemClock.now() / MINUTE_MS) * MINUTE_MS
    const cohorts = cohortNames(EXPERIMENTS, SERVICES)
    const rows = rowsOfTraffic({
      endSecond: nowMs / 1000 - 1,
      days: 30,
      everySeconds: 60,
      recentMinutes: 10,
      spansPerMinute: 600,
    })
    tellRows('a cohort with a span a minute for 30 days and ten a second for the last 10 minutes', rows)
    await fill(open, { cohorts, rows, nowMs })
    console.log(`  file: ${(statSync(path).size / 2 ** 20).toFixed(0)} MB for ${cohorts.length} such cohorts`)

    const replica = new BenchReplica(open, nowMs)
    const loaded = await replica.load()
    console.log(
      `  start: everything is here after ${loaded.elapsedMs.toFixed(0)} ms (goal <= 5000 ms), ` +
        `${loaded.cpuMs.toFixed(0)} ms of CPU; ${replica.engine.tracked().length} cohorts x 2 SLOs, ` +
        `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MB resident`,
    )
    await measureFlushes(
      replica,
      cohorts.filter((_, at) => at % 10 === 0),
    )
    await measureFlushes(replica, cohorts)
    await replica.stop()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export function tellRows(what: string, rows: readonly PartialRow[]): void {
  const history = rows.filter(({ slice }) => slice < 0)
  const minutes = rows.filter(({ slice }) => slice >= 0)
  console.log(
    `  ${what}: a history of ${bytesOf(history)} B, ${minutes.length} minutes of ${(bytesOf(minutes) / minutes.length).toFixed(0)} B each`,
  )
}

function bytesOf(rows: readonly PartialRow[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** As an earlier process left it. */
async function fill(
  open: (options: StoreOptions) => SqliteStore,
  { cohorts, rows, nowMs }: { cohorts: readonly CohortName[]; rows: readonly PartialRow[]; nowMs: number },
): Promise<void> {
  const failures: string[] = []
  const store = open(storeOptions(() => nowMs, failures))
  await store.start()
  const writer = 'an-earlier-process'
  for (const [experiment, some] of Map.groupBy(cohorts, (cohort) => cohort.experiment)) {
    const flush = {
      experiment,
      writer,
      sequence: 1,
      after: 0,
      sealedMinute: -1,
      dropped: [],
      adopted: [],
      requests: [],
    }
    const flushes = [{ ...flush, rows: rowsOfCohorts(some, rows) }]
    await store.commit({ writer, flushes, journal: null, requests: [] })
  }
  await store.stop()
  if (failures.length > 0) throw new Error(failures.join('; '))
}

async function measureFlushes(replica: BenchReplica, changed: readonly CohortName[]): Promise<void> {
  const costs: Cost[] = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  for (let round = 0; round < ROUNDS; round++) {
    replica.advance(1)
    await replica.receive(changed)
    replica.advance(1)
    // The loop takes note of the time once it has waited.
    await sleep(2)
    delay.enable()
    costs.push(await replica.flush())
    delay.disable()
  }
  const median = (of: (cost: Cost) => number): string => quantile(costs.map(of), 0.5).toFixed(0)
  console.log(
    `  flush, ${changed.length} cohorts changed: median ${median((cost) => cost.elapsedMs)} ms, ` +
      `${median((cost) => cost.mainCpuMs)} ms of CPU in the thread that receives, ${median((cost) => cost.cpuMs)} ms in all; ` +
      `that thread held ${(delay.max / 1e6).toFixed(1)} ms at most${replica.wentWrong}`,
  )
}

if (import.meta.main) await run()
