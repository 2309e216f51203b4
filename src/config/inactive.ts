// What the configuration asks for and this version does not do yet. Such keys are checked like all others, so that a
// configuration written for a later version is right already.

import type { Located } from './located.ts'
import { isGiven } from './located.ts'
import type { Pieces } from './pieces.ts'

/** The keys that the reference marks so. Values of other keys that are not active yet: slis[].from metrics and events. */
export const INACTIVE_KEYS: ReadonlySet<string> = new Set([
  'receivers.otlp.protocols.grpc.tls',
  'receivers.otlp.protocols.http.tls',
  'api.tls',
  'cohorts.resource_variants',
  'slis[].ignore_when',
  'experiments[].allocation',
  'experiments[].guardrails',
  'experiments[].success',
  'experiments[].min_duration',
  'experiments[].alpha',
  'exporters.forward',
  'alerts.webhooks',
  'alerts.alertmanagers',
])

/** One sentence for each such key that was given. */
export function inactiveSentences(pieces: Pieces, tree: Located): string[] {
  return [
    ...ofListeners(pieces),
    ...ofCohorts(pieces),
    ...ofSlis(pieces),
    ...ofExperiments(pieces, tree),
    ...ofOutputs(pieces),
  ]
}

function notActive(key: string, consequence: string): string {
  return `${key} ${key.startsWith('slis from') ? 'are' : 'is'} not active yet: ${consequence}`
}

function ofListeners({ sections }: Pieces): string[] {
  const { grpc, http } = sections.receivers.otlp.protocols
  const listeners = [
    ['receivers.otlp.protocols.grpc.tls', grpc?.tls],
    ['receivers.otlp.protocols.http.tls', http?.tls],
    ['api.tls', sections.api.tls],
  ] as const
  return listeners.flatMap(([key, tls]) => (tls === undefined ? [] : [notActive(key, 'connections are not encrypted')]))
}

function ofCohorts({ sections }: Pieces): string[] {
  if ((sections.cohorts.resource_variants ?? []).length === 0) return []
  return [notActive('cohorts.resource_variants', 'only cohorts.tags tell experiment and variant')]
}

function ofSlis(pieces: Pieces): string[] {
  const sentences: string[] = []
  for (const source of ['metrics', 'events'] as const) {
    const slis = pieces.slis.entries.flatMap(({ value }) => (value?.from === source ? [value.name] : []))
    if (slis.length === 0) continue
    const given = pieces.slos.given ? pieces.slos.entries : []
    const slos = given.flatMap(({ value }) => (value !== null && slis.includes(value.sli) ? [value.name] : []))
    const withSlos = slos.length === 0 ? '' : `, and so are the SLOs on them (${shortList(slos)})`
    sentences.push(
      notActive(`slis from ${source}`, `${shortList(slis)} ${slis.length === 1 ? 'is' : 'are'} left out${withSlos}`),
    )
  }
  const ignoring = pieces.slis.entries.flatMap(({ value }) => {
    const counted = value !== null && value.from !== 'metrics' && value.from !== 'events'
    return counted && value.ignore_when !== undefined ? [value.name] : []
  })
  if (ignoring.length > 0)
    sentences.push(notActive('slis[].ignore_when', `what it names is counted all the same (${shortList(ignoring)})`))
  return sentences
}

const EXPERIMENT_KEYS = [
  ['allocation', 'sample ratios are not tested'],
  ['guardrails', 'variants are not compared with the control'],
  ['success', 'it is not judged'],
  ['min_duration', 'no variant is promoted'],
  ['alpha', 'variants are not compared with the control'],
] as const

function ofExperiments({ experiments }: Pieces, tree: Located): string[] {
  return EXPERIMENT_KEYS.flatMap(([key, consequence]) => {
    const ids = experiments.entries.flatMap(({ index, name }) =>
      name !== null && isGiven(tree, ['experiments', index, key]) ? [name] : [],
    )
    return ids.length === 0 ? [] : [notActive(`experiments[].${key}`, `${consequence} (${shortList(ids)})`)]
  })
}

function ofOutputs({ sections }: Pieces): string[] {
  const { exporters, alerts } = sections
  const sentences: string[] = []
  if (exporters.forward !== undefined)
    sentences.push(notActive('exporters.forward', 'received telemetry is not sent on'))
  if ((alerts.webhooks ?? []).length > 0) sentences.push(notActive('alerts.webhooks', 'no webhook is called'))
  if ((alerts.alertmanagers ?? []).length > 0)
    sentences.push(notActive('alerts.alertmanagers', 'no Alertmanager is told'))
  return sentences
}

const MOST_NAMES = 5

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ')
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown
}
