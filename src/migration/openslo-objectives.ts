// SLOs of OpenSLO as SLOs of cohortd, one for each objective. Decides what becomes of a target, a window and a budgeting method.
import { formatSeconds } from '../model/duration.ts'
import { type ListEntry, titleOf, useText, useTitle } from './configuration-text.ts'
import type { Names } from './names.ts'
import type { NamedObjects, PolicyTranslator } from './openslo-alerts.ts'
import { durationSeconds, LONGEST_SECONDS } from './openslo-durations.ts'
import type { IndicatorTranslator, Threshold } from './openslo-indicators.ts'
import type { Remark, SourceNode } from './source-tree.ts'

interface Parts {
  readonly slis: NamedObjects
  readonly indicators: IndicatorTranslator
  readonly policies: PolicyTranslator
  readonly names: Names
  readonly remarks: Remark[]
}

interface Made {
  readonly objective: SourceNode
  readonly entry: ListEntry
}

const HIGHEST_TARGET = 0.999_999_999
const LONGEST = formatSeconds(LONGEST_SECONDS)

/** The entries of `slos` for an SLO; those without an entry say why. */
export function translateSlo(slo: SourceNode, parts: Parts): ListEntry[] {
  const name = slo.get('metadata')?.text('name') ?? ''
  const objectives = slo.at('spec', 'objectives')?.items() ?? []
  const refuse = (what: string, why: string): ListEntry => ({
    comments: [`not translated: ${what}: ${why}`],
    entry: null,
  })
  if (objectives.length === 0) {
    slo.leaveOut('the SLO is not translated: it has no objectives')
    return [refuse(name, 'it has no objectives')]
  }
  const own = objectives.map((objective, index) =>
    objectives.length === 1 ? name : `${name}-${slug(objective.text('displayName') ?? String(index + 1))}`,
  )
  const results = objectives.map((objective, index) => {
    const made = translateObjective({ slo, name, own: own[index], objective }, parts)
    if (typeof made === 'string') objective.leaveOut(`the objective is not translated: ${made}`)
    return made
  })
  const made = results.filter((result) => typeof result !== 'string')
  if (made.length > 0) takeOver(slo, made, parts.remarks)
  else slo.leaveOut('the SLO is not translated: none of its objectives is')
  return results.map((result, index) => (typeof result === 'string' ? refuse(own[index], result) : result.entry))
}

interface Asked {
  readonly slo: SourceNode
  readonly name: string
  /** The name that the objective's own SLO wants. */
  readonly own: string
  readonly objective: SourceNode
}

/** A text says why there is none. */
function translateObjective({ slo, name, own, objective }: Asked, parts: Parts): Made | string {
  const target = targetOf(objective)
  if (target === null) return `its target is not above 0 and at most ${HIGHEST_TARGET}`
  const indicator = indicatorOf(objective, parts.slis) ?? indicatorOf(slo.get('spec'), parts.slis)
  if (indicator === null) return 'no indicator is given for it'
  if (typeof indicator === 'string') return `there is no SLI ${indicator} in the file`
  const isThreshold = indicator.at('spec', 'thresholdMetric') !== null
  const threshold: Threshold = { op: objective.text('op'), value: objective.number('value') }
  if (isThreshold && (threshold.op === null || threshold.value === null))
    return 'op and value are needed beside a thresholdMetric'
  const title = objective.text('displayName')
  const sli = parts.indicators.translate(indicator, { fallbackName: name, threshold })
  if ('refused' in sli) return `its SLI is not: ${sli.refused}`
  const policy = parts.policies.policyOf(slo, { slo: own, objective: target })
  if (policy === null) return 'its target is so low that no alert could fire: burn is at most 1 / (1 - target)'
  if (isThreshold) takeThreshold(objective, parts.remarks)
  const comments = [...titleOf(slo), ...(title === null ? [] : [`objective: ${title}`])]
  const service = slo.get('spec')?.text('service') ?? null
  if (service !== null) comments.push(`service: ${service}`)
  if (policy.comment !== null) comments.push(policy.comment)
  const entry = {
    name: parts.names.take(own),
    sli: sli.name,
    objective: target,
    window: windowOf(slo),
    policy: policy.policy,
  }
  return { objective, entry: { comments, entry } }
}

