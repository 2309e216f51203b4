// What one piece of the configuration says of another: names that must exist, rules that must be able to fire,
// addresses that must not be taken twice.
import { FLAG_EVALUATIONS } from '../model/flag-evaluations.ts'
import type { ListenAddress } from '../model/settings.ts'
import { errorBudget } from '../model/slo.ts'
import { MAX_NAME_LENGTH } from '../model/tag-names.ts'
import type { Located } from './located.ts'
import { descend, isGiven, placeOf, plain, scalarAt } from './located.ts'
import type { Entry, EntryList, Pieces } from './pieces.ts'
import { BUILT_IN_POLICIES } from './policies.ts'
import type { KeyPath, Problem } from './problem.ts'
import { formatPath } from './problem.ts'
import type { ExperimentConfig } from './schema/experiments.ts'
import type { SliConfig } from './schema/slis.ts'
import type { SloConfig } from './schema/slos.ts'
import { formatBytes } from './size.ts'
import { nearest } from './suggest.ts'
import { describeFound } from './validate.ts'

type Report = (path: KeyPath, expected: string, suggestion?: string | null) => void

/** Problems between pieces that are each fine alone; what is `known` to be wrong is not blamed again. */
export function checkReferences(pieces: Pieces, options: { tree: Located; known: readonly Problem[] }): Problem[] {
  const { tree } = options
  const problems: Problem[] = []
  const blamed = new Set(options.known.map(({ path }) => formatPath(path)))
  const report: Report = (path, expected, suggestion = null) => {
    if (blamed.has(formatPath(path))) return
    const found = describeFound(isGiven(tree, path) ? plain(descend(tree, path).node) : undefined, path, tree)
    problems.push({ place: placeOf(tree, path), path, found, expected, suggestion })
  }
  if (pieces.slos.given) checkSlos(pieces, report)
  checkUnits(pieces, report)
  checkAttribution(pieces, tree, report)
  checkPolicyNames(pieces, report)
  checkDeadRules(pieces, tree, report)
  checkExperiments(pieces, report)
  checkListeners(pieces, tree, report)
  checkAcknowledgement(pieces, report)
  return problems
}

/** Whether the SLI tells good events from bad ones. */
export function hasCriterion(sli: SliConfig): boolean {
  if (sli.from === 'ingest') return true
  if (sli.from === 'metrics' && sli.numerator !== undefined) return true
  if (sli.good_below !== undefined || sli.bad_when !== undefined) return true
  return sli.from !== 'metrics' && sli.good !== undefined
}

/** Whether the SLI is a ratio of two metrics whose numerator is an amount: said so, or no SLO has an objective for it. */
export function isAmount(sli: SliConfig, pieces: Pieces): boolean {
  if (sli.from !== 'metrics' || sli.numerator === undefined) return false
  if (sli.numerator_is !== undefined) return sli.numerator_is === 'amount'
  return !pieces.slos.entries.some(({ value }) => value?.sli === sli.name && value.objective !== undefined)
}

function checkPromise(index: number, slo: SloConfig, { pieces, report }: { pieces: Pieces; report: Report }): void {
  const sli = pieces.slis.entries.find(({ name }) => name === slo.sli)?.value ?? null
  if (sli === null && slo.sli !== FLAG_EVALUATIONS.name) return
  const isOfAmount = sli !== null && isAmount(sli, pieces)
  if (slo.upper_bound !== undefined && !isOfAmount)
    report(
      ['slos', index, 'upper_bound'],
      'objective, unless the SLI is a ratio of two metrics with numerator_is: amount',
    )
  if (slo.objective !== undefined && isOfAmount)
    report(['slos', index, 'objective'], 'upper_bound, since the numerator of the SLI is an amount')
}

/** Without units nothing is attributed by them. */
function checkUnits({ slis, sections }: Pieces, report: Report): void {
  if (sections.cohorts.units.attributes.length > 0) return
  for (const { index, value } of slis.entries)
    if (value?.from === 'events' && value.attribution?.by === 'unit')
      report(
        ['slis', index, 'attribution'],
        '{by: trace}, since cohorts.units.attributes is empty; or the attribute of the unit there',
      )
}

