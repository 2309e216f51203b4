// What the configuration asks for and this version does not do yet. Such keys are checked like all others, so that a
// configuration written for a later version is right already.

import type { Located } from './located.ts'
import { isGiven } from './located.ts'
import type { Pieces } from './pieces.ts'

/** The keys that the reference marks so. */
export const INACTIVE_KEYS: ReadonlySet<string> = new Set([
  'receivers.otlp.protocols.grpc.tls',
  'receivers.otlp.protocols.http.tls',
  'api.tls',
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
  return [...ofListeners(pieces), ...ofExperiments(pieces, tree), ...ofOutputs(pieces)]
}

function notActive(key: string, consequence: string): string {
  return `${key} is not active yet: ${consequence}`
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

const EXPERIMENT_KEYS = [
  ['guardrails', 'variants are not compared with the control'],
  ['success', 'it is not judged'],
  ['min_duration', 'no variant is promoted'],
  ['alpha', 'variants are not compared with the control'],
] as const

function ofExperiments({ experiments }: Pieces, tree: Located): string[] {
  const owners = (key: string): string | null => {
    const ids = experiments.entries.flatMap(({ index, name }) =>
      name !== null && isGiven(tree, ['experiments', index, key]) ? [name] : [],
    )
    return ids.length === 0 ? null : shortList(ids)
  }
  const allocated = owners('allocation')
  const sentences = EXPERIMENT_KEYS.flatMap(([key, consequence]) => {
    const ids = owners(key)
    return ids === null ? [] : [notActive(`experiments[].${key}`, `${consequence} (${ids})`)]
  })
  if (allocated !== null)
    sentences.unshift(`experiments[].allocation: sample ratios are shown, not tested yet (${allocated})`)
  return sentences
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
