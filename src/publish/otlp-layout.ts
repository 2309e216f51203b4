// What one cohort looks like in the snapshots that go to the exporter's thread: a row of numbers, and a description of
// the row that is sent once. NaN in a row stands for a series that is absent.
import type { CohortReading, Reading } from '../model/reading.ts'
import type { CohortMetricName, GlobalMetricName, MetricFamily } from './catalogue.ts'
import { COHORT_LABELS, COHORT_METRICS, GLOBAL_METRICS } from './catalogue.ts'
import type { SeriesPlan, SliSeries, SloSeries } from './series.ts'
import { amountRatio, budgetRemaining, burnRate, goodRatio, quantilesOf, seriesPlan, sliOf } from './series.ts'

/** A metric as OpenTelemetry has it: Prometheus' translation of name, unit and kind gives the name of the catalogue back. */
export interface OtlpMetric {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly monotonic: boolean
}

export interface OtlpColumn {
  readonly metric: OtlpMetric
  /** Beside those of the cohort. */
  readonly attributes: Readonly<Record<string, string>>
}

/** Columns that are filled together. */
interface ColumnGroup {
  readonly columns: readonly OtlpColumn[]
  fill(cohort: CohortReading, row: Float64Array, at: number): void
}

export interface OtlpRows {
  /** Attribute names of the segments. */
  readonly segments: readonly string[]
  readonly columns: readonly OtlpColumn[]
  /** Writes a cohort's numbers into `values` from `at` on. */
  fill(cohort: CohortReading, values: Float64Array, at: number): void
}

const UNITS = { seconds: 's', bytes: 'By', ratio: '1' } as const

/** `cohortd_sli_events_total` is `cohortd.sli.events`; `cohortd_sli_duration_seconds` is `cohortd.sli.duration` in s. */
export function otlpMetric(name: CohortMetricName | GlobalMetricName): OtlpMetric {
  const family: MetricFamily = { ...COHORT_METRICS, ...GLOBAL_METRICS }[name]
  const suffix = family.type === 'counter' ? /_total$/ : /_(seconds|bytes)$/
  return {
    name: name.replace(suffix, '').replace(/^([a-z]+)_([a-z]+)_/, '$1.$2.'),
    unit: family.unit === null ? (family.type === 'counter' ? '1' : '') : UNITS[family.unit],
    description: family.help,
    monotonic: family.type === 'counter',
  }
}

/** The rows of a reading's cohorts. Sums and counts of values are not among them: OTLP has no summary to put them in. */
export function otlpRows(reading: Pick<Reading, 'slis' | 'slos' | 'windows' | 'segments'>): OtlpRows {
  const groups = columnGroups(seriesPlan(reading))
  return {
    segments: segmentAttributes(reading.segments),
    columns: groups.flatMap((group) => group.columns),
    fill(cohort, values, at) {
      let column = at
      for (const group of groups) {
        group.fill(cohort, values, column)
        column += group.columns.length
      }
    },
  }
}

/** Segment names as they are, but for those that an attribute of ours has already. */
function segmentAttributes(segments: readonly string[]): string[] {
  const taken = new Set([...COHORT_LABELS, ...Object.values(COHORT_METRICS).flatMap((family) => family.labels)])
  return segments.map((segment) => (taken.has(segment) ? `segment.${segment}` : segment))
}

function columnGroups({ slis, slos }: SeriesPlan): ColumnGroup[] {
  return [
    ...slis.flatMap((sli) => [eventColumns(sli), quantileColumns(sli), ratioColumns(sli)]),
    ...slos.flatMap((slo) => [burnColumns(slo), stateColumns(slo)]),
  ]
}

function eventColumns({ index, name: sli, outcomes }: SliSeries): ColumnGroup {
  const metric = otlpMetric('cohortd_sli_events_total')
  const sides = (['processGood', 'processBad'] as const).filter((_, side) => outcomes[side] !== null)
  return {
    columns: outcomes.flatMap((outcome) => (outcome === null ? [] : [{ metric, attributes: { sli, outcome } }])),
    fill(cohort, row, at) {
      for (let place = 0; place < sides.length; place++)
        row[at + place] = cohort.slis[index]?.[sides[place]] ?? Number.NaN
    },
  }
}

function quantileColumns({ index, name: sli, summary, percentiles }: SliSeries): ColumnGroup {
  if (summary === null) return { columns: [], fill() {} }
  const metric = otlpMetric(summary)
  return {
    columns: percentiles.map((quantile) => ({ metric, attributes: { sli, quantile: String(quantile) } })),
    fill(cohort, row, at) {
      const reading = cohort.slis[index]
      const values = reading ? quantilesOf(reading, percentiles) : null
      for (let place = 0; place < percentiles.length; place++) row[at + place] = values?.[place] ?? Number.NaN
    },
  }
}

function ratioColumns({ index, name: sli, windows, counting }: SliSeries): ColumnGroup {
  const isAmount = counting === 'amount'
  const metric = otlpMetric(isAmount ? 'cohortd_sli_ratio' : 'cohortd_sli_good_ratio')
  const ratioOf = isAmount ? amountRatio : goodRatio
  return {
    columns: windows.map((window) => ({ metric, attributes: { sli, window: window.name } })),
    fill(cohort, row, at) {
      const reading = cohort.slis[index]
      for (let place = 0; place < windows.length; place++)
        row[at + place] = (reading ? ratioOf(reading, windows[place].index) : null) ?? Number.NaN
    },
  }
}

function burnColumns(slo: SloSeries): ColumnGroup {
  const metric = otlpMetric('cohortd_slo_burn_rate')
  return {
    columns: slo.windows.map((window) => ({ metric, attributes: { slo: slo.name, window: window.name } })),
    fill(cohort, row, at) {
      const reading = cohort.sufficient(slo.index) ? sliOf(cohort, slo) : null
      for (let place = 0; place < slo.windows.length; place++)
        row[at + place] = (reading ? burnRate(reading, slo.windows[place].index, slo.budget) : null) ?? Number.NaN
    },
  }
}

function stateColumns(slo: SloSeries): ColumnGroup {
  const attributes = { slo: slo.name }
  const firing = otlpMetric('cohortd_slo_alert_firing')
  return {
    columns: [
      { metric: otlpMetric('cohortd_slo_error_budget_remaining_ratio'), attributes },
      { metric: otlpMetric('cohortd_slo_sufficient_data'), attributes },
      ...slo.severities.map((severity) => ({ metric: firing, attributes: { slo: slo.name, severity } })),
    ],
    fill(cohort, row, at) {
      const reading = sliOf(cohort, slo)
      const absent = reading === null
      row[at] = (absent ? null : budgetRemaining(reading, slo)) ?? Number.NaN
      row[at + 1] = absent ? Number.NaN : Number(cohort.sufficient(slo.index))
      for (let place = 0; place < slo.severities.length; place++)
        row[at + 2 + place] = absent ? Number.NaN : Number(cohort.alerts[slo.index] === slo.severities[place])
    },
  }
}
