// Rules on the daemon's own health. Names and expressions that deploy/prometheus has are the same here.
import { type AlertRule, promText, type RuleGroup } from './rule-file.ts'

type Severity = 'page' | 'ticket'

function rule(alert: string, expr: string, about: { for: string; severity: Severity; summary: string }): AlertRule {
  return {
    alert,
    expr,
    for: about.for,
    labels: { severity: about.severity },
    annotations: { summary: about.summary },
  }
}

/** The group for a scrape job of that name. */
export function daemonRules(job: string): RuleGroup {
  const up = `up{job=${promText(job)}}`
  return {
    name: 'cohortd-itself',
    comments: ['The daemon itself.'],
    rules: [
      rule('CohortdDown', `${up} == 0`, {
        for: '1m',
        severity: 'page',
        summary: 'cohortd {{ $labels.instance }} cannot be scraped: experiments run unwatched',
      }),
      rule('CohortdAbsent', `absent(${up})`, {
        for: '5m',
        severity: 'page',
        summary: 'Prometheus has no target of the job {{ $labels.job }}: experiments run unwatched',
      }),
      ...TELEMETRY,
      ...STATE,
    ],
  }
}

const TELEMETRY: readonly AlertRule[] = [
  rule(
    'CohortdRefusesTelemetry',
    'sum by (signal, reason) (rate(cohortd_receiver_items_total{outcome="refused"}[5m])) > 0',
    {
      for: '10m',
      severity: 'ticket',
      summary:
        'cohortd refuses {{ $labels.signal }} as {{ $labels.reason }}: {{ printf "%.3g" $value }} items a second',
    },
  ),
  rule(
    'CohortdAttributesNothing',
    [
      'sum by (signal) (rate(cohortd_receiver_items_total{outcome="unattributed"}[15m])) > 0',
      'unless sum by (signal) (rate(cohortd_receiver_items_total{outcome="attributed"}[15m])) > 0',
    ].join('\n'),
    {
      for: '15m',
      severity: 'ticket',
      summary: 'no {{ $labels.signal }} that cohortd receives belong to an experiment: do they carry tags?',
    },
  ),
  rule(
    'CohortdTelemetryPends',
    [
      'sum by (signal) (cohortd_receiver_pending_items)',
      '> sum by (signal) (increase(cohortd_receiver_items_total[5m]))',
    ].join('\n'),
    {
      for: '10m',
      severity: 'ticket',
      summary:
        'more {{ $labels.signal }} wait for the trace or unit that tells their experiment than came in five minutes: {{ printf "%.0f" $value }} items',
    },
  ),
  rule('CohortdLimitReached', 'sum by (limit) (rate(cohortd_limit_overflows_total[5m])) > 0', {
    for: '10m',
    severity: 'ticket',
    summary: 'the limit {{ $labels.limit }} turns away, or sends to an overflow, what is over it',
  }),
  rule(
    'CohortdDetectsLate',
    'histogram_quantile(0.9, sum by (le) (rate(cohortd_detection_latency_seconds_bucket[30m]))) > 10',
    {
      for: '5m',
      severity: 'ticket',
      summary: 'one alert in ten was published more than {{ printf "%.0f" $value }} s after its telemetry came',
    },
  ),
]

const STATE: readonly AlertRule[] = [
  rule('CohortdCannotStore', 'rate(cohortd_store_errors_total[5m]) > 0', {
    for: '5m',
    severity: 'ticket',
    summary: 'cohortd {{ $labels.instance }} cannot write its state: a restart would lose what came since',
  }),
  rule('CohortdReplicaCutOff', 'cohortd_store_available == 0', {
    for: '1m',
    severity: 'ticket',
    summary:
      'cohortd {{ $labels.instance }} is out of reach of its store: it counts on in memory and knows its own share alone',
  }),
  rule('CohortdNotLoaded', 'cohortd_state_loaded == 0', {
    for: '10m',
    severity: 'ticket',
    summary: 'cohortd {{ $labels.instance }} has not read its state yet: until then it shows no cohort',
  }),
  rule('CohortdLostState', 'increase(cohortd_store_losses_total[15m]) > 0', {
    for: '0m',
    severity: 'ticket',
    summary:
      'something that the store of cohortd {{ $labels.instance }} held is gone without anybody having removed it',
  }),
  rule('CohortdDropsEvents', 'increase(cohortd_events_dropped_total[15m]) > 0', {
    for: '0m',
    severity: 'ticket',
    summary: 'cohortd {{ $labels.instance }} dropped events that could not wait for the store any longer',
  }),
  rule('CohortdExportFails', 'rate(cohortd_exporter_failures_total[5m]) > 0', {
    for: '10m',
    severity: 'ticket',
    summary: 'the exporter {{ $labels.exporter }} of cohortd {{ $labels.instance }} is not taken from',
  }),
  rule('CohortdConfigurationRefused', 'increase(cohortd_config_reloads_total{outcome="refused"}[15m]) > 0', {
    for: '0m',
    severity: 'ticket',
    summary: 'cohortd {{ $labels.instance }} was given a configuration that it refuses: it goes on with the one before',
  }),
  rule('CohortdReplicasDisagree', 'max by (job) (cohortd_cohorts) - min by (job) (cohortd_cohorts) > 0', {
    for: '10m',
    severity: 'ticket',
    summary:
      'replicas of {{ $labels.job }} do not know the same cohorts: do they have the same configuration, and the same Redis and key_prefix?',
  }),
]