function checkAttribution({ slis }: Pieces, tree: Located, report: Report): void {
  for (const { index, value } of slis.entries) {
    const path = ['slis', index, 'attribution', 'window']
    if (value?.from === 'events' && value.attribution?.by === 'trace' && isGiven(tree, path))
      report(path, 'no such key beside by: trace, where cohorts.inherit_from_trace says how long')
  }
}

const CRITERION = 'an SLI that says what is good or bad (bad_when, good or good_below)'

function checkSliName(
  path: KeyPath,
  name: string,
  options: { slis: EntryList<SliConfig>; criterion: boolean; report: Report },
): void {
  const { slis, report } = options
  if (name === FLAG_EVALUATIONS.name) return
  const entry = slis.entries.find((candidate) => candidate.name === name)
  if (entry === undefined) {
    if (slis.complete) report(path, ...unknownName('SLI', name, [...names(slis), FLAG_EVALUATIONS.name]))
  } else if (options.criterion && entry.sound && entry.value !== null && !hasCriterion(entry.value))
    report(path, CRITERION)
}

function unknownName(
  what: string,
  name: string,
  known: readonly string[],
): [expected: string, suggestion: string | null] {
  const expected = known.length === 0 ? `an ${what} (there is none)` : `one of the ${what}s ${known.join(', ')}`
  return [expected, nearest(name, known)]
}

function names(list: EntryList<unknown>): string[] {
  return list.entries.flatMap(({ name }) => (name === null ? [] : [name]))
}

function checkSlos(pieces: Pieces, report: Report): void {
  const policies = [...new Set([...BUILT_IN_POLICIES.keys(), ...names(pieces.policies)])]
  for (const { index, value, raw } of pieces.slos.entries) {
    const sli = value?.sli ?? textIn(raw, 'sli')
    const criterion = value?.upper_bound === undefined
    if (sli !== null) checkSliName(['slos', index, 'sli'], sli, { slis: pieces.slis, criterion, report })
    if (value !== null) checkPromise(index, value, { pieces, report })
    const policy = value?.policy ?? textIn(raw, 'policy')
    if (policy === null || policies.includes(policy) || !pieces.policies.complete) continue
    const expected = `one of the policies ${policies.join(', ')}`
    report(['slos', index, 'policy'], expected, nearest(policy, policies))
  }
}

/** Text at a key of an entry that is not usable as a whole; null where there is none. */
function textIn(raw: unknown, key: string): string | null {
  const found = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)[key] : undefined
  return typeof found === 'string' ? found : null
}

function checkPolicyNames(pieces: Pieces, report: Report): void {
  for (const { index, name } of pieces.policies.entries)
    if (name !== null && BUILT_IN_POLICIES.has(name))
      report(
        ['policies', index, 'name'],
        `a name other than ${[...BUILT_IN_POLICIES.keys()].join(' and ')}, which are built in`,
      )
}

/** Burn cannot exceed 1 / (1 - objective): everything is bad then. */
export function highestBurn(objective: number): number {
  return Number((1 / errorBudget(objective)).toPrecision(10))
}

function checkDeadRules(pieces: Pieces, tree: Located, report: Report): void {
  if (!pieces.slos.given) return
  for (const { index, value } of pieces.slos.entries) {
    if (value?.objective === undefined) continue
    const highest = highestBurn(value.objective)
    const reach = `at most ${Number(highest.toPrecision(6))}, the highest burn rate that objective ${value.objective} can reach`
    const own = pieces.policies.entries.find(({ name }) => name === value.policy && !BUILT_IN_POLICIES.has(name))
    for (const [ruleIndex, rule] of (own?.value?.rules ?? []).entries())
      if (own !== undefined && rule.factor > highest)
        report(['policies', own.index, 'rules', ruleIndex, 'factor'], `${reach} (SLO ${value.name})`)
    const dead = BUILT_IN_POLICIES.get(value.policy)?.rules.filter((rule) => rule.factor > highest) ?? []
    if (own !== undefined || dead.length === 0) continue
    const factors = dead.map((rule) => `${rule.factor}x`).join(', ')
    report(policyPath(value, index, tree), `a policy with factors of ${reach}; ${value.policy} has ${factors}`)
  }
}

function policyPath(slo: SloConfig, index: number, tree: Located): KeyPath {
  const path = ['slos', index, 'policy']
  return scalarAt(tree, path)?.value === slo.policy ? path : ['slos', index, 'objective']
}

