// The life of one alert, which belongs to one cohort and one SLO: fires, escalates, is shared or not, resolves.
// Severities escalate it, they do not multiply it. Pure: counts in, transition out.
import { SEVERITIES, type Severity } from '../model/slo.ts'
import { type CompiledRule, type CompiledSlo, isShared, ruleHolds, shortBurns, type WindowCounts } from './burn.ts'

/** An alert that fires. `rule` is the one it tells: of those that hold, or held last, the most telling. */
export interface Alert {
  readonly severity: Severity
  readonly rule: CompiledRule
  readonly sinceMs: number
  readonly shared: boolean
}

export type Transition = 'firing' | 'escalated' | 'updated' | 'recovered' | 'no_traffic'

export interface Judgement {
  /** What fires after this tick; null: nothing. */
  readonly alert: Alert | null
  /** What there is to tell; null: nothing. */
  readonly transition: Transition | null
}

/** One SLO of one cohort at a tick. */
export interface Situation {
  readonly slo: CompiledSlo
  readonly counts: WindowCounts
  /** Null where there is no control, and on the control itself. */
  readonly control: WindowCounts | null
  /** What fired before; null: nothing. */
  readonly alert: Alert | null
  readonly nowMs: number
}

/** What becomes of the alert. No traffic is judged before recovery; while any rule holds it goes on. */
export function judge(situation: Situation): Judgement {
  const { slo, counts, alert } = situation
  const best = slo.rules.find((rule) => ruleHolds(counts, rule, slo)) ?? null
  if (alert === null) return best === null ? QUIET : fire(situation, best)
  const rule = best ?? alert.rule
  if (counts.validItems(rule.short) === 0) return { alert: null, transition: 'no_traffic' }
  if (!slo.rules.some((one) => shortBurns(counts, one, slo.budget))) return { alert: null, transition: 'recovered' }
  return goOn(situation, alert, rule)
}

const QUIET: Judgement = { alert: null, transition: null }

function fire({ slo, counts, control, nowMs }: Situation, rule: CompiledRule): Judgement {
  const shared = isShared({ variant: counts, control, rule, budget: slo.budget })
  return { alert: { severity: rule.severity, rule, sinceMs: nowMs, shared }, transition: 'firing' }
}

/** The severity only rises, whichever rule is told. */
function goOn({ slo, counts, control }: Situation, alert: Alert, rule: CompiledRule): Judgement {
  const escalated = SEVERITIES.indexOf(rule.severity) > SEVERITIES.indexOf(alert.severity)
  const shared = isShared({ variant: counts, control, rule, budget: slo.budget })
  if (rule === alert.rule && shared === alert.shared) return { alert, transition: null }
  const severity = escalated ? rule.severity : alert.severity
  const transition = escalated ? 'escalated' : shared === alert.shared ? null : 'updated'
  return { alert: { severity, rule, sinceMs: alert.sinceMs, shared }, transition }
}
