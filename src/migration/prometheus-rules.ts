// Prometheus rules on what cohortd exposes, for those who alert from there: one series in the place of one for each replica, and one alert for
// each SLO and rule of its policy. Decides which guards of cohortd can be said in PromQL, and how.
import { type Counting, countingOf } from '../model/counting.ts'
import { formatSeconds } from '../model/duration.ts'
import type { ExperimentDeclaration } from '../model/settings.ts'
import type { BurnRule, Sli, Slo } from '../model/slo.ts'
import { daemonRules } from './prometheus-daemon-rules.ts'
import { type AlertRule, literal, type RecordingRule, type RuleGroup, ruleFileText, selector } from './rule-file.ts'

export interface RulesWanted {
  readonly slis: readonly Sli[]
  readonly slos: readonly Slo[]
  readonly experiments: readonly Pick<ExperimentDeclaration, 'id' | 'runbookUrl'>[]
  /** Names of the segment labels on /metrics. */
  readonly segmentLabels: readonly string[]
  /** Name of the scrape job. */
  readonly job: string
  /** For the head: how the file was made. */
  readonly madeBy: string
}

/** Gauges and quantiles that tell the same on every replica. */
const MERGED = [
  'cohortd_slo_burn_rate',
  'cohortd_slo_sufficient_data',
  'cohortd_slo_error_budget_remaining_ratio',
  'cohortd_slo_alert_firing',
  'cohortd_sli_good_ratio',
  'cohortd_sli_ratio',
  'cohortd_sli_duration_seconds',
  'cohortd_experiment_verdict',
] as const

/** Counters of which the rate of all replicas together is kept. */
const ADDED_UP = ['cohortd_sli_events', 'cohortd_receiver_items', 'cohortd_receiver_request_bytes'] as const

/** The rule file as YAML with comments. */
export function prometheusRules(wanted: RulesWanted): string {
  const burn: RuleGroup = {
    name: 'cohortd-burn-rates',
    comments: BURN_COMMENTS,
    rules: [
      ...MERGED.map(merged),
      ...guardedWindows(wanted).map(eventsOf),
      ...wanted.slos.flatMap((slo) => burnAlerts(slo, wanted)),
    ],
  }
  return ruleFileText(head(wanted), [burn, rates(wanted.job), daemonRules(wanted.job)])
}

function rates(job: string): RuleGroup {
  const added = ADDED_UP.map((name) => ({
    record: `${name.replace('cohortd_', 'cohortd:')}:rate5m`,
    expr: `sum without (instance) (rate(${name}_total[5m]))`,
  }))
  const up = { record: 'cohortd:replicas:up', expr: `sum by (job) (${selector('up', { job })})` }
  return {
    name: 'cohortd-rates',
    comments: [
      'Counters are of one process each: they are summed after rate(), so that a replica that starts again is no loss.',
    ],
    rules: [up, ...added],
  }
}

function head({ madeBy }: RulesWanted): string[] {
  return [
    `Made by ${madeBy}: make it anew when the configuration changes.`,
    'It has all that deploy/prometheus/replicas.yml has, and the alerts of alerts.yml with burn rates in the place of CohortErrorBudgetBurn:',
    'load it in their place, not beside them.',
    '',
    "How these alerts differ from cohortd's own (cohortd_slo_alert_firing, webhooks, the event stream):",
    '- They are looked at in the interval of the rules, on what was scraped last: later by both.',
    '- Every rule is an alert of its own. cohortd has one for each cohort and SLO, which rises from ticket to page.',
    '- None of them is `shared`: whether the control burns too is not looked at.',
    '- A burn rate that is just at its factor can be lost to rounding.',
    '- They end when the long window has recovered too; cohortd ends an alert as soon as no short window burns.',
    '- min_bad, and min_events where the long window is not the longest of the policy, are judged by counters, which weigh',
    '  sampled spans and begin with the first scrape; cohortd counts items.',
  ]
}

const BURN_COMMENTS = [
  'First one series in the place of one for each replica: the highest of those whose store does its work, of all where none is in reach of',
  'it. The alerts after them are of the same moment, since the rules of a group are evaluated one after the other.',
  'Counts of a window are what the counters grew by; of a cohort that was not there a window ago they are the counters themselves, since',
  'increase() leaves out what came before the first scrape.',
]

/** `cohortd:slo_burn_rate:max` of cohortd_slo_burn_rate. */
function mergedName(metric: string): string {
  return `${metric.replace('cohortd_', 'cohortd:')}:max`
}

function merged(metric: string): RecordingRule {
  return {
    record: mergedName(metric),
    expr: [
      `max without (instance) (${metric} and on (job, instance) cohortd_store_available == 1)`,
      `or max without (instance) (${metric})`,
    ].join('\n'),
  }
}

function eventsName(window: string): string {
  return `cohortd:sli_events:increase${window}`
}

function eventsOf(window: string): RecordingRule {
  const counter = 'cohortd_sli_events_total'
  return {
    record: eventsName(window),
    expr: [
      `(sum without (instance) (${counter}) unless sum without (instance) (${counter} offset ${window}))`,
      `or sum without (instance) (increase(${counter}[${window}]))`,
    ].join('\n'),
  }
}

// -------------------------------------------------------------------------------------------------- guards

interface Guards {
  /** Least number of valid events by counters; null: need not, or cannot, be asked. */
  readonly events: number | null
  readonly bad: number | null
}

const NO_GUARDS: Guards = { events: null, bad: null }

