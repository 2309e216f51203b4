// SLIs, SLOs and burn-rate policies as the engine sees them: configuration with everything defaulted and parsed.
import type { Matcher } from './matcher.ts'

/** What is measured on a record of the SLI: nothing, its duration in seconds, or a numeric attribute. */
export type SliValue = { readonly kind: 'duration' } | { readonly kind: 'attribute'; readonly name: string }

interface SliCommon {
  readonly name: string
  /** Percentiles to report, each in (0, 1); empty: no digest is kept. */
  readonly percentiles: readonly number[]
}

/** Which records are events of an SLI, and which of those are good. */
export interface Judgement {
  /** Null: every record is an event. */
  readonly where: Matcher | null
  /** A record that matches is no event, though `where` matches. */
  readonly ignoreWhen: Matcher | null
  /** An event that matches is bad, whatever else holds. */
  readonly badWhen: Matcher | null
  /** Where given, an event that does not match is bad. */
  readonly good: Matcher | null
  readonly value: SliValue | null
  /** An event whose value is not strictly below is bad. For durations in seconds. */
  readonly goodBelow: number | null
}

/** Every span may be an event. */
export interface SpanSli extends SliCommon, Judgement {
  readonly from: 'spans'
}

/** What the counted events of an EventSli are compared with. */
export type Valid =
  /** Nothing: each is itself good or bad, as judged. */
  | { readonly kind: 'judged' }
  /** Exposures of the variant; the events judged good are the good ones. */
  | { readonly kind: 'exposures' }
  /** Records that match, of one signal. The events judged good are the good ones or, where `good` is null, those judged bad the bad ones. */
  | { readonly kind: 'records'; readonly from: 'spans' | 'events'; readonly where: Matcher | null }

/** How an event without an own tag finds its variant by its unit (a user or session). */
export interface UnitAttribution {
  /** How long after the unit's first exposure an event still belongs to it. */
  readonly windowMs: number
  /** Whether each exposed unit is one valid event, good once it has had one good event. */
  readonly oncePerUnit: boolean
}

/** Log records and span events, by event name or severity. */
export interface EventSli extends SliCommon, Judgement {
  readonly from: 'events'
  readonly valid: Valid
  /** Null: by tag and by trace, as everywhere. */
  readonly attribution: UnitAttribution | null
}

/** Data points of one metric: points of gauges and sums are events, those of histograms hold events. */
export interface MetricSli extends SliCommon {
  readonly from: 'metrics'
  readonly metric: string
  readonly where: Matcher | null
  readonly ignoreWhen: Matcher | null
  readonly badWhen: Matcher | null
  readonly goodBelow: number | null
  /** There where goodBelow is a duration, which holds whatever unit of time the metric has; else it is in the metric's own unit. */
  readonly goodBelowUnit?: 'seconds'
}

/** What is taken of the points of a metric. `value`: of gauges and sums; `count` and `sum`: of histograms. */
export interface MetricPart {
  readonly metric: string
  readonly part: 'value' | 'count' | 'sum'
  readonly where: Matcher | null
}

/** A ratio of two metrics. */
export interface RatioSli extends SliCommon {
  readonly from: 'ratio'
  readonly numerator: MetricPart
  readonly denominator: MetricPart
  /** `good`, `bad`: the numerator counts those of the denominator that are so. `amount`: it is something else, such as a cost. */
  readonly numeratorIs: 'good' | 'bad' | 'amount'
}

/** Items received of a cohort, against what its service had before the experiment began. */
export interface IngestSli extends SliCommon {
  readonly from: 'ingest'
}

/** A service level indicator. */
export type Sli = SpanSli | EventSli | MetricSli | RatioSli | IngestSli

/** All matchers of an SLI. */
export function matchersOf(sli: Sli): Matcher[] {
  const matchers: (Matcher | null)[] = []
  if ('where' in sli) matchers.push(sli.where, sli.ignoreWhen, sli.badWhen)
  if ('good' in sli) matchers.push(sli.good)
  if (sli.from === 'events' && sli.valid.kind === 'records') matchers.push(sli.valid.where)
  if (sli.from === 'ratio') matchers.push(sli.numerator.where, sli.denominator.where)
  return matchers.flatMap((matcher) => (matcher === null ? [] : [matcher]))
}

export const SEVERITIES = ['ticket', 'page'] as const
/** From the least to the most urgent. */
export type Severity = (typeof SEVERITIES)[number]

/** Fires when burn in both windows is at the factor. SRE Workbook, chapter 5. */
export interface BurnRule {
  readonly severity: Severity
  readonly factor: number
  readonly longSeconds: number
  readonly shortSeconds: number
  /** An alert of this rule is an argument for rolling back. */
  readonly gate: 'rollback' | null
}

export interface BurnPolicy {
  readonly name: string
  readonly rules: readonly BurnRule[]
  /** Valid and bad items that the long window must hold before a rule may fire. */
  readonly minEvents: number
  readonly minBad: number
}

export interface Slo {
  readonly name: string
  readonly sli: string
  /** Share of events that must be good, in (0, 1); null where there is an upper bound. */
  readonly objective: number | null
  /** What the ratio of a RatioSli must not be above; burn is the ratio divided by it. Null where there is an objective. */
  readonly upperBound: number | null
  readonly windowSeconds: number
  readonly policy: BurnPolicy
}

/** 1 - objective without the binary noise of that subtraction: 0.001 for 0.999. */
export function errorBudget(objective: number): number {
  return Number((1 - objective).toFixed(12))
}
