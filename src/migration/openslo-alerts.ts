// Alert policies of OpenSLO as burn-rate policies: each condition is a rule, all policies of an objective are one policy. Decides what stands
// in for what OpenSLO does not say: the short window, and which words of severity mean a page.
import { formatSeconds } from '../model/duration.ts'
import { errorBudget } from '../model/slo.ts'
import { type ListEntry, titleOf, useTitle } from './configuration-text.ts'
import type { Names } from './names.ts'
import { durationSeconds, LONGEST_SECONDS } from './openslo-durations.ts'
import type { Remark, SourceNode } from './source-tree.ts'

interface Rule {
  readonly severity: 'page' | 'ticket'
  readonly factor: number
  readonly long: string
  readonly short: string
}

interface ReadPolicy {
  readonly name: string | null
  readonly rules: readonly Rule[]
  readonly comments: readonly string[]
}

/** The promise that a policy is for. */
export interface Promised {
  readonly slo: string
  readonly objective: number
}

/** Words for what somebody is woken for; any other is a ticket. */
const PAGING: ReadonlySet<string> = new Set(['critical', 'page', 'high'])
const OPERATORS: readonly string[] = ['gte', 'gt', 'lte', 'lt']
/** The Site Reliability Workbook, chapter 5: a twelfth of the long window. */
const SHORTER = 12
const MINUTE = 60
/** Factors of the built-in policy `experiment`. */
const HIGHEST_BUILT_IN_FACTOR = 2

export type NamedObjects = ReadonlyMap<string, SourceNode>

export class PolicyTranslator {
  readonly entries: (ListEntry & { readonly name: string })[] = []
  readonly #policies: NamedObjects
  readonly #conditions: NamedObjects
  readonly #names: Names
  readonly #remarks: Remark[]
  readonly #known = new Map<string, string>()
  readonly #referred = new Set<SourceNode>()

  constructor(options: { policies: NamedObjects; conditions: NamedObjects; names: Names; remarks: Remark[] }) {
    this.#policies = options.policies
    this.#conditions = options.conditions
    this.#names = options.names
    this.#remarks = options.remarks
  }

  /** The policy of an SLO: one made of its alert policies, else `experiment`; null where that could never fire. */
  policyOf(slo: SourceNode, promised: Promised): { readonly policy: string; readonly comment: string | null } | null {
    const list = slo.at('spec', 'alertPolicies')
    if (list !== null && list.kind !== 'list') list.leaveOut('a list of alert policies is expected here')
    const read = (list?.items() ?? []).flatMap((item) => this.#referredPolicy(item, promised))
    const rules = read.flatMap((policy) => policy.rules)
    if (rules.length > 0) {
      const named = read.flatMap(({ name }) => (name === null ? [] : [name])).join('+')
      return { policy: this.#entryOf(named === '' ? promised.slo : named, read, promised.slo), comment: null }
    }
    if (HIGHEST_BUILT_IN_FACTOR > highestBurn(promised.objective)) return null
    const none = (list?.items() ?? []).length === 0
    if (!none && list !== null)
      this.#remarks.push(
        list.remark('changed', 'no condition could be taken over; the built-in policy experiment is used'),
      )
    return {
      policy: 'experiment',
      comment: 'no alert policy was found for it, so this is the built-in one: ticket at 1.5x, page at 2x, both 1h/5m',
    }
  }

  /** Adds the policies that no SLO refers to, and gives the reason for conditions that nobody does. */
  finish(): void {
    for (const [name, policy] of this.#policies) {
      if (this.#referred.has(policy)) continue
      const read = this.#policy(policy, null)
      if (read.rules.length > 0) this.#entryOf(name, [read], name)
      else policy.leaveOut('none of its conditions could be taken over')
    }
    for (const condition of this.#conditions.values())
      if (!this.#referred.has(condition)) condition.leaveOut('no alert policy that is taken over refers to it')
  }

  #referredPolicy(item: SourceNode, promised: Promised): ReadPolicy[] {
    const reference = referenceOf(item, 'alertPolicyRef')
    const policy = reference === null ? item : (this.#policies.get(reference) ?? null)
    if (policy === null) {
      item.leaveOut(`there is no AlertPolicy ${reference} in the file`)
      return []
    }
    if (reference === null && isOtherKind(item, 'AlertPolicy')) return []
    const read = this.#policy(policy, promised)
    if (reference !== null && read.rules.length > 0) useReference(item, 'alertPolicyRef')
    else item.leaveOut('nothing of this policy could be taken over')
    return [read]
  }

  #policy(policy: SourceNode, promised: Promised | null): ReadPolicy {
    this.#referred.add(policy)
    const spec = policy.get('spec')
    const name = policy.get('metadata')?.text('name') ?? null
    const nothing = { name: null, rules: [], comments: [] }
    if (spec?.flag('alertWhenBreaching') === false) {
      policy.leaveOut('alertWhenBreaching is false, and an alert of cohortd is told when it begins')
      return nothing
    }
    const comments: string[] = []
    const rules = (spec?.get('conditions')?.items() ?? []).flatMap((item) => {
      const rule = this.#condition(item, promised)
      if (rule === null) return []
      comments.push(...rule.comments)
      return [rule.rule]
    })
    if (rules.length === 0) return nothing
    useTitle(policy)
    policy.useAll('kind')
    policy.get('metadata')?.useAll('name')
    spec?.useAll('alertWhenBreaching')
    takeExpected(spec, 'alertWhenResolved', { as: true, why: 'cohortd always tells the end of an alert' })
    takeExpected(spec, 'alertWhenNoData', {
      as: false,
      why: 'cohortd does not alert where nothing comes; an alert that fires ends as no_traffic',
    })
    spec?.get('notificationTargets')?.leaveOut('where alerts go stands in alerts.webhooks and alerts.alertmanagers')
    return { name, rules, comments: [...titleOf(policy), ...comments] }
  }

  #condition(item: SourceNode, promised: Promised | null): { rule: Rule; comments: string[] } | null {
    const reference = referenceOf(item, 'conditionRef')
    const condition = reference === null ? item : (this.#conditions.get(reference) ?? null)
    if (condition === null) {
      item.leaveOut(`there is no AlertCondition ${reference} in the file`)
      return null
    }
    if (reference === null && isOtherKind(item, 'AlertCondition')) return null
    this.#referred.add(condition)
    const rule = this.#rule(condition, promised)
    if (rule === null) return null
    if (reference !== null) useReference(item, 'conditionRef')
    condition.useAll('kind')
    condition.get('metadata')?.useAll('name')
    useTitle(condition)
    const name = condition.get('metadata')?.text('name') ?? null
    const about = [`${rule.severity} at ${rule.factor}x`, ...(name === null ? [] : [name]), ...titleOf(condition)]
    return { rule, comments: [about.join(', ')] }
  }

  #rule(node: SourceNode, promised: Promised | null): Rule | null {
    const refuse = (why: string): null => {
      node.leaveOut(`the condition is not translated: ${why}`)
      return null
    }
    const condition = node.at('spec', 'condition')
    if (condition === null) return refuse('it has no condition')
    const kind = condition.text('kind') ?? 'burnrate'
    if (kind !== 'burnrate') return refuse(`its kind is ${kind}, and only burnrate is known`)
    const op = condition.text('op') ?? 'gte'
    if (!OPERATORS.includes(op)) return refuse(`its op is ${op}, which is none of ${OPERATORS.join(', ')}`)
    const factor = condition.number('threshold')
    if (factor === null || factor <= 0) return refuse('its threshold is no number above 0')
    const longSeconds = durationSeconds(condition.text('lookbackWindow') ?? '')
    if (longSeconds === null) return refuse('its lookbackWindow is no duration such as 1h')
    if (longSeconds < 2 * MINUTE || longSeconds > LONGEST_SECONDS)
      return refuse('its lookbackWindow is not from 2m to 30d')
    if (promised !== null && factor > highestBurn(promised.objective)) {
      const why = `at the target of ${promised.slo} burn cannot exceed ${Number(highestBurn(promised.objective).toPrecision(6))}`
      this.#remarks.push(
        node.at('spec', 'condition', 'threshold')?.remark('left_out', why) ?? node.remark('left_out', why),
      )
      return refuse(why)
    }
    const severity = this.#severity(node.get('spec'))
    this.#operator(condition)
    condition.useAll('kind', 'op', 'threshold', 'lookbackWindow')
    condition
      .get('alertAfter')
      ?.leaveOut('an alert fires at once when both windows burn; the short window is what keeps it quiet')
    const shortSeconds = Math.max(MINUTE, Math.round(longSeconds / SHORTER / MINUTE) * MINUTE)
    return { severity, factor, long: formatSeconds(longSeconds), short: formatSeconds(shortSeconds) }
  }

  #severity(spec: SourceNode | null): Rule['severity'] {
    const node = spec?.get('severity') ?? null
    const word = node === null ? '' : String(node.value)
    const severity = PAGING.has(word.trim().toLowerCase()) ? 'page' : 'ticket'
    node?.use()
    if (node !== null && word !== severity)
      this.#remarks.push(node.remark('changed', `${word} is written as ${severity}`))
    return severity
  }

