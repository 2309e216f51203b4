// SLIs, SLOs and burn-rate policies as the engine sees them: configuration with everything defaulted and parsed.
import type { Matcher } from './matcher.ts'

/** What is measured on a record of the SLI: nothing, its duration in seconds, or a numeric attribute. */
export type SliValue = { readonly kind: 'duration' } | { readonly kind: 'attribute'; readonly name: string }

/** A service level indicator over spans: which spans are its events, and which of those are good. */
export interface Sli {
  readonly name: string
  readonly from: 'spans'
  /** Null: every span is an event. */
  readonly where: Matcher | null
  /** An event that matches is bad, whatever else holds. */
  readonly badWhen: Matcher | null
  /** Where given, an event that does not match is bad. */
  readonly good: Matcher | null
  readonly value: SliValue | null
  /** An event whose value is not strictly below is bad. For durations in seconds. */
  readonly goodBelow: number | null
  /** Percentiles to report, each in (0, 1); empty: no digest is kept. */
  readonly percentiles: readonly number[]
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
  /** In (0, 1). */
  readonly objective: number
  readonly windowSeconds: number
  readonly policy: BurnPolicy
}

/** 1 - objective without the binary noise of that subtraction: 0.001 for 0.999. */
export function errorBudget(objective: number): number {
  return Number((1 - objective).toFixed(12))
}
