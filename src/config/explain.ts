// What a configuration means, in plain text, for `cohortd check`.
import { formatMs, formatSeconds } from '../model/duration.ts'
import { withFlagEvaluations } from '../model/flag-evaluations.ts'
import type {
  ListenAddress,
  RedisSettings,
  RedisTls,
  ResourceVariantRule,
  Settings,
  StoreSettings,
  TagRule,
} from '../model/settings.ts'
import type { BurnPolicy, BurnRule, Slo } from '../model/slo.ts'
import { errorBudget } from '../model/slo.ts'
import { maskPasswords } from '../model/url.ts'
import { redisUrls } from './compile-store.ts'
import { matcherText, sliSentence } from './explain-sli.ts'
import type { Loaded } from './load.ts'
import { formatBytes } from './size.ts'

type Row = readonly [label: string, text: string]

/** A page that says what was understood. `loaded` has settings, that is no problems; else the page is empty. */
export function renderUnderstanding(loaded: Loaded): string {
  const { settings } = loaded
  if (settings === null) return ''
  const blocks = [
    block('Configuration', [
      ['from', loaded.file ?? 'built-in defaults (no file)'],
      ['hash', settings.configHash],
    ]),
    block('Listens on', listeners(settings)),
    block('Keeps', keeping(settings)),
    block('Cohorts', cohortRules(settings)),
    block(
      'SLIs',
      withFlagEvaluations(settings.engine.slis).map((sli): Row => [sli.name, sliSentence(sli)]),
    ),
    ...settings.engine.slos.map(sloBlock),
    block('Experiments', experiments(settings)),
    block('Sends', sending(settings)),
    list('Not active yet', settings.inactive),
    list('Notes', loaded.notes),
  ]
  return `${blocks.filter((text) => text !== '').join('\n\n')}\n`
}

function block(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const width = Math.max(...rows.map(([label]) => label.length))
  return [title, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)].join('\n')
}

function list(title: string, sentences: readonly string[]): string {
  return sentences.length === 0 ? '' : [title, ...sentences.map((sentence) => `  ${sentence}`)].join('\n')
}

