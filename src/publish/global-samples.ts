// Families that are not per cohort: objectives, verdicts, the ledger of received items, and the daemon's own.
import type { Reading } from '../model/reading.ts'
import { SIGNALS } from '../model/signal.ts'
import { GLOBAL_METRICS } from './catalogue.ts'
import type { GlobalMetricName, MetricFamily } from './catalogue.ts'
import { familyHeader, formatLabels } from './exposition-format.ts'
import type { ExpositionFormat } from './exposition-format.ts'
import type { LabelledValue, SelfMetrics } from './self-metrics.ts'

const VERDICTS = ['rollback', 'hold', 'continue', 'promote'] as const

/** Samples of the families that a reading has beside those of its cohorts. */
export function globalSamples(reading: Reading): { name: GlobalMetricName; samples: LabelledValue[] }[] {
  return [
    {
      name: 'cohortd_slo_objective_ratio',
      samples: reading.slos.map((slo) => ({ labels: { slo: slo.name }, value: slo.objective })),
    },
    {
      name: 'cohortd_experiment_verdict',
      samples: reading.variants.flatMap(({ experiment, variant, verdict: holds }) =>
        VERDICTS.map((verdict) => ({ labels: { experiment, variant, verdict }, value: verdict === holds ? 1 : 0 })),
      ),
    },
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
  readonly samples: readonly (LabelledValue & { readonly suffix?: string })[]
  readonly format: ExpositionFormat
}

function* family({ name, family: described, samples, format }: FamilyText): Generator<string> {
  if (samples.length === 0) return
  yield familyHeader(name, described, format)
  for (const { suffix, labels, value } of samples) {
    if (!Number.isFinite(value)) continue
    const pairs = formatLabels(labels)
    yield `${name}${suffix ?? ''}${pairs === '' ? '' : `{${pairs}}`} ${value}\n`
  }
}