function takeThreshold(objective: SourceNode, remarks: Remark[]): void {
  objective.useAll('op', 'value')
  const op = objective.get('op')
  if (op?.value === 'lte') remarks.push(op.remark('changed', 'values must be strictly below the bound to be good'))
}

/** What is said once for all of its objectives. */
function takeOver(slo: SourceNode, made: readonly Made[], remarks: Remark[]): void {
  const spec = slo.get('spec')
  useTitle(slo)
  slo.get('metadata')?.useAll('name')
  useText(spec, 'service')
  if (made.some(({ objective }) => objective.get('indicator') === null && objective.get('indicatorRef') === null))
    takeIndicator(spec)
  else for (const key of ['indicator', 'indicatorRef']) spec?.get(key)?.leaveOut('every objective has its own')
  for (const { objective } of made) {
    useText(objective, 'displayName')
    objective.useAll(objective.get('target') === null ? 'targetPercent' : 'target')
    objective.get('targetPercent')?.leaveOut('target is given too')
    takeIndicator(objective)
    for (const key of ['op', 'value']) objective.get(key)?.leaveOut('it is for a thresholdMetric alone')
    objective.get('compositeWeight')?.leaveOut('each objective is an SLO of its own; they are not combined')
    for (const key of ['timeSliceTarget', 'timeSliceWindow'])
      objective.get(key)?.leaveOut('cohortd counts events, not slices of time')
  }
  takeMethod(spec?.get('budgetingMethod') ?? null, remarks)
  takeWindow(spec?.get('timeWindow') ?? null, remarks)
}

function takeIndicator(holder: SourceNode | null): void {
  if (holder?.get('indicator') === null) holder.useAll('indicatorRef')
  else holder?.get('indicatorRef')?.leaveOut('indicator is given too')
}

function takeMethod(node: SourceNode | null, remarks: Remark[]): void {
  if (node === null) return
  node.use()
  if (node.value !== 'Occurrences')
    remarks.push(node.remark('changed', `${String(node.value)} is not known: events are counted, as by Occurrences`))
}

function takeWindow(list: SourceNode | null, remarks: Remark[]): void {
  const [first, ...more] = list?.items() ?? []
  for (const node of more) node.leaveOut('an SLO has one window')
  const duration = first?.get('duration') ?? null
  if (first === undefined || duration === null) return
  const text = first.text('duration') ?? ''
  const seconds = durationSeconds(text)
  if (seconds === null) duration.leaveOut(`no duration such as 30d or 4w; the window is ${LONGEST}`)
  else duration.use()
  if (seconds !== null && (seconds > LONGEST_SECONDS || /[MQY]$/.test(text)))
    remarks.push(duration.remark('changed', `${text} is written as ${LONGEST}, the longest window`))
  first.get('calendar')?.leaveOut('windows trail the present moment; none begins on a date')
  if (first.flag('isRolling') === true) first.useAll('isRolling')
  else first.get('isRolling')?.leaveOut('windows of cohortd are always rolling')
}

function windowOf(slo: SourceNode): string {
  const [first] = slo.at('spec', 'timeWindow')?.items() ?? []
  const seconds = durationSeconds(first?.text('duration') ?? '')
  return formatSeconds(Math.min(seconds ?? LONGEST_SECONDS, LONGEST_SECONDS))
}

/** The share of good events, from `target` or `targetPercent`; null where cohortd cannot hold it. */
function targetOf(objective: SourceNode): number | null {
  const percent = objective.number('targetPercent')
  const given =
    objective.get('target') === null && percent !== null
      ? Number((percent / 100).toPrecision(12))
      : objective.number('target')
  return given !== null && given > 0 && given <= HIGHEST_TARGET ? given : null
}

/** The node with the indicator's metadata and spec; its name where it is not in the file; null where none is given. */
function indicatorOf(holder: SourceNode | null, slis: NamedObjects): SourceNode | string | null {
  const inline = holder?.get('indicator') ?? null
  if (inline !== null) return inline
  const name = holder?.text('indicatorRef') ?? null
  return name === null ? null : (slis.get(name) ?? name)
}

function slug(text: string): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  return plain === '' ? 'objective' : plain
}
