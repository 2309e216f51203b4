// What an experiment is held against that began while its service was already seen: the SLIs of the same segments, from items that belonged
// to no experiment, as they were when the first item of the experiment came. Taken once, and kept with the experiment's state.
import { countingOf } from '../model/counting.ts'
import { formatSeconds } from '../model/duration.ts'
import type { SliReading } from '../model/reading.ts'
import type { BaselineReport } from '../model/report.ts'
import type { Sli } from '../model/slo.ts'
import { reportPercentiles, reportWindow } from './report-sli.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

/** The longest that is looked back. */
const LONGEST_SECONDS = 86_400

/** By the name of an SLI. */
export interface Baseline {
  readonly takenMs: number
  readonly slis: Readonly<Record<string, BaselineReport>>
  /** Items a second, by the name of an ingest SLI. */
  readonly rates: Readonly<Record<string, number>>
}

/** In the place of a baseline where nothing was seen before. */
export function noBaseline(nowMs: number): Baseline {
  return { takenMs: nowMs, slis: {}, rates: {} }
}

/** The baseline that a cohort of untagged items gives at `nowMs`. */
export function takeBaseline(
  untagged: TrackedCohort,
  at: { slis: readonly Sli[]; windows: readonly number[]; nowMs: number },
): Baseline {
  untagged.settle()
  const window = at.windows.findLastIndex((seconds) => seconds <= LONGEST_SECONDS)
  const slis: Record<string, BaselineReport> = {}
  const rates: Record<string, number> = {}
  for (const [index, sli] of at.slis.entries()) {
    const reading = untagged.slis[index]
    if (reading === null) continue
    const series = untagged.seriesOf(index)
    const seconds = Math.max(1, Math.floor(at.nowMs / 1000) - series.earliestIn(window) + 1)
    if (sli.from === 'ingest') rates[sli.name] = series.good(window) / seconds
    else if (reading.valid(window) > 0) slis[sli.name] = reportBaseline(sli, reading, { ...at, window })
  }
  return { takenMs: at.nowMs, slis, rates }
}

function reportBaseline(
  sli: Sli,
  reading: SliReading,
  at: { windows: readonly number[]; window: number; nowMs: number },
): BaselineReport {
  return {
    window: formatSeconds(at.windows[at.window]),
    taken_at: new Date(at.nowMs).toISOString(),
    ...reportWindow(reading, at.window, countingOf(sli)),
    percentiles: reportPercentiles(sli, reading),
    mean: sli.from === 'metrics' ? reading.mean() : null,
  }
}
