// The sample lines of one cohort, one writer per family. All that is the same for every cohort is put together once.
import type { CohortReading, Reading, SliReading } from '../model/reading.ts'
import type { CohortMetricName } from './catalogue.ts'
import { flatText } from './cohort-labels.ts'
import { escapeLabelValue } from './exposition-format.ts'
import type { SliSeries, SloSeries } from './series.ts'
import { amountRatio, budgetRemaining, burnRate, goodRatio, quantilesOf, seriesPlan, sliOf } from './series.ts'

/** The lines of one family for one cohort; empty where it has nothing to say. `labels` are the cohort's own, from the opening brace on. */
export interface CohortSampleWriter {
  readonly name: CohortMetricName
  samples(cohort: CohortReading, labels: string): string
}

/** One writer for each cohort family that the reading's SLIs and SLOs can fill, in the order of the page. */
export function cohortSampleWriters(reading: Reading): CohortSampleWriter[] {
  const { slis, slos } = seriesPlan(reading)
  return [
    events(slis),
    summary('cohortd_sli_duration_seconds', slis),
    summary('cohortd_sli_value', slis),
    goodRatios(slis),
    amountRatios(slis),
    burnRates(slos),
    budgets(slos),
    alerts(slos),
    sufficiency(slos),
  ]
}

function line(name: string, labels: string, tail: string, value: number): string {
  return Number.isFinite(value) ? `${name}${labels}${tail}${value}\n` : ''
}

/** The rest of a series after the cohort's labels: `,sli="...",window="5m"} `. */
function tailOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `,${name}="${escapeLabelValue(value)}"`)
  return flatText(`${pairs.join('')}} `)
}

function events(slis: readonly SliSeries[]): CohortSampleWriter {
  const name = 'cohortd_sli_events_total'
  const series = slis.map(({ index, name: sli, outcomes }) => ({
    index,
    first: outcomes[0] === null ? null : tailOf({ sli, outcome: outcomes[0] }),
    second: outcomes[1] === null ? null : tailOf({ sli, outcome: outcomes[1] }),
  }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { index, first, second } of series) {
        const sli = cohort.slis[index]
        if (!sli) continue
        if (first !== null) text += line(name, labels, first, sli.processGood)
        if (second !== null) text += line(name, labels, second, sli.processBad)
      }
      return text
    },
  }
}

function summary(
  name: 'cohortd_sli_duration_seconds' | 'cohortd_sli_value',
  slis: readonly SliSeries[],
): CohortSampleWriter {
  const series = slis
    .filter((sli) => sli.summary === name)
    .map(({ index, name: sli, percentiles }) => ({
      index,
      percentiles,
      quantiles: percentiles.map((quantile) => tailOf({ sli, quantile: String(quantile) })),
      plain: tailOf({ sli }),
    }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { index, percentiles, quantiles, plain } of series) {
        const sli = cohort.slis[index]
        if (!sli) continue
        const values = quantilesOf(sli, percentiles)
        if (values !== null)
          for (let at = 0; at < values.length; at++) text += line(name, labels, quantiles[at], values[at])
        text +=
          line(`${name}_sum`, labels, plain, sli.processSum) + line(`${name}_count`, labels, plain, sli.processCount)
      }
      return text
    },
  }
}

function goodRatios(slis: readonly SliSeries[]): CohortSampleWriter {
  const judged = slis.filter(({ counting }) => counting !== 'amount')
  return ratios('cohortd_sli_good_ratio', judged, goodRatio)
}

function amountRatios(slis: readonly SliSeries[]): CohortSampleWriter {
  const amounts = slis.filter(({ counting }) => counting === 'amount')
  return ratios('cohortd_sli_ratio', amounts, amountRatio)
}

function ratios(
  name: CohortSampleWriter['name'],
  slis: readonly SliSeries[],
  ratioOf: (sli: SliReading, window: number) => number | null,
): CohortSampleWriter {
  const series = slis.map(({ index, name: sli, windows }) => ({
    index,
    windows: windows.map((window) => ({ index: window.index, tail: tailOf({ sli, window: window.name }) })),
  }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { index, windows } of series) {
        const sli = cohort.slis[index]
        if (!sli) continue
        for (const window of windows) {
          const ratio = ratioOf(sli, window.index)
          if (ratio !== null) text += line(name, labels, window.tail, ratio)
        }
      }
      return text
    },
  }
}

function burnRates(slos: readonly SloSeries[]): CohortSampleWriter {
  const name = 'cohortd_slo_burn_rate'
  const series = slos.map((slo) => ({
    slo,
    windows: slo.windows.map((window) => ({
      index: window.index,
      tail: tailOf({ slo: slo.name, window: window.name }),
    })),
  }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { slo, windows } of series) {
        const sli = sliOf(cohort, slo)
        if (sli === null || !cohort.sufficient(slo.index)) continue
        for (const window of windows) {
          const burn = burnRate(sli, window.index, slo.budget)
          if (burn !== null) text += line(name, labels, window.tail, burn)
        }
      }
      return text
    },
  }
}

function budgets(slos: readonly SloSeries[]): CohortSampleWriter {
  const name = 'cohortd_slo_error_budget_remaining_ratio'
  const series = slos.map((slo) => ({ slo, tail: tailOf({ slo: slo.name }) }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { slo, tail } of series) {
        const sli = sliOf(cohort, slo)
        const remaining = sli === null ? null : budgetRemaining(sli, slo)
        if (remaining !== null) text += line(name, labels, tail, remaining)
      }
      return text
    },
  }
}

function alerts(slos: readonly SloSeries[]): CohortSampleWriter {
  const name = 'cohortd_slo_alert_firing'
  const series = slos.map((slo) => ({
    slo,
    severities: slo.severities.map((severity) => ({ severity, tail: tailOf({ slo: slo.name, severity }) })),
  }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { slo, severities } of series) {
        if (sliOf(cohort, slo) === null) continue
        const firing = cohort.alerts[slo.index]
        for (const { severity, tail } of severities) text += line(name, labels, tail, firing === severity ? 1 : 0)
      }
      return text
    },
  }
}

function sufficiency(slos: readonly SloSeries[]): CohortSampleWriter {
  const name = 'cohortd_slo_sufficient_data'
  const series = slos.map((slo) => ({ slo, tail: tailOf({ slo: slo.name }) }))
  return {
    name,
    samples(cohort, labels) {
      let text = ''
      for (const { slo, tail } of series)
        if (sliOf(cohort, slo) !== null) text += line(name, labels, tail, cohort.sufficient(slo.index) ? 1 : 0)
      return text
    },
  }
}
