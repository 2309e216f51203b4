// The bytes and texts in which the engine's state travels. A cohort's partial is a list of (SLI name, partial of that SLI);
// an SLI is found by its name, so changing the configuration keeps the history of those that stay.
import { SEVERITIES } from '../model/slo.ts'
import type { Alert } from './alerts.ts'
import type { CompiledSlo } from './burn.ts'

/** Stored bytes that are no state of ours. */
export class StateError extends Error {
  override readonly name = 'StateError'
}

/** The partial of one SLI. */
export interface NamedPartial {
  readonly name: string
  readonly partial: Uint8Array
}

/** Under this name a cohort's partials carry the units that were exposed; with `/` and the name of an SLI, those that had a good event of it. */
export const UNITS = '@units'

/** Whether a partial is of units, not of an SLI. */
export function isOfUnits(name: string): boolean {
  return name === UNITS || name.startsWith(`${UNITS}/`)
}

interface SavedAlert {
  readonly slo: string
  readonly severity: string
  readonly ruleSeverity: string
  readonly factor: number
  readonly longSeconds: number
  readonly shortSeconds: number
  readonly sinceMs: number
  readonly shared: boolean
}

/** The alerts that fire, by SLO, as JSON; null when none does. */
export function saveAlerts(firing: readonly (Alert | null)[], slos: readonly CompiledSlo[]): string | null {
  const saved = firing.flatMap((alert, slo) => (alert === null ? [] : [saveAlert(slos[slo].name, alert)]))
  return saved.length === 0 ? null : JSON.stringify(saved)
}

/** The alerts of saveAlerts() by SLO; those on SLOs that are configured no longer are left out. */
export function readAlerts(json: string | null, slos: readonly CompiledSlo[]): (Alert | null)[] {
  const firing: (Alert | null)[] = slos.map(() => null)
  if (json === null) return firing
  for (const saved of JSON.parse(json) as SavedAlert[]) {
    const slo = slos.find((known) => known.name === saved.slo)
    const rule = slo?.rules.find((one) => sameRule(one, saved)) ?? slo?.rules[0]
    if (slo === undefined || rule === undefined) continue
    const severity = SEVERITIES.find((known) => known === saved.severity) ?? rule.severity
    firing[slo.index] = { severity, rule, sinceMs: saved.sinceMs, shared: saved.shared }
  }
  return firing
}

function saveAlert(slo: string, { rule, severity, sinceMs, shared }: Alert): SavedAlert {
  const { severity: ruleSeverity, factor, longSeconds, shortSeconds } = rule
  return { slo, severity, ruleSeverity, factor, longSeconds, shortSeconds, sinceMs, shared }
}

function sameRule(rule: Alert['rule'], saved: SavedAlert): boolean {
  return (
    rule.severity === saved.ruleSeverity &&
    rule.factor === saved.factor &&
    rule.longSeconds === saved.longSeconds &&
    rule.shortSeconds === saved.shortSeconds
  )
}

// Layout, repeated: u16 length of the name, name in UTF-8, u32 length of the partial, partial. Little-endian.

const NAME_PREFIX = 2
const PARTIAL_PREFIX = 4
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function packPartials(partials: readonly NamedPartial[]): Uint8Array {
  const parts = partials.map(({ name, partial }) => ({ name: encoder.encode(name), partial }))
  const length = parts.reduce(
    (sum, part) => sum + NAME_PREFIX + part.name.length + PARTIAL_PREFIX + part.partial.length,
    0,
  )
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { name, partial } of parts) {
    view.setUint16(at, name.length, true)
    bytes.set(name, at + NAME_PREFIX)
    at += NAME_PREFIX + name.length
    view.setUint32(at, partial.length, true)
    bytes.set(partial, at + PARTIAL_PREFIX)
    at += PARTIAL_PREFIX + partial.length
  }
  return bytes
}

/** Throws StateError where the bytes are cut short. */
export function* unpackPartials(bytes: Uint8Array): Generator<NamedPartial> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const take = (at: number, length: number): Uint8Array => {
    if (at + length > bytes.length) throw new StateError('a stored cohort is cut short')
    return bytes.subarray(at, at + length)
  }
  let at = 0
  while (at < bytes.length) {
    take(at, NAME_PREFIX)
    const name = take(at + NAME_PREFIX, view.getUint16(at, true))
    at += NAME_PREFIX + name.length
    take(at, PARTIAL_PREFIX)
    const partial = take(at + PARTIAL_PREFIX, view.getUint32(at, true))
    at += PARTIAL_PREFIX + partial.length
    yield { name: decoder.decode(name), partial }
  }
}
