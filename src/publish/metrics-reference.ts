// docs/reference/metrics.md, made of the catalogue.

import type { CohortMetricName, GlobalMetricName, MetricFamily } from './catalogue.ts'
import { COHORT_LABELS, COHORT_METRICS, GLOBAL_METRICS } from './catalogue.ts'
import { DAEMON_METRICS } from './catalogue-daemon.ts'
import { otlpMetric } from './otlp-layout.ts'

const OTLP_METRICS: readonly (CohortMetricName | GlobalMetricName)[] = [
  ...(Object.keys(COHORT_METRICS) as CohortMetricName[]),
  'cohortd_slo_objective_ratio',
  'cohortd_experiment_verdict',
]

/** The page. */
export function metricsReference(): string {
  return `# Metrics

\`GET /metrics\` gives text 0.0.4, or OpenMetrics 1.0 where the Accept header prefers it, and gzip where Accept-Encoding asks.
This page is made from the catalogue in src/publish/ (\`npm run check -- --write\`).

Counters are of this process since its start: sum them over replicas. Gauges are the same on every replica: take the maximum.
No sample is NaN. What cannot be told is absent: a burn rate until there is enough data (\`cohortd_slo_sufficient_data\` says
so), a ratio or a budget while its window holds no event, quantiles when there was nothing in the last five minutes.

Windows are a label (\`window="1h"\`): 5m, those of the policies in use, and the own window of each SLO.

## Cohorts

One series per cohort: labels experiment, variant, and one per configured segment. A segment's label is its name with
everything but letters, digits and underscores replaced (\`service.name\` is \`service_name\`); where that is taken already it
begins with \`segment_\`. Cohorts without events for \`idle_expiry\` leave the page.

${table(COHORT_METRICS, COHORT_LABELS)}

## Experiments, objectives, receivers

${table(GLOBAL_METRICS, [])}

\`outcome\` is one of attributed, unattributed, duplicate, refused; \`reason\` is empty but for refused: malformed, late,
future, overload, unauthorized or limit. The sum over all outcomes and the pending items is what was received.

## The daemon itself

${table(DAEMON_METRICS, [])}

## Over OTLP

\`exporters.otlp\` sends these over OTLP/gRPC, with \`experiment\`, \`variant\` and the segments under their own names as
attributes. Prometheus' translation of names and units gives the names above back. OTLP has no summary: quantiles are a
gauge with the attribute \`quantile\`; sums and counts of values are at /metrics only.

| at /metrics | over OTLP | unit | kind |
|---|---|---|---|
${OTLP_METRICS.map(otlpRow).join('\n')}
`
}

function table(families: Readonly<Record<string, MetricFamily>>, scope: readonly string[]): string {
  const rows = Object.entries(families).map(([name, { type, labels, help }]) => {
    const own = [...(scope.length > 0 ? ['(cohort)'] : []), ...labels].join(', ')
    return `| \`${name}\` | ${type} | ${own} | ${help} |`
  })
  return ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function otlpRow(name: CohortMetricName | GlobalMetricName): string {
  const { name: otlp, unit, monotonic } = otlpMetric(name)
  return `| \`${name}\` | \`${otlp}\` | ${unit === '' ? '' : `\`${unit}\``} | ${monotonic ? 'sum, monotonic, cumulative' : 'gauge'} |`
}
