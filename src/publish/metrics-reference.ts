// docs/reference/metrics.md, made of the catalogue.

import type { CohortMetricName, GlobalMetricName, MetricFamily } from './catalogue.ts'
import { COHORT_LABELS, COHORT_METRICS, GLOBAL_METRICS } from './catalogue.ts'
import { DAEMON_METRICS } from './catalogue-daemon.ts'
import { EXPORTED_GLOBALS } from './global-samples.ts'
import { otlpMetric } from './otlp-layout.ts'

const OTLP_METRICS: readonly (CohortMetricName | GlobalMetricName)[] = [
  ...(Object.keys(COHORT_METRICS) as CohortMetricName[]),
  ...EXPORTED_GLOBALS,
  'cohortd_experiment_verdict',
]

/** As the time series of metrics are told apart: cumulative ones by what they gained, delta ones by their intervals. */
const FINDINGS: readonly (readonly [string, string])[] = [
  [
    'baselines',
    'The first of a cumulative series that began before the daemon was started: nothing is counted, the next one is compared with it.',
  ],
  ['resets', 'Its series began anew: it is counted whole.'],
  ['gaps', 'Counted, but something before it is missing.'],
  ['duplicates', 'Came before already: not counted again.'],
  [
    'out_of_order',
    'Older than the last one of its series: counted only where its series is delta and it lies before all that was told of it.',
  ],
  ['overlaps', 'Another writer sends the same series: not counted.'],
  ['stale', 'Says that its series has no value any more.'],
  ['refused', 'Of a new cumulative series beyond `cohorts.limits.streams`: not counted.'],
  ['untracked', 'Of a new delta series beyond that limit: counted, but duplicates of it are not found.'],
  ['unusable', 'Of no temporality, or with numbers that are not finite or contradict each other: not counted.'],
  ['unusable_amounts', 'A negative amount, or a histogram without the sum that is asked for: not counted.'],
  ['expired', 'None: a series of which nothing has come for long was forgotten.'],
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

### Outcomes

A counter must not go back, so \`cohortd_sli_events_total\` has what is counted and nothing that is derived. What it has depends
on how the SLI counts:

| SLI | \`outcome\` |
|---|---|
| each event is itself good or bad | good, bad |
| good ones of valid ones: \`good\` beside \`valid: exposures\` or a condition; \`numerator_is: good\` | good, valid |
| bad ones of valid ones: \`bad_when\` beside \`valid\` with a condition; \`numerator_is: bad\` | bad, valid |
| a ratio with an \`upper_bound\` | valid, which is its denominator: an amount is no event |
| \`from: ingest\` | good, which is what was received: what is expected is not counted |
| \`once_per_unit: true\` | none, since units are read from a sample; its good ratios are there |

Where good and valid are counted apart, each is counted at its own time: a conversion may come hours after the exposure that it
belongs to. Bad ones are the valid ones less the good ones, never fewer than none, over a window that is long against that delay;
\`cohortd_sli_good_ratio\` and the burn rates are made so.

Besides the configured SLIs there is \`flag_evaluations\`: exposures are its good events, evaluations that failed its bad ones.

## Experiments, objectives, receivers

${table(GLOBAL_METRICS, [])}

\`outcome\` is one of attributed, unattributed, duplicate, refused; \`reason\` is empty but for refused: malformed, late,
future, overload, unauthorized or limit. The sum over all outcomes and the pending items is what was received.

\`finding\` is one of these; a data point of which nothing is to be said has none:

| finding | what became of the data point |
|---|---|
${FINDINGS.map(([finding, meaning]) => `| ${finding} | ${meaning} |`).join('\n')}

## The daemon itself

${table(DAEMON_METRICS, [])}

## Over OTLP

\`exporters.otlp\` sends these over OTLP/gRPC, with \`experiment\`, \`variant\` and the segments under their own names as
attributes. Prometheus' translation of names and units gives the names above back. OTLP has no summary: quantiles are a
gauge with the attribute \`quantile\`; sums and counts of values are at /metrics only, as are the receivers' numbers.

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
