// Every metric that the daemon exposes, as data: the writers and the reference page are made of it, so neither can
// know a name that the other does not.

export type MetricType = 'counter' | 'gauge' | 'summary' | 'histogram'
export type MetricUnit = 'seconds' | 'bytes' | 'ratio'

export interface MetricFamily {
  readonly type: MetricType
  readonly unit: MetricUnit | null
  readonly help: string
  /** Label names after those of the scope. */
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets?: readonly number[]
}

/** One sample series for each cohort: labels experiment, variant and one per segment come first. */
export const COHORT_METRICS = {
  cohortd_sli_events_total: {
    type: 'counter',
    unit: null,
    help: 'Events of the SLI by outcome, weighted, counted by this process since its start: good and bad, or valid and one of these where the other is derived from both.',
    labels: ['sli', 'outcome'],
  },
  cohortd_sli_value: {
    type: 'summary',
    unit: null,
    help: 'Values of an SLI over an attribute or a metric: quantiles of the last five minutes, sum and count since the start of this process.',
    labels: ['sli', 'quantile'],
  },
  cohortd_sli_duration_seconds: {
    type: 'summary',
    unit: 'seconds',
    help: 'Durations of an SLI: quantiles of the last five minutes, sum and count since the start of this process.',
    labels: ['sli', 'quantile'],
  },
  cohortd_sli_good_ratio: {
    type: 'gauge',
    unit: 'ratio',
    help: 'Good events as a share of the valid ones in the trailing window, 1 at most; absent where the window holds none.',
    labels: ['sli', 'window'],
  },
  cohortd_sli_ratio: {
    type: 'gauge',
    unit: null,
    help: 'Amount for each of the valid events in the trailing window, of an SLI whose ratio has an upper bound; absent where the window holds none.',
    labels: ['sli', 'window'],
  },
  cohortd_slo_burn_rate: {
    type: 'gauge',
    unit: null,
    help: 'Bad share of the trailing window divided by the error budget (1 - objective), or a ratio divided by its upper bound; absent until there is enough data.',
    labels: ['slo', 'window'],
  },
  cohortd_slo_error_budget_remaining_ratio: {
    type: 'gauge',
    unit: 'ratio',
    help: 'Share of the error budget, or of the upper bound, that is left in the window of the SLO; negative when overspent, absent without events.',
    labels: ['slo'],
  },
  cohortd_slo_alert_firing: {
    type: 'gauge',
    unit: null,
    help: 'Whether the burn alert of the cohort and SLO fires at this severity (1) or not (0).',
    labels: ['slo', 'severity'],
  },
  cohortd_slo_sufficient_data: {
    type: 'gauge',
    unit: null,
    help: 'Whether the cohort has enough events for the SLO to be judged (1) or not (0).',
    labels: ['slo'],
  },
} as const satisfies Record<string, MetricFamily>

/** Series of a variant (labels experiment and variant come first), of an SLO or of the receivers. */
export const GLOBAL_METRICS = {
  cohortd_slo_objective_ratio: {
    type: 'gauge',
    unit: 'ratio',
    help: 'Objective of the SLO as configured; absent where it has an upper bound.',
    labels: ['slo'],
  },
  cohortd_slo_upper_bound: {
    type: 'gauge',
    unit: null,
    help: 'What the ratio of the SLO must not be above, as configured; absent where it has an objective.',
    labels: ['slo'],
  },
  cohortd_experiment_exposures_total: {
    type: 'counter',
    unit: null,
    help: 'Flag evaluations that gave the variant, weighted, counted by this process since its start.',
    labels: ['experiment', 'variant'],
  },
  cohortd_experiment_unique_units: {
    type: 'gauge',
    unit: null,
    help: 'Units (users, sessions) that were exposed to the variant; an estimate once there are many. Absent where no exposure told its unit.',
    labels: ['experiment', 'variant'],
  },
  cohortd_metric_streams: {
    type: 'gauge',
    unit: null,
    help: 'Time series of received metrics that are told apart now.',
    labels: [],
  },
  cohortd_metric_stream_points_total: {
    type: 'counter',
    unit: null,
    help: 'Data points of received metrics by what was found of them or of their time series, since the start of this process.',
    labels: ['finding'],
  },
  cohortd_experiment_verdict: {
    type: 'gauge',
    unit: null,
    help: 'The verdict on the variant: 1 for the one that holds, 0 for the others.',
    labels: ['experiment', 'variant', 'verdict'],
  },
  cohortd_receiver_items_total: {
    type: 'counter',
    unit: null,
    help: 'Received spans, data points and log records by what became of them; each is counted once.',
    labels: ['signal', 'transport', 'outcome', 'reason'],
  },
  cohortd_receiver_pending_items: {
    type: 'gauge',
    unit: null,
    help: 'Items that wait for the trace, or the unit, that tells their experiment.',
    labels: ['signal'],
  },
} as const satisfies Record<string, MetricFamily>

export const COHORT_LABELS: readonly string[] = ['experiment', 'variant']

export type CohortMetricName = keyof typeof COHORT_METRICS
export type GlobalMetricName = keyof typeof GLOBAL_METRICS
