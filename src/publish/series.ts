// Which windows are exported and what the numbers of a cohort are, for every writer alike.
// A number that cannot be told is null, never NaN: then the series is absent.

import { type Counting, countingOf } from '../model/counting.ts'
import { formatSeconds } from '../model/duration.ts'
import type { CohortReading, Reading, SliReading } from '../model/reading.ts'
import { errorBudget, type Sli } from '../model/slo.ts'

const SHORT_WINDOW_SECONDS = 300

export interface ExportedWindow {
  /** Index into Reading.windows. */
  readonly index: number
  /** "5m". */
  readonly name: string
}

/** An SLO with what its series need at hand. */
export interface SloSeries {
  /** Index into Reading.slos. */
  readonly index: number
  readonly name: string
  /** Index into Reading.slis. */
  readonly sli: number
  /** 1 - objective, or the upper bound. */
  readonly budget: number
  readonly severities: readonly string[]
  readonly windows: readonly ExportedWindow[]
  /** The SLO's own window, null where it is not kept. */
  readonly budgetWindow: number | null
}

export interface SliSeries {
  /** Index into Reading.slis. */
  readonly index: number
  readonly name: string
  readonly counting: Counting
  /** Names of what processGood and processBad count; null: nothing that a counter can tell. */
  readonly outcomes: readonly [string | null, string | null]
  /** Null where the SLI has no value. */
  readonly summary: 'cohortd_sli_duration_seconds' | 'cohortd_sli_value' | null
  readonly percentiles: readonly number[]
  readonly windows: readonly ExportedWindow[]
}

export interface SeriesPlan {
  readonly slis: readonly SliSeries[]
  readonly slos: readonly SloSeries[]
}

/** A counter must not go back, so what an SLI derives is left for the reader to derive: bad is valid without good. An amount is no event. */
const OUTCOMES: Readonly<Record<Counting, SliSeries['outcomes']>> = {
  judged: ['good', 'bad'],
  good_of_valid: ['good', 'valid'],
  bad_of_valid: ['bad', 'valid'],
  amount: [null, 'valid'],
}

/** What is expected of an ingest SLI is not counted, and units are read from a sample that changes. */
function outcomesOf(sli: Sli): SliSeries['outcomes'] {
  if (sli.from === 'ingest') return ['good', null]
  return countsUnits(sli) ? [null, null] : OUTCOMES[countingOf(sli)]
}

function countsUnits(sli: Sli): boolean {
  return sli.from === 'events' && sli.attribution?.oncePerUnit === true
}

function summaryOf(sli: Sli): SliSeries['summary'] {
  if (sli.from === 'metrics') return 'cohortd_sli_value'
  if (!('value' in sli) || sli.value === null || countsUnits(sli)) return null
  return sli.value.kind === 'duration' ? 'cohortd_sli_duration_seconds' : 'cohortd_sli_value'
}

/** What is exported of a reading: 5m, the windows of the policies in use, each SLO's own. */
export function seriesPlan(reading: Pick<Reading, 'slis' | 'slos' | 'windows'>): SeriesPlan {
  const exported = (seconds: Iterable<number>): ExportedWindow[] =>
    [...new Set(seconds)]
      .sort((a, b) => a - b)
      .map((size) => ({ index: reading.windows.indexOf(size), name: formatSeconds(size) }))
      .filter((window) => window.index >= 0)
  const sloSeconds = reading.slos.map((slo) => [
    SHORT_WINDOW_SECONDS,
    ...slo.policy.rules.flatMap((rule) => [rule.longSeconds, rule.shortSeconds]),
    slo.windowSeconds,
  ])
  const slis = reading.slis.map(
    (sli, index): SliSeries => ({
      index,
      name: sli.name,
      counting: countingOf(sli),
      outcomes: outcomesOf(sli),
      summary: summaryOf(sli),
      percentiles: sli.percentiles,
      windows: exported([
        SHORT_WINDOW_SECONDS,
        ...sloSeconds.flatMap((seconds, slo) => (reading.slos[slo].sli === sli.name ? seconds : [])),
      ]),
    }),
  )
  const slos = reading.slos.map((slo, index): SloSeries => {
    const budgetWindow = reading.windows.indexOf(slo.windowSeconds)
    return {
      index,
      name: slo.name,
      sli: reading.slis.findIndex((sli) => sli.name === slo.sli),
      budget: slo.upperBound ?? errorBudget(slo.objective ?? 0),
      severities: [...new Set(slo.policy.rules.map((rule) => rule.severity))],
      windows: exported(sloSeconds[index]),
      budgetWindow: budgetWindow < 0 ? null : budgetWindow,
    }
  })
  return { slis, slos }
}

/** Good share of the valid events in a window; null without any. */
export function goodRatio(sli: SliReading, window: number): number | null {
  const valid = sli.valid(window)
  return valid > 0 ? Math.min(1, sli.good(window) / valid) : null
}

/** The amount for each of the valid events in a window, of an SLI that counts one; null without any. */
export function amountRatio(sli: SliReading, window: number): number | null {
  const valid = sli.valid(window)
  return valid > 0 ? sli.bad(window) / valid : null
}

/** Bad share of a window over the error budget, or a ratio over its bound; null without a valid event. The caller knows whether the data suffices. */
export function burnRate(sli: SliReading, window: number, budget: number): number | null {
  const valid = sli.valid(window)
  return valid > 0 ? sli.bad(window) / valid / budget : null
}

/** Share of the error budget left in the SLO's window, negative when overspent; null without a valid event. */
export function budgetRemaining(sli: SliReading, slo: SloSeries): number | null {
  const burn = slo.budgetWindow === null ? null : burnRate(sli, slo.budgetWindow, slo.budget)
  return burn === null ? null : 1 - burn
}

/** Values at the percentiles, or null when there was nothing (or nothing finite) in the last five minutes. */
export function quantilesOf(sli: SliReading, percentiles: readonly number[]): readonly number[] | null {
  const values = percentiles.length === 0 ? null : sli.quantiles(percentiles)
  return values === null || values.some((value) => Number.isNaN(value)) ? null : values
}

/** The SLI of an SLO in a cohort; null where the cohort has had no event of it. */
export function sliOf(cohort: CohortReading, slo: SloSeries): SliReading | null {
  return cohort.slis[slo.sli] ?? null
}
