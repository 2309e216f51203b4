// What the engine gives to a store and takes back at start. The bytes of a cohort are a list of (SLI name, partial);
// an SLI is found by its name, so changing the configuration keeps the history of those that stay.
import { SEVERITIES } from '../model/slo.ts'
import type { Series } from '../slices/series.ts'
import type { Alert } from './alerts.ts'
import type { CompiledSlo } from './burn.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

/** A cohort as it is stored; see store/port.ts. */
export interface SavedCohort {
  readonly experiment: string
  readonly variant: string
  readonly segmentKey: string
  readonly partial: Uint8Array
  readonly alerts: string
}

export interface SavedExperiment {
  readonly id: string
  readonly json: string
}

/** What changed since it was last asked for. */
export interface EngineChange {
  readonly experiments: readonly SavedExperiment[]
  readonly cohorts: readonly SavedCohort[]
  readonly forgottenExperiments: readonly string[]
  readonly forgottenCohorts: readonly Pick<SavedCohort, 'experiment' | 'variant' | 'segmentKey'>[]
  /** The engine's own record as JSON. */
  readonly engine: string
}

export interface EngineState {
  readonly experiments: readonly SavedExperiment[]
  readonly cohorts: readonly SavedCohort[]
  readonly engine: string | null
}

/** Stored bytes that are no state of ours. */
export class StateError extends Error {
  override readonly name = 'StateError'
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

export function saveCohort(
  tracked: TrackedCohort,
  sliNames: readonly string[],
  slos: readonly CompiledSlo[],
): SavedCohort {
  const { cohort } = tracked
  const series = tracked.slis.flatMap((one, sli) => (one === null ? [] : [{ name: sliNames[sli], series: one }]))
  return {
    experiment: cohort.experiment.id,
    variant: cohort.variant.name,
    segmentKey: cohort.segmentKey,
    partial: packSeries(series),
    alerts: JSON.stringify(
      tracked.firing.flatMap((alert, slo) => (alert === null ? [] : [saveAlert(slos[slo].name, alert)])),
    ),
  }
}

/** Merges a stored cohort into a tracked one; SLIs and SLOs that are configured no longer are left out. */
export function restoreCohort(
  tracked: TrackedCohort,
  saved: SavedCohort,
  names: { slis: readonly string[]; slos: readonly CompiledSlo[] },
): void {
  for (const { name, partial } of unpackSeries(saved.partial)) {
    const sli = names.slis.indexOf(name)
    if (sli >= 0) tracked.series(sli).merge(partial)
  }
  for (const alert of JSON.parse(saved.alerts) as SavedAlert[]) {
    const slo = names.slos.find((known) => known.name === alert.slo)
    const rule = slo?.rules.find((one) => sameRule(one, alert)) ?? slo?.rules[0]
    if (slo !== undefined && rule !== undefined) {
      const severity = SEVERITIES.find((known) => known === alert.severity) ?? rule.severity
      tracked.setAlert(slo.index, { severity, rule, sinceMs: alert.sinceMs, shared: alert.shared })
    }
  }
}

function saveAlert(slo: string, { rule, severity, sinceMs, shared }: Alert): SavedAlert {
  const { severity: ruleSeverity } = rule
  return {
    slo,
    severity,
    ruleSeverity,
    factor: rule.factor,
    longSeconds: rule.longSeconds,
    shortSeconds: rule.shortSeconds,
    sinceMs,
    shared,
  }
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

function packSeries(series: readonly { name: string; series: Series }[]): Uint8Array {
  const parts = series.map((one) => ({ name: new TextEncoder().encode(one.name), partial: one.series.encode() }))
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

function* unpackSeries(bytes: Uint8Array): Generator<{ name: string; partial: Uint8Array }> {
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
    yield { name: new TextDecoder().decode(name), partial }
  }
}
