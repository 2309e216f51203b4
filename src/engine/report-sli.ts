// The report of one SLI of one cohort.
import { type Counting, countingOf } from '../model/counting.ts'
import { formatSeconds } from '../model/duration.ts'
import type { SliReading } from '../model/reading.ts'
import type { BaselineReport, SliReport, SliWindowReport } from '../model/report.ts'
import type { Sli } from '../model/slo.ts'

/** How well histograms tell good from bad, and where a value lies. */
export interface Estimates {
  /** Whether any good or bad count of the SLI was interpolated. */
  isEstimated(sli: number): boolean
  /** Width of the bucket that holds the value, Infinity for an open one; null: no histograms gave values of the SLI. */
  errorAt(sli: number, value: number): number | null
}

export function reportSli(
  sli: Sli,
  reading: SliReading,
  at: {
    index: number
    windows: readonly number[]
    estimates: Estimates
    /** Whether units of the experiment are sampled. */
    isSampled: boolean
    baseline: BaselineReport | null
  },
): SliReport {
  const counting = countingOf(sli)
  const isAmount = counting === 'amount'
  const percentiles = reportPercentiles(sli, reading)
  const isScaled = at.isSampled && sli.from === 'events' && sli.attribution !== null
  const errors = percentiles === null ? null : reportErrors(percentiles, at)
  return {
    sli: sli.name,
    events: reading.totalValid,
    good: isAmount ? null : reading.totalGood,
    bad: isAmount ? null : reading.totalBad,
    windows: Object.fromEntries(
      at.windows.map((seconds, window) => [formatSeconds(seconds), reportWindow(reading, window, counting)]),
    ),
    percentiles,
    ...(sli.from === 'metrics' ? { mean: reading.mean() } : {}),
    ...(isScaled || at.estimates.isEstimated(at.index) ? { estimated: true } : {}),
    ...(errors === null ? {} : { percentile_errors: errors }),
    baseline: at.baseline,
  }
}

export function reportWindow(reading: SliReading, window: number, counting: Counting): SliWindowReport {
  const events = reading.valid(window)
  const good = reading.good(window)
  const bad = reading.bad(window)
  if (counting === 'amount')
    return { events, good: null, bad: null, good_ratio: null, ratio: events > 0 ? bad / events : null }
  return { events, good, bad, good_ratio: events > 0 ? Math.min(1, good / events) : null }
}

export function reportPercentiles(sli: Sli, reading: SliReading): Record<string, number> | null {
  if (sli.percentiles.length === 0) return null
  const values = reading.quantiles(sli.percentiles)
  return values === null
    ? null
    : Object.fromEntries(sli.percentiles.map((percentile, at) => [String(percentile), values[at]]))
}

function reportErrors(
  percentiles: Readonly<Record<string, number>>,
  at: { index: number; estimates: Estimates },
): Record<string, number | null> | null {
  const errors = Object.entries(percentiles).map(
    ([name, value]) => [name, at.estimates.errorAt(at.index, value)] as const,
  )
  if (errors.some(([, error]) => error === null)) return null
  return Object.fromEntries(errors.map(([name, error]) => [name, error === Infinity ? null : error]))
}
