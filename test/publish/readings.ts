// Readings by hand, with no engine behind them.
import type { CohortReading, Reading, SliReading } from '../../src/model/reading.ts'
import type {
  BurnPolicy,
  EventSli,
  IngestSli,
  MetricSli,
  RatioSli,
  Severity,
  Slo,
  SpanSli,
} from '../../src/model/slo.ts'

export const EXPERIMENT_POLICY: BurnPolicy = {
  name: 'experiment',
  rules: [
    { severity: 'ticket', factor: 1.5, longSeconds: 3600, shortSeconds: 300, gate: null },
    { severity: 'page', factor: 2, longSeconds: 3600, shortSeconds: 300, gate: 'rollback' },
  ],
  minEvents: 50,
  minBad: 3,
}

export function sli(name: string, more: Partial<SpanSli> = {}): SpanSli {
  return {
    name,
    from: 'spans',
    where: null,
    ignoreWhen: null,
    badWhen: null,
    good: null,
    value: null,
    goodBelow: null,
    percentiles: [],
    ...more,
  }
}

/** Log records and span events, each good or bad unless told otherwise. */
export function eventSli(name: string, more: Partial<EventSli> = {}): EventSli {
  return { ...sli(name), from: 'events', valid: { kind: 'judged' }, attribution: null, ...more }
}

export function metricSli(name: string, more: Partial<MetricSli> = {}): MetricSli {
  const conditions = { where: null, ignoreWhen: null, badWhen: null, goodBelow: null }
  return { name, from: 'metrics', metric: 'm', ...conditions, percentiles: [], ...more }
}

export function ingestSli(name: string): IngestSli {
  return { name, from: 'ingest', percentiles: [] }
}

/** A ratio of two metrics; an amount unless told otherwise. */
export function ratioSli(name: string, numeratorIs: RatioSli['numeratorIs'] = 'amount'): RatioSli {
  const part = { metric: 'm', part: 'value', where: null } as const
  return { name, from: 'ratio', numerator: part, denominator: part, numeratorIs, percentiles: [] }
}

export function slo(name: string, more: Partial<Slo> = {}): Slo {
  return {
    name,
    sli: name,
    objective: 0.999,
    upperBound: null,
    windowSeconds: 2_592_000,
    policy: EXPERIMENT_POLICY,
    ...more,
  }
}

/** Counts by window; what is not given is zero. */
export interface Counts {
  readonly good?: readonly number[]
  readonly bad?: readonly number[]
  readonly sum?: number
  readonly count?: number
  readonly quantiles?: readonly number[] | null
  /** Where it is not good and bad together. */
  readonly valid?: readonly number[]
  /** What this process has counted of both sides, where it is not what the longest window holds. */
  readonly process?: readonly [number, number]
}

export function sliReading(counts: Counts): SliReading {
  const { good = [], bad = [], sum = 0, count = 0, quantiles = null, valid } = counts
  const validIn = (window: number): number => valid?.[window] ?? (good[window] ?? 0) + (bad[window] ?? 0)
  const [processGood, processBad] = counts.process ?? [good.at(-1) ?? 0, bad.at(-1) ?? 0]
  return {
    valid: validIn,
    good: (window) => good[window] ?? 0,
    bad: (window) => bad[window] ?? 0,
    validItems: validIn,
    badItems: (window) => bad[window] ?? 0,
    totalValid: 0,
    totalGood: 0,
    totalBad: 0,
    processGood,
    processBad,
    processSum: sum,
    processCount: count,
    quantiles: () => (quantiles === null ? null : [...quantiles]),
    mean: () => null,
  }
}

export interface CohortSketch {
  readonly experiment?: string
  readonly variant?: string
  readonly segments?: readonly string[]
  readonly slis?: readonly (Counts | null)[]
  readonly alerts?: readonly (Severity | null)[]
  readonly sufficient?: boolean
}

export function cohort(sketch: CohortSketch = {}): CohortReading {
  const { experiment = 'checkout', variant = 'treatment', segments = ['shop'], slis = [], sufficient = true } = sketch
  return {
    experiment,
    variant,
    segments,
    slis: slis.map((counts) => (counts === null ? null : sliReading(counts))),
    alerts: sketch.alerts ?? slis.map(() => null),
    sufficient: () => sufficient,
  }
}

/** Windows 5m, 1h, 30d; one SLI and SLO `availability` unless told otherwise. */
export function reading(more: Partial<Reading> = {}): Reading {
  return {
    evaluatedMs: 1_767_225_600_000,
    segments: ['service.name'],
    slis: [sli('availability')],
    slos: [slo('availability')],
    windows: [300, 3600, 2_592_000],
    cohorts: [],
    variants: [],
    ledger: { rows: () => [], pending: () => 0 },
    streams: { live: 0, points: {} },
    ...more,
  }
}
