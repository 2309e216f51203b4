// What saving the state of 10,000 cohorts costs: how long it takes, and how long it holds the main thread meanwhile.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { CohortState } from '../src/store/snapshot-port.ts'
import { SqliteStore } from '../src/store/sqlite.ts'

const COHORTS = 10_000
const PARTIAL_BYTES = 5 * 1024
const ROUNDS = 5

/** Prints the figures. */
export async function run(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'cohortd-bench-'))
  const path = join(directory, 'cohortd.db')
  const store = new SqliteStore({ path, eventLimit: 10_000 })
  try {
    await store.start()
    const cohorts = Array.from({ length: COHORTS }, (_, index) => cohortOf(index))
    console.log(`store: ${COHORTS} cohorts x ${PARTIAL_BYTES / 1024} KB, all changed, SQLite`)
    for (let round = 1; round <= ROUNDS; round++) {
      const { totalMs, worstBlockMs } = await timedSave(store, cohorts)
      console.log(
        `  save ${round}: ${totalMs.toFixed(0)} ms in its own thread, main thread held ${worstBlockMs.toFixed(1)} ms at most`,
      )
    }
    const before = performance.now()
    const loaded = await store.load()
    console.log(`  load: ${(performance.now() - before).toFixed(0)} ms for ${loaded.cohorts.length} cohorts`)
    await store.stop()
    console.log(`  file: ${(statSync(path).size / 2 ** 20).toFixed(0)} MB`)
  } finally {
    await store.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The longest the event loop was held while saving, at a resolution of a millisecond. */
async function timedSave(
  store: SqliteStore,
  cohorts: readonly CohortState[],
): Promise<{ totalMs: number; worstBlockMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const before = performance.now()
  await store.save({
    experiments: [],
    cohorts,
    forgottenExperiments: [],
    forgottenCohorts: [],
    engine: '{}',
    events: [],
  })
  const totalMs = performance.now() - before
  delay.disable()
  return { totalMs, worstBlockMs: delay.max / 1e6 }
}

function cohortOf(index: number): CohortState {
  return {
    experiment: `experiment-${index % 50}`,
    variant: `variant-${index % 4}`,
    segmentKey: `service-${index}`,
    partial: new Uint8Array(PARTIAL_BYTES).fill(index % 251),
    alerts: '[]',
  }
}

if (import.meta.main) await run()