/** `127.0.0.1:4317`, `[::1]:4317`. */
function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port === 0 ? 'any free port' : port}`
}

function listeners({ receivers, api }: Settings): Row[] {
  const { grpc, http, corsOrigins } = receivers
  const browsers = corsOrigins.length === 0 ? '' : `, browsers from ${corsOrigins.join(', ')}`
  return [
    ['OTLP/gRPC', grpc === null ? 'off' : formatAddress(grpc)],
    ['OTLP/HTTP', http === null ? 'off' : formatAddress(http) + browsers],
    ['API', formatAddress(api)],
    [
      'limits',
      `${formatBytes(receivers.maxRequestBytes)} a request, ${formatBytes(receivers.maxInFlightBytes)} at once`,
    ],
  ]
}

function keeping({ store, ack, eventLogLimit, engine }: Settings): Row[] {
  const retries = engine.retryWindowMs === 0 ? 'counted twice' : `recognised for ${formatMs(engine.retryWindowMs)}`
  return [
    ...stateRows(store),
    ['acknowledges', ack === 'memory' ? 'once it has counted in memory' : 'once the state above holds what it counted'],
    ['events', `the latest ${eventLogLimit}`],
    ['retried requests', retries],
  ]
}

function stateRows(store: StoreSettings): Row[] {
  if (store.type === 'memory') return [['state', 'in memory, lost at the end of the process']]
  if (store.type === 'sqlite') return [['state', `in SQLite at ${store.path}`]]
  const { tls, keyPrefix, replicaName } = store.redis
  return [
    ['state', `in ${redisPlace(store.redis)}, under keys that begin with ${keyPrefix}`],
    ...(tls === null ? [] : [['TLS to Redis', tlsSentence(tls)] as const]),
    ...(replicaName === null ? [] : [['this replica', replicaName] as const]),
  ]
}

/** Where Redis is and who is logged in; passwords stay unsaid. */
function redisPlace({ servers, username, password }: RedisSettings): string {
  const urls = redisUrls(servers).map(maskPasswords).join(', ')
  const user = username === null ? '' : ` as ${username}`
  const login = `${user}${password === null ? '' : ' with a password'}`
  if (servers.kind === 'sentinel') return `Redis, the master ${servers.master} of the Sentinels at ${urls}${login}`
  return `${servers.kind === 'cluster' ? 'the Redis Cluster with' : 'Redis at'} ${urls}${login}`
}

function tlsSentence({ caFile, certFile, serverName, insecureSkipVerify }: RedisTls): string {
  const authority = caFile === null ? 'the authorities of the system' : caFile
  const name = serverName === null ? '' : ` for ${serverName}`
  const check = insecureSkipVerify
    ? 'any certificate is accepted'
    : `certificates${name} are checked against ${authority}`
  return certFile === null ? check : `${check}; its own is ${certFile}`
}

function cohortRules({ engine }: Settings): Row[] {
  const { limits } = engine
  const inherit =
    engine.inheritMs === 0 ? 'never' : `from a tagged item of their trace, for ${formatMs(engine.inheritMs)}`
  return [
    ...engine.tags.map((tag, index): Row => [index === 0 ? 'experiment' : 'or', tagSentence(tag)]),
    ...engine.resourceVariants.map((rule): Row => ['or', resourceVariantSentence(rule)]),
    ['split by', engine.segments.length === 0 ? 'nothing else' : engine.segments.join(', ')],
    ['control', `${engine.controls.join(', else ') || 'none'} (unless the experiment says)`],
    ['untagged items inherit', inherit],
    ['units', unitSentence(engine)],
    [
      'taken',
      `what ended at most ${formatMs(engine.allowedLatenessMs)} ago and at most ${formatMs(engine.allowedFutureMs)} ahead`,
    ],
    [
      'at most',
      `${limits.experiments} experiments, of each ${limits.variantsPerExperiment} variants and ${limits.cohortsPerExperiment} cohorts, idle for ${formatMs(limits.idleExpiryMs)}`,
    ],
  ]
}

function unitSentence({ unitAttributes, limits }: Settings['engine']): string {
  if (unitAttributes.length === 0) return 'not looked at'
  return `by ${unitAttributes.join(', else ')}, hashed; of each experiment up to ${limits.unitsPerExperiment}, else a sample`
}

function resourceVariantSentence({
  experiment,
  attribute,
  variant,
  variants,
  others,
  where,
}: ResourceVariantRule): string {
  const resources = where === null ? 'all resources' : `resources where ${matcherText(where)}`
  if (attribute === null) return `${experiment}: ${resources} are of ${variant}`
  const named = [...(variants ?? [])].map(([value, name]) => `${value} is ${name}`)
  return `${experiment}: of ${resources}, by ${attribute}: ${[...named, ...othersText(others)].join(', ')}`
}

function othersText(others: ResourceVariantRule['others']): string[] {
  if (typeof others === 'object') return [`anything else is ${others.variant}`]
  return others === 'itself' ? ['its value'] : []
}

function tagSentence(tag: TagRule): string {
  if (tag.kind === 'prefix') return `NAME where there is ${tag.prefix}NAME, the variant is its value`
  return `the value of ${tag.experiment}, the variant is in ${tag.variant.join(', else ')}`
}

function sloBlock(slo: Slo): string {
  const promise =
    slo.objective === null
      ? `${slo.sli} at most ${slo.upperBound}`
      : `${Number((slo.objective * 100).toPrecision(10))} % of ${slo.sli} good`
  const share = `${promise} over ${formatSeconds(slo.windowSeconds)}`
  const rules = slo.policy.rules.map((rule): Row => [rule.severity, ruleSentence(rule, slo)])
  return block(`SLO ${slo.name}: ${share}, policy ${slo.policy.name}`, rules)
}

function ruleSentence(rule: BurnRule, slo: Slo): string {
  const windows = `${formatSeconds(rule.longSeconds)} and ${formatSeconds(rule.shortSeconds)}`
  const gate = rule.gate === null ? '' : '; speaks for rollback'
  const { objective, policy } = slo
  if (objective === null) return `at ${rule.factor}x in ${windows}: not before ${policy.minEvents} events${gate}`
  const outage = formatOutage(outageSeconds(rule, objective))
  const least = smallestAlert(rule, { objective, policy })
  return `at ${rule.factor}x in ${windows}: after ${outage} of full outage, not before ${least.events} events with ${least.bad} bad${gate}`
}

/** Seconds of steady traffic, all bad after a good past, until the burn rate of both windows is at the factor. */
export function outageSeconds(rule: BurnRule, objective: number): number {
  return rule.factor * errorBudget(objective) * Math.max(rule.longSeconds, rule.shortSeconds)
}

/** Events in the long window without which the rule cannot fire, and how many of those must be bad. */
export function smallestAlert(
  rule: BurnRule,
  slo: { objective: number; policy: BurnPolicy },
): { events: number; bad: number } {
  const events = Math.max(slo.policy.minEvents, slo.policy.minBad)
  const needed = Math.ceil(Number((rule.factor * errorBudget(slo.objective) * events).toFixed(9)))
  return { events, bad: Math.max(slo.policy.minBad, needed) }
}

function formatOutage(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`
  return `${Number((seconds / 60).toPrecision(2))} min`
}

function experiments({ engine }: Settings): Row[] {
  const declared = engine.experiments.map(({ id, owner, control, hypothesis }): Row => {
    const facts = [
      ...(control === null ? [] : [`control ${control}`]),
      ...(owner === null ? [] : [`owner ${owner}`]),
      ...(hypothesis === null ? [] : [hypothesis]),
    ]
    return [id, facts.length === 0 ? 'declared' : facts.join('; ')]
  })
  return [...declared.sort(([a], [b]) => (a < b ? -1 : 1)), ['others', 'discovered from traffic']]
}

function sending({ exporters, selfTelemetry }: Settings): Row[] {
  const targets = [
    ['results as OTLP metrics', exporters.otlp],
    ['its own telemetry', selfTelemetry],
  ] as const
  return targets.flatMap(([what, target]): Row[] =>
    target === null ? [] : [[what, `to ${target.endpoint} every ${formatMs(target.intervalMs)}`]],
  )
}
