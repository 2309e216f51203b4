// The live table: one row per variant out of the experiment's report, as text.
import type { CohortReport, ExperimentReport } from '../model/report.ts'

export interface VariantRow {
  readonly variant: string
  readonly requests: number
  readonly errors: number
  readonly burn5m: number | null
  readonly p99Seconds: number | null
  /** Highest severity that fires, with the SLOs that burn; empty: none. */
  readonly alert: string
  readonly verdict: string
}

const ERRORS = 'availability'
const BURN_WINDOW = '5m'
const PERCENTILE = '0.99'

/**
 * The rows, the control's first. Errors are those of the SLI and SLO "availability", or of the first ones where a daemon is
 * configured otherwise; cohorts of a variant are added up, and of their burn rates and percentiles the worst counts.
 */
export function rowsOf(report: ExperimentReport): VariantRow[] {
  const isControl = ({ variant }: { variant: string }): number => (variant === report.control ? 0 : 1)
  const variants = report.variants.toSorted((a, b) => isControl(a) - isControl(b))
  return variants.map(({ variant, cohorts, verdict }) => {
    const indicators = cohorts.map(({ slis }) => named(slis, ({ sli }) => sli))
    const objectives = cohorts.map(({ slos }) => named(slos, ({ slo }) => slo))
    return {
      variant,
      requests: total(indicators.map((sli) => sli?.events ?? 0)),
      errors: total(indicators.map((sli) => sli?.bad ?? 0)),
      burn5m: worst(objectives.map((slo) => slo?.burn[BURN_WINDOW] ?? null)),
      p99Seconds: worst(cohorts.flatMap(({ slis }) => slis.map((sli) => sli.percentiles?.[PERCENTILE] ?? null))),
      alert: alertOf(cohorts),
      verdict: verdict.verdict,
    }
  })
}

function named<T>(all: readonly T[], nameOf: (one: T) => string): T | undefined {
  return all.find((one) => nameOf(one) === ERRORS) ?? all[0]
}

function alertOf(cohorts: readonly CohortReport[]): string {
  const firing = cohorts.flatMap(({ slos }) => slos.filter(({ alert }) => alert !== null))
  if (firing.length === 0) return ''
  const severity = firing.some(({ alert }) => alert?.severity === 'page') ? 'PAGE' : 'ticket'
  return `${severity} ${[...new Set(firing.map(({ slo }) => slo))].join(', ')}`
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

const HEADS = ['variant', 'requests', 'errors', 'burn 5m', 'p99', 'verdict', 'alert'] as const
/** Together they leave room for an alert within 80 characters. */
const WIDTHS = [9, 8, 12, 7, 7, 8, 0]
/** Columns of numbers, which end at the same place. */
const NUMERIC = [1, 2, 3, 4]

/** The table's lines, the head first. */
export function tableLines(rows: readonly VariantRow[]): string[] {
  return [HEADS, ...rows.map(cells)].map((row) =>
    row
      .map((cell, column) => (NUMERIC.includes(column) ? cell.padStart(WIDTHS[column]) : cell.padEnd(WIDTHS[column])))
      .join('  ')
      .trimEnd(),
  )
}

/** All rows in one line, for an output that cannot be redrawn. */
export function plainLine(elapsedSeconds: number, rows: readonly VariantRow[]): string {
  const parts = rows.map((row) => {
    const [variant, requests, errors, burn, p99, verdict, alert] = cells(row)
    return `${variant}: ${requests} requests, ${errors} errors, burn ${burn}, p99 ${p99}, ${verdict}${alert === '' ? '' : `, ${alert}`}`
  })
  return `${elapsedSeconds.toFixed(0).padStart(3)} s  ${parts.length === 0 ? 'no traffic counted yet' : parts.join(' | ')}`
}

function cells(row: VariantRow): string[] {
  const share = row.requests === 0 ? 0 : (row.errors / row.requests) * 100
  return [
    row.variant,
    String(row.requests),
    `${row.errors} (${share.toFixed(1)}%)`,
    row.burn5m === null ? '-' : `${row.burn5m.toFixed(1)}x`,
    row.p99Seconds === null ? '-' : `${(row.p99Seconds * 1000).toFixed(0)} ms`,
    row.verdict,
    row.alert,
  ]
}
