// The engine's numbers at its last tick, readable without copying: what the metric writers walk over.

import type { Refusal, Signal, Transport } from './signal.ts'
import type { Severity, Sli, Slo } from './slo.ts'

/** The counts of one SLI of one cohort. Weighted unless the name says items; `window` is an index into Reading.windows. */
export interface SliReading {
  good(window: number): number
  bad(window: number): number
  validItems(window: number): number
  badItems(window: number): number
  /** Counted by this process since its start, weighted. */
  readonly processGood: number
  readonly processBad: number
  /** Sum and (weighted) count of values seen by this process since its start; for SLIs that have a value. */
  readonly processSum: number
  readonly processCount: number
  /** The values at the given percentiles over the last five minutes, or null when there was nothing. */
  quantiles(percentiles: readonly number[]): number[] | null
}

export interface CohortReading {
  readonly experiment: string
  readonly variant: string
  /** Values in the order of Reading.segments. */
  readonly segments: readonly string[]
  /** By index into Reading.slis; null where the cohort has had no event of that SLI. */
  readonly slis: readonly (SliReading | null)[]
  /** Severity of the alert that fires, by index into Reading.slos; null: none. */
  readonly alerts: readonly (Severity | null)[]
  /** Whether the SLO has enough events to be judged, by index into Reading.slos. */
  sufficient(slo: number): boolean
}

export interface VariantReading {
  readonly experiment: string
  readonly variant: string
  readonly verdict: string
}

export interface Reading {
  /** The tick, Unix milliseconds. */
  readonly evaluatedMs: number
  readonly segments: readonly string[]
  readonly slis: readonly Sli[]
  readonly slos: readonly Slo[]
  /** All windows that are kept, in seconds, ascending. */
  readonly windows: readonly number[]
  /** Cohorts that were active within idle_expiry. */
  readonly cohorts: readonly CohortReading[]
  readonly variants: readonly VariantReading[]
  readonly ledger: LedgerReading
}

export interface LedgerReading {
  /** One row for each (signal, transport, outcome, reason) that ever occurred. */
  rows(): readonly LedgerRow[]
  pending(signal: Signal): number
}

export interface LedgerRow {
  readonly signal: Signal
  readonly transport: Transport
  readonly outcome: 'attributed' | 'unattributed' | 'duplicate' | 'refused'
  readonly reason: Refusal | ''
  readonly items: number
}