  #operator(condition: SourceNode): void {
    const node = condition.get('op')
    const op = condition.text('op') ?? 'gte'
    if (node === null || op === 'gte') return
    const why =
      op === 'gt'
        ? 'a burn rate that is just at the threshold fires too'
        : 'taken for gte, as the example of the specification means it: an alert fires when burn is at the threshold or above'
    this.#remarks.push(node.remark('changed', why))
  }

  /** The name of the entry with these rules. */
  #entryOf(wanted: string, read: readonly ReadPolicy[], slo: string): string {
    const rules = read.flatMap((policy) => policy.rules)
    const key = JSON.stringify([wanted, rules])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const isTaken = this.entries.some((entry) => entry.name === wanted)
    const name = this.#names.take(isTaken ? `${wanted}-for-${slo}` : wanted)
    this.#known.set(key, name)
    this.entries.push({ name, comments: read.flatMap(({ comments }) => comments), entry: { name, rules } })
    return name
  }
}

/** The name that an item of a list gives: the item itself, as the specification has it for alert policies, or in a key, as tools write it. */
function referenceOf(item: SourceNode, key: string): string | null {
  return typeof item.value === 'string' && item.value.trim() !== '' ? item.value : item.text(key)
}

function useReference(item: SourceNode, key: string): void {
  if (item.kind === 'scalar') item.use()
  else item.useAll(key)
}

/** Whether an object that stands in another says that it is of another kind than its place asks for. */
function isOtherKind(item: SourceNode, kind: string): boolean {
  const said = item.get('kind')
  const isOther = said !== null && said.value !== kind
  if (isOther) item.leaveOut(`its kind is ${String(said.value)}, where ${kind} is expected`)
  return isOther
}

/** Burn where everything is bad. */
function highestBurn(objective: number): number {
  return Number((1 / errorBudget(objective)).toPrecision(10))
}

/** Carried over where it asks for what cohortd does anyway. */
function takeExpected(spec: SourceNode | null, key: string, expected: { as: boolean; why: string }): void {
  const node = spec?.get(key) ?? null
  if (spec?.flag(key) === expected.as) node?.use()
  else node?.leaveOut(expected.why)
}
