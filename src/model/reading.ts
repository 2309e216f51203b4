// The engine's numbers at its last tick, readable without copying: what the metric writers walk over.

import type { Refusal, Signal, Transport } from './signal.ts'
import type { Severity, Sli, Slo } from './slo.ts'

/**
 * The counts of one SLI of one cohort. Weighted unless the name says items; `window` is an index into Reading.windows. Valid is good and bad together,
 * except where an SLI counts two kinds of events each at its own time: then a window may hold more good ones than valid ones.
 */
export interface SliReading {
  valid(window: number): number
  good(window: number): number
  bad(window: number): number
  validItems(window: number): number
  badItems(window: number): number
  /** Since the beginning. */
  readonly totalValid: number
  readonly totalGood: number
  readonly totalBad: number
  /** Counted by this process since its start, weighted: good and bad or, where the SLI counts these, numerator and denominator. */
  readonly processGood: number
  readonly processBad: number
  /** Sum and (weighted) count of values seen by this process since its start; for SLIs that have a value. */
  readonly processSum: number
  readonly processCount: number
  /** The values at the given percentiles over the last five minutes, or null when there was nothing. */
  quantiles(percentiles: readonly number[]): number[] | null
  /** The mean of the values of the last five minutes; null when there was none. */
  mean(): number | null
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
  /** Counted by this process since its start, weighted. */
  readonly processExposures: number
  /** Null: no exposure told its unit. */
  readonly uniqueUnits: number | null
}

/** Time series of metrics, as the engine tells them apart. */
export interface StreamReading {
  /** Known now. */
  readonly live: number
  /** Data points since the start by what was found of them beside being counted, such as `duplicate` or `reset`. */
  readonly points: Readonly<Record<string, number>>
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
  readonly streams: StreamReading
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
