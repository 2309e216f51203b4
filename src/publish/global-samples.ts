// Families that are not per cohort: objectives, verdicts, the ledger of received items, and the daemon's own.
import type { Reading, StreamReading, VariantReading } from '../model/reading.ts'
import { SIGNALS } from '../model/signal.ts'
import type { GlobalMetricName, MetricFamily } from './catalogue.ts'
import { GLOBAL_METRICS } from './catalogue.ts'
import type { ExpositionFormat } from './exposition-format.ts'
import { familyHeader, formatLabels } from './exposition-format.ts'
import type { LabelledValue, SelfMetrics } from './self-metrics.ts'

const VERDICTS = ['rollback', 'hold', 'continue', 'promote'] as const

/** What exported samples are made of. An engine makes its variants anew whenever it is asked for them. */
type ExportedOf = Pick<Reading, 'slos' | 'variants'>

/** What goes out as OTLP metrics too, beside the verdicts, which a snapshot holds by name. */
const EXPORTED = {
  cohortd_slo_objective_ratio: objectiveSamples,
  cohortd_slo_upper_bound: upperBoundSamples,
  cohortd_experiment_exposures_total: exposureSamples,
  cohortd_experiment_unique_units: unitSamples,
} as const satisfies Partial<Record<GlobalMetricName, (of: ExportedOf) => LabelledValue[]>>
type ExportedGlobal = keyof typeof EXPORTED

export const EXPORTED_GLOBALS = Object.keys(EXPORTED) as readonly ExportedGlobal[]

/** Samples of the families that a reading has beside those of its cohorts, made as they are read. */
function globalSamples(reading: Reading): { name: GlobalMetricName; samples: Iterable<LabelledValue> }[] {
  const { slos, variants, streams } = reading
  return [
    ...EXPORTED_GLOBALS.map((name) => ({ name, samples: EXPORTED[name]({ slos, variants }) })),
    { name: 'cohortd_experiment_verdict', samples: allVerdicts(variants) },
    { name: 'cohortd_metric_streams', samples: [{ labels: {}, value: streams.live }] },
    { name: 'cohortd_metric_stream_points_total', samples: findingSamples(streams) },
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
  readonly name: ExportedGlobal
}

/** The samples of EXPORTED_GLOBALS; a family without one is absent. */
export function exportedGlobals(of: ExportedOf): GlobalSample[] {
  return EXPORTED_GLOBALS.flatMap((name) => EXPORTED[name](of).map((sample) => ({ name, ...sample })))
}

/** The objective of each SLO. */
function objectiveSamples({ slos }: ExportedOf): LabelledValue[] {
  return slos.flatMap(({ name, objective }) =>
    objective === null ? [] : [{ labels: { slo: name }, value: objective }],
  )
}

/** The upper bound of each SLO that has one. */
function upperBoundSamples({ slos }: ExportedOf): LabelledValue[] {
  return slos.flatMap(({ name, upperBound }) =>
    upperBound === null ? [] : [{ labels: { slo: name }, value: upperBound }],
  )
}

/** What was found of the points of time series. */
function findingSamples({ points }: StreamReading): LabelledValue[] {
  return Object.entries(points).map(([finding, value]) => ({ labels: { finding }, value }))
}

function exposureSamples({ variants }: ExportedOf): LabelledValue[] {
  return variants.map(({ experiment, variant, processExposures }) => ({
    labels: { experiment, variant },
    value: processExposures,
  }))
}

/** Of the variants of which some unit is known. */
function unitSamples({ variants }: ExportedOf): LabelledValue[] {
  return variants.flatMap(({ experiment, variant, uniqueUnits }) =>
    uniqueUnits === null ? [] : [{ labels: { experiment, variant }, value: uniqueUnits }],
  )
}

function* allVerdicts(variants: readonly VariantReading[]): Generator<LabelledValue> {
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