/** What counters can say of a rule's guards. Enough data for the longest window is what cohortd_slo_sufficient_data says, exactly. */
function guardsOf(rule: BurnRule, slo: Slo, slis: readonly Sli[]): Guards {
  const sli = slis.find(({ name }) => name === slo.sli)
  // What is expected of ingest is no counter.
  if (sli === undefined || sli.from === 'ingest') return NO_GUARDS
  const longest = Math.max(...slo.policy.rules.map(({ longSeconds }) => longSeconds))
  const { minEvents, minBad } = slo.policy
  return {
    events: rule.longSeconds < longest && minEvents > 1 ? minEvents : null,
    bad: countingOf(sli) === 'amount' || minBad <= 1 ? null : minBad,
  }
}

/** Windows for which some rule needs counts. */
function guardedWindows({ slos, slis }: RulesWanted): string[] {
  const seconds = slos.flatMap((slo) =>
    slo.policy.rules.flatMap((rule) => {
      const { events, bad } = guardsOf(rule, slo, slis)
      return events === null && bad === null ? [] : [rule.longSeconds]
    }),
  )
  return [...new Set(seconds)].sort((a, b) => a - b).map(formatSeconds)
}

/** Outcomes of the counter whose sum is the valid events. */
const VALID: Readonly<Record<Counting, readonly (string | null)[]>> = {
  judged: [null],
  good_of_valid: ['valid'],
  bad_of_valid: ['valid'],
  amount: ['valid'],
}

function guardExpressions(rule: BurnRule, slo: Slo, { wanted, by }: { wanted: RulesWanted; by: string }): string[] {
  const { events, bad } = guardsOf(rule, slo, wanted.slis)
  const sli = wanted.slis.find(({ name }) => name === slo.sli)
  if (sli === undefined) return []
  const counting = countingOf(sli)
  const name = eventsName(formatSeconds(rule.longSeconds))
  const sum = (outcome: string | null): string =>
    `sum by (${by}) (${selector(name, { sli: sli.name, ...(outcome === null ? {} : { outcome }) })})`
  const badCount = counting === 'good_of_valid' ? `${sum('valid')} - ${sum('good')}` : sum('bad')
  return [
    ...(events === null ? [] : [`${VALID[counting].map(sum).join(' + ')} >= ${events}`]),
    ...(bad === null ? [] : [`${badCount} >= ${bad}`]),
  ]
}

// -------------------------------------------------------------------------------------------------- alerts

function burnAlerts(slo: Slo, wanted: RulesWanted): AlertRule[] {
  const { objective, upperBound } = slo
  const promise = objective === null ? `upper bound ${upperBound}` : `objective ${objective}`
  const about = `SLO ${oneLine(slo.name)}: ${promise}, policy ${oneLine(slo.policy.name)}.`
  return slo.policy.rules.map((rule, at) => {
    return { ...(at === 0 ? { comments: [about] } : {}), ...burnAlert(rule, slo, wanted) }
  })
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

function burnAlert(rule: BurnRule, slo: Slo, wanted: RulesWanted): AlertRule {
  const by = ['experiment', 'variant', ...wanted.segmentLabels].join(', ')
  const [long, short] = [formatSeconds(rule.longSeconds), formatSeconds(rule.shortSeconds)]
  const burn = (window: string): string =>
    `max by (${by}) (${selector(mergedName('cohortd_slo_burn_rate'), { slo: slo.name, window })}) >= ${rule.factor}`
  const sufficient = `max by (${by}) (${selector(mergedName('cohortd_slo_sufficient_data'), { slo: slo.name })}) == 1`
  const conditions = [burn(long), burn(short), sufficient, ...guardExpressions(rule, slo, { wanted, by })]
  const runbook = runbookTemplate(wanted.experiments)
  return {
    alert: 'CohortBurnRate',
    expr: conditions.join('\nand '),
    for: '0m',
    labels: { slo: literal(slo.name), severity: rule.severity, long_window: long, short_window: short },
    annotations: {
      summary: summaryOf(slo, { factor: rule.factor, long, short }),
      burn_rate: '{{ printf "%.4g" $value }}',
      factor: String(rule.factor),
      ...(rule.gate === null ? {} : { gate: rule.gate }),
      ...(runbook === null ? {} : { runbook_url: runbook }),
    },
  }
}

function summaryOf(slo: Slo, rule: { factor: number; long: string; short: string }): string {
  const { factor, long, short } = rule
  const what =
    slo.upperBound === null
      ? `burns the error budget of ${literal(slo.name)} {{ printf "%.4g" $value }} times as fast as allowed`
      : `is at {{ printf "%.4g" $value }} times the upper bound of ${literal(slo.name)}`
  return `{{ $labels.variant }} of {{ $labels.experiment }} ${what} over ${long} (at least ${factor} over ${long} and ${short})`
}

/** The runbook of the alert's experiment; null where no experiment has one. */
function runbookTemplate(experiments: RulesWanted['experiments']): string | null {
  const known = experiments.flatMap(({ id, runbookUrl }) => (runbookUrl === null ? [] : [{ id, runbookUrl }]))
  if (known.length === 0) return null
  const branches = known.map(
    ({ id, runbookUrl }, at) =>
      `{{ ${at === 0 ? 'if' : 'else if'} eq $labels.experiment ${JSON.stringify(id)} }}${literal(runbookUrl)}`,
  )
  return `${branches.join('')}{{ end }}`
}