function checkExperiments(pieces: Pieces, report: Report): void {
  const { slis } = pieces
  for (const entry of pieces.experiments.entries) {
    const { index, value } = entry
    if (value === null) continue
    checkAllocation(entry, report)
    const guarded = new Set<string>()
    for (const [at, { sli }] of (value.guardrails ?? []).entries()) {
      const path = ['experiments', index, 'guardrails', at, 'sli']
      checkSliName(path, sli, { slis, criterion: true, report })
      checkShare(path, sli, { pieces, report })
      if (guarded.has(sli)) report(path, 'an SLI that is not a guardrail of this experiment already')
      guarded.add(sli)
    }
    if (value.success === undefined) continue
    const path = ['experiments', index, 'success', 'sli']
    checkSliName(path, value.success.sli, { slis, criterion: false, report })
    checkShare(path, value.success.sli, { pieces, report })
  }
}

/** Variants whose share is wrong are among those named. */
function checkAllocation({ index, value, raw }: Entry<ExperimentConfig>, report: Report): void {
  if (value?.allocation === undefined) return
  const { control } = value
  const variants = Object.keys((raw as { allocation?: object }).allocation ?? {})
  const overlong = variants.find((variant) => variant.length > MAX_NAME_LENGTH)
  if (overlong !== undefined)
    report(
      ['experiments', index, 'allocation', overlong],
      `a variant whose name has 1 to ${MAX_NAME_LENGTH} characters`,
    )
  else if (variants.length < 2) report(['experiments', index, 'allocation'], 'at least two variants')
  else if (control !== undefined && !variants.includes(control))
    report(['experiments', index, 'control'], `one of the variants of allocation (${variants.join(', ')})`)
}

/** Variants are compared by the share of what is good or bad. */
function checkShare(path: KeyPath, name: string, { pieces, report }: { pieces: Pieces; report: Report }): void {
  const sli = pieces.slis.entries.find((entry) => entry.name === name)?.value ?? null
  if (sli !== null && isAmount(sli, pieces))
    report(
      path,
      'an SLI of good and bad events, since this one is an amount: numerator_is says where it counts good or bad ones; for an amount there is upper_bound of an SLO',
    )
}

const ANY_HOST: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

function checkListeners(pieces: Pieces, tree: Located, report: Report): void {
  const { otlp } = pieces.sections.receivers
  const protocols: KeyPath = ['receivers', 'otlp', 'protocols']
  if (otlp.protocols.grpc === null && otlp.protocols.http === null) report(protocols, 'at least one of grpc and http')
  if (otlp.max_request_size > otlp.max_in_flight) {
    const requestSize: KeyPath = ['receivers', 'otlp', 'max_request_size']
    if (isGiven(tree, requestSize)) report(requestSize, `at most max_in_flight (${formatBytes(otlp.max_in_flight)})`)
    else {
      const expected = `at least max_request_size (${formatBytes(otlp.max_request_size)} by default)`
      report(['receivers', 'otlp', 'max_in_flight'], expected)
    }
  }
  const listeners: [path: KeyPath, address: ListenAddress | undefined][] = [
    [[...protocols, 'grpc', 'endpoint'], otlp.protocols.grpc?.endpoint],
    [[...protocols, 'http', 'endpoint'], otlp.protocols.http?.endpoint],
    [['api', 'endpoint'], pieces.sections.api.endpoint],
  ]
  for (const [index, [path, address]] of listeners.entries()) {
    const taken = listeners.slice(0, index).some(([, earlier]) => clash(earlier, address))
    if (taken) report(path, 'an address where nothing else of this configuration listens')
  }
}

/** Durable acknowledgement promises that what was acknowledged is counted, and counted once, over a crash. */
function checkAcknowledgement({ sections }: Pieces, report: Report): void {
  if (sections.ack !== 'durable') return
  if (sections.store.type === 'memory')
    report(['ack'], 'memory, since store.type memory loses everything with the process; durable needs sqlite or redis')
  if (sections.receivers.otlp.retry_window === 0)
    report(
      ['receivers', 'otlp', 'retry_window'],
      'more than 0s beside ack: durable, since requests that are sent again could not be recognised',
    )
}

function clash(a: ListenAddress | undefined, b: ListenAddress | undefined): boolean {
  if (a === undefined || b === undefined || a.port !== b.port || a.port === 0) return false
  return a.host === b.host || ANY_HOST.has(a.host) || ANY_HOST.has(b.host)
}
