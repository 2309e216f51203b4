// Families that are not per cohort: objectives, verdicts, the ledger of received items, and the daemon's own.
import type { Reading, VariantReading } from '../model/reading.ts'
import { SIGNALS } from '../model/signal.ts'
import type { GlobalMetricName, MetricFamily } from './catalogue.ts'
import { GLOBAL_METRICS } from './catalogue.ts'
import type { ExpositionFormat } from './exposition-format.ts'
import { familyHeader, formatLabels } from './exposition-format.ts'
import type { LabelledValue, SelfMetrics } from './self-metrics.ts'

const VERDICTS = ['rollback', 'hold', 'continue', 'promote'] as const

/** Samples of the families that a reading has beside those of its cohorts, made as they are read. */
function globalSamples(reading: Reading): { name: GlobalMetricName; samples: Iterable<LabelledValue> }[] {
  return [
    { name: 'cohortd_slo_objective_ratio', samples: objectiveSamples(reading) },
    { name: 'cohortd_slo_upper_bound', samples: upperBoundSamples(reading) },
    { name: 'cohortd_experiment_verdict', samples: allVerdicts(reading) },
    { name: 'cohortd_experiment_exposures_total', samples: reading.variants.map(exposureSample) },
    { name: 'cohortd_experiment_unique_units', samples: reading.variants.flatMap(unitSamples) },
    { name: 'cohortd_metric_streams', samples: [{ labels: {}, value: reading.streams.live }] },
    { name: 'cohortd_metric_stream_points_total', samples: streamSamples(reading) },
    {
      name: 'cohortd_receiver_items_total',
      samples: reading.ledger.rows().map(({ signal, transport, outcome, reason, items }) => ({
        labels: { signal, transport, outcome, reason },
        value: items,
      })),
    },
    {
      name: 'cohortd_receiver_pending_items',
      samples: SIGNALS.map((signal) => ({ labels: { signal }, value: reading.ledger.pending(signal) })),
    },
  ]
}

/** A sample of a family that is not per cohort. */
export interface GlobalSample extends LabelledValue {
  readonly name: GlobalMetricName
}

/** What goes out as OTLP metrics, verdicts aside. */
export function exportedGlobals(reading: Reading): GlobalSample[] {
  const named = (name: GlobalMetricName, samples: readonly LabelledValue[]): GlobalSample[] =>
    samples.map((sample) => ({ name, ...sample }))
  return [
    ...named('cohortd_slo_objective_ratio', objectiveSamples(reading)),
    ...named('cohortd_slo_upper_bound', upperBoundSamples(reading)),
    ...named('cohortd_experiment_exposures_total', reading.variants.map(exposureSample)),
    ...named('cohortd_experiment_unique_units', reading.variants.flatMap(unitSamples)),
  ]
}

/** The objective of each SLO. */
function objectiveSamples(reading: Reading): LabelledValue[] {
  return reading.slos.flatMap(({ name, objective }) =>
    objective === null ? [] : [{ labels: { slo: name }, value: objective }],
  )
}

/** The upper bound of each SLO that has one. */
function upperBoundSamples(reading: Reading): LabelledValue[] {
  return reading.slos.flatMap(({ name, upperBound }) =>
    upperBound === null ? [] : [{ labels: { slo: name }, value: upperBound }],
  )
}

/** What was found of the points of time series. */
function streamSamples({ streams }: Reading): LabelledValue[] {
  return Object.entries(streams.points).map(([finding, value]) => ({ labels: { finding }, value }))
}

function exposureSample({ experiment, variant, processExposures }: VariantReading): LabelledValue {
  return { labels: { experiment, variant }, value: processExposures }
}

/** One sample, or none where nothing is known of units. */
function unitSamples({ experiment, variant, uniqueUnits }: VariantReading): LabelledValue[] {
  return uniqueUnits === null ? [] : [{ labels: { experiment, variant }, value: uniqueUnits }]
}

function* allVerdicts({ variants }: Reading): Generator<LabelledValue> {
  for (const variant of variants) yield* verdictSamples(variant)
}

/** One sample per verdict, 1 for the one that holds. */
export function verdictSamples({
  experiment,
  variant,
  verdict: holds,
}: Pick<VariantReading, 'experiment' | 'variant' | 'verdict'>): LabelledValue[] {
  return VERDICTS.map((verdict) => ({ labels: { experiment, variant, verdict }, value: verdict === holds ? 1 : 0 }))
}

/** The same as text, a line at a time. */
export function* globalFamilies(reading: Reading, format: ExpositionFormat): Generator<string> {
  for (const { name, samples } of globalSamples(reading))
    yield* family({ name, family: GLOBAL_METRICS[name], samples, format })
}

/** The daemon's own metrics as text, a line at a time. */
export function* selfFamilies(selfMetrics: SelfMetrics, format: ExpositionFormat): Generator<string> {
  for (const { name, family: described, samples } of selfMetrics.families())
    yield* family({ name, family: described, samples, format })
}

interface FamilyText {
  readonly name: string
  readonly family: MetricFamily
  readonly samples: Iterable<LabelledValue & { readonly suffix?: string }>
  readonly format: ExpositionFormat
}

function* family({ name, family: described, samples, format }: FamilyText): Generator<string> {
  let header = familyHeader(name, described, format)
  for (const { suffix, labels, value } of samples) {
    if (!Number.isFinite(value)) continue
    const pairs = formatLabels(labels)
    yield `${header}${name}${suffix ?? ''}${pairs === '' ? '' : `{${pairs}}`} ${value}\n`
    header = ''
  }
}
