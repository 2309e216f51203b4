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
  readonly events: number
  readonly good: number
  readonly bad: number
  /** Null without events. */
  readonly good_ratio: number | null
}

export interface SliReport {
  readonly sli: string
  /** Weighted, since the experiment began. */
  readonly events: number
  readonly good: number
  readonly bad: number
  readonly windows: Readonly<Record<string, SliWindowReport>>
  /** By percentile ("0.99"), over the last five minutes; null when there was nothing. */
  readonly percentiles: Readonly<Record<string, number>> | null
}

export interface AlertReport {
  readonly severity: Severity
  readonly since: string
  readonly shared: boolean
}

export interface SloReport {
  readonly slo: string
  readonly objective: number
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

export interface VariantReport {
  readonly variant: string
  readonly exposures: number
  readonly unique_units: number | null
  readonly verdict: VerdictReport
  readonly cohorts: readonly CohortReport[]
}

export interface Warning {
  readonly code: string
  readonly message: string
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
  readonly warnings: readonly Warning[]
}

/** An entry of the list of experiments. */
export interface ExperimentSummary extends Omit<ExperimentReport, 'variants' | 'comparisons'> {
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
