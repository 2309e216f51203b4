// The report: what is known of an experiment at one tick, in the shape in which the API gives it.

import type { Refusal, Signal } from './signal.ts'
import type { Severity } from './slo.ts'

export interface ItemsReport {
  readonly received: number
  readonly attributed: number
  readonly unattributed: number
  readonly pending: number
  readonly duplicate: number
  readonly refused: Partial<Record<Refusal, number>>
}

export interface SliWindowReport {
  /** Valid events; for a ratio with an amount, its denominator. */
  readonly events: number
  /** Null where the SLI is a ratio with an amount, whose events are neither good nor bad. */
  readonly good: number | null
  readonly bad: number | null
  /** Null without events. */
  readonly good_ratio: number | null
  /** Of a ratio with an amount: the amount for each of the events; null without events. Absent elsewhere. */
  readonly ratio?: number | null
}

/** An SLI before the experiment began, from telemetry of the same segments that belonged to no experiment. */
export interface BaselineReport extends SliWindowReport {
  /** "1h": what was looked at. */
  readonly window: string
  /** When it was taken, RFC 3339: as the experiment began in these segments. */
  readonly taken_at: string
  readonly percentiles: Readonly<Record<string, number>> | null
  readonly mean: number | null
}

export interface SliReport {
  readonly sli: string
  /** Weighted, since the experiment began; as in SliWindowReport. */
  readonly events: number
  readonly good: number | null
  readonly bad: number | null
  readonly windows: Readonly<Record<string, SliWindowReport>>
  /** By percentile ("0.99"), over the last five minutes; null when there was nothing. */
  readonly percentiles: Readonly<Record<string, number>> | null
  /** Mean of the values of the last five minutes; of SLIs over metrics; null when there was nothing. */
  readonly mean?: number | null
  /** Present, and true, where good and bad were interpolated within a histogram's bucket, or scaled up from a sample of units. */
  readonly estimated?: true
  /** By percentile: by how much it may be wrong, the width of the histogram's bucket in which it lies; null: not bounded. Present where histograms gave the values. */
  readonly percentile_errors?: Readonly<Record<string, number | null>>
  /** Null: nothing was seen before. */
  readonly baseline: BaselineReport | null
}

export interface AlertReport {
  readonly severity: Severity
  readonly since: string
  readonly shared: boolean
}

export interface SloReport {
  readonly slo: string
  /** Null where there is an upper bound. */
  readonly objective: number | null
  /** Present where the SLO bounds a ratio. */
  readonly upper_bound?: number
  /** By window; null where the window holds no event. */
  readonly burn: Readonly<Record<string, number | null>>
  readonly sufficient: boolean
  /** Items in the longest rule window, and how many make the data sufficient. */
  readonly events: number
  readonly events_required: number
  readonly error_budget_remaining: number | null
  readonly alert: AlertReport | null
}

export interface CohortReport {
  readonly segments: Readonly<Record<string, string>>
  readonly slis: readonly SliReport[]
  readonly slos: readonly SloReport[]
}

export type Verdict = 'rollback' | 'hold' | 'continue' | 'promote'

export interface VerdictReport {
  readonly verdict: Verdict
  readonly reasons: readonly { readonly code: string; readonly message: string }[]
  readonly sufficient: boolean
  /** Items of the SLO that has most of what it needs, over the variant's cohorts, in its rules' longest window. */
  readonly events: number
  /** How many that SLO asks for; null where there is no SLO. */
  readonly events_required: number | null
}

/** Units (users, sessions) of a variant, from a sample of them once there are many. */
export interface UnitsReport {
  /** Half-width of the 95 % interval of unique_units, relative to it; 0: exact. */
  readonly relative_error: number
  /** Share of the experiment's units, and the share that the declared allocation plans for. */
  readonly share: number
  readonly expected_share: number | null
  /** Exposures beyond the first of each unit; where units are sampled, wrong by up to relativeError of the unique units. */
  readonly repeat_exposures: number
}

export interface VariantReport {
  readonly variant: string
  /** Flag evaluations that gave the variant. */
  readonly exposures: number
  /** Null: no exposure told its unit. */
  readonly unique_units: number | null
  readonly units: UnitsReport | null
  readonly verdict: VerdictReport
  readonly cohorts: readonly CohortReport[]
}

export interface Warning {
  readonly code: string
  readonly message: string
}

/** Units that were exposed to several variants of an experiment. */
export interface ContaminationReport {
  readonly units: number
  readonly contaminated: number
  readonly ratio: number
  /** 95 % interval (Wilson). */
  readonly lower: number
  readonly upper: number
}

export interface ExperimentReport {
  readonly id: string
  readonly state: 'running'
  /** First event seen, RFC 3339. */
  readonly since: string
  readonly control: string | null
  readonly hypothesis: string | null
  readonly owner: string | null
  readonly runbook_url: string | null
  readonly variants: readonly VariantReport[]
  readonly comparisons: readonly unknown[]
  /** Null: no exposure told its unit. */
  readonly contamination: ContaminationReport | null
  readonly warnings: readonly Warning[]
}

/** An entry of the list of experiments. */
export interface ExperimentSummary extends Omit<ExperimentReport, 'variants' | 'comparisons' | 'contamination'> {
  readonly variants: readonly { readonly variant: string; readonly verdict: VerdictReport }[]
}

/** The ledger of each signal: this process's, since its start. */
export type ItemsBySignal = Readonly<Record<Signal, ItemsReport | Record<string, never>>>

export interface Report {
  readonly type: 'report'
  readonly evaluated_at: string
  readonly items: ItemsBySignal
  readonly experiments: readonly ExperimentReport[]
  readonly warnings: readonly Warning[]
}
