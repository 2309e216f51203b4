// Resident memory of 10,000 cohorts x 2 SLIs with 30 days of history in every slice of every window and five minutes of digests in one of
// the two SLIs, and what a second of traffic and ticking costs in that state. Each set of windows runs in a process of its
// own, so that one does not pay for the other's garbage.
import { spawnSync } from 'node:child_process'
import { SlicePlan } from '../src/slices/plan.ts'
import { Series } from '../src/slices/series.ts'

const COHORTS = 10_000
const START = 1_700_000_000
const MINUTE = 60
const HOUR = 3600
const DAY = 86_400
const PLANS: Readonly<Record<string, readonly number[]>> = {
  experiment: [5 * MINUTE, HOUR, 30 * DAY],
  workbook: [5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY, 30 * DAY],
}
const STEP_SECONDS = 15
const VALUES_PER_SECOND = 100
const LIVE_SECONDS = 45
const EVENTS_PER_SECOND = 30

export async function run(): Promise<void> {
  for (const name of Object.keys(PLANS))
    spawnSync(process.execPath, ['--expose-gc', import.meta.filename, name], { stdio: 'inherit' })
}

function measure(name: string): void {
  const plan = new SlicePlan({
    windowsSeconds: PLANS[name],
    latenessSeconds: 60,
    futureSeconds: 60,
    waitSeconds: 10,
  })
  const [counted, withDigest] = [false, true].map((digest) => historyOf(plan, digest))
  const cursor = START + 30 * DAY
  const series: Series[] = []
  for (let cohort = 0; cohort < COHORTS; cohort++)
    for (const [digest, partial] of [[false, counted] as const, [true, withDigest] as const]) {
      const one = new Series(plan, { digest, cursor })
      one.merge(partial)
      series.push(one)
    }
  const tickMs = live(series, cursor)
  globalThis.gc?.()
  const rss = process.memoryUsage.rss() / 2 ** 20
  const bytes = withDigest.length + counted.length
  console.log(
    `memory, ${COHORTS} cohorts x 2 SLIs x 30 days, windows of policy ${name}: ${rss.toFixed(0)} MB RSS (goal <= 1 GB), ` +
      `partials ${(bytes / 1024).toFixed(1)} KB a cohort, moving all cursors by a second ${tickMs.toFixed(1)} ms`,
  )
}

/** The partial of a series with traffic in every slice, and in every half-minute a digest of 30 s of busy traffic. */
function historyOf(plan: SlicePlan, digest: boolean): Uint8Array {
  const series = new Series(plan, { digest, cursor: START })
  const end = START + 30 * DAY
  while (series.cursor < end - plan.recentSeconds) {
    series.record(series.cursor, series.cursor % 7 > 0, 1, Number.NaN)
    series.advance(series.cursor + STEP_SECONDS)
  }
  while (series.cursor < end) {
    series.advance(series.cursor + 1)
    for (let i = 0; i < VALUES_PER_SECOND; i++)
      series.record(series.cursor, i % 7 > 0, 1, Math.exp(3 * Math.sin(12.9898 * (i + series.cursor))))
  }
  return series.encode()
}

/** Traffic and a tick each second for everyone; returns the median milliseconds that moving all cursors takes. */
function live(series: readonly Series[], cursor: number): number {
  const times: number[] = []
  for (let second = cursor + 1; second <= cursor + LIVE_SECONDS; second++) {
    const begin = performance.now()
    for (const one of series) one.advance(second)
    times.push(performance.now() - begin)
    for (const one of series)
      for (let i = 0; i < EVENTS_PER_SECOND; i++) one.record(second + (i & 1), i > 0, 1, (second % 997) + 0.25 * i)
  }
  return times.sort((a, b) => a - b)[times.length >> 1]
}

if (import.meta.main) {
  const name = process.argv.at(2)
  if (name === undefined) await run()
  else measure(name)
}
