// Burn rates and burn rules as pure functions of window counts. Source: Google SRE Workbook, chapter 5.
import { type BurnRule, errorBudget, SEVERITIES, type Slo } from '../model/slo.ts'

/** The counts of one SLI at one tick, as reading.ts of the model has them; windows by their index in the slice plan. */
export interface WindowCounts {
  valid(window: number): number
  validItems(window: number): number
  badItems(window: number): number
  good(window: number): number
  bad(window: number): number
}

/** A rule with its windows resolved to indices. */
export interface CompiledRule extends BurnRule {
  readonly long: number
  readonly short: number
}

/** An SLO ready to be judged: rules from the most to the least telling (severity first, then factor). */
export interface CompiledSlo extends Slo {
  readonly index: number
  readonly sliIndex: number
  /** 1 - objective, or the upper bound. */
  readonly budget: number
  readonly rules: readonly CompiledRule[]
  /** Index of the SLO's own window and of the longest window that a rule looks at. */
  readonly ownWindow: number
  readonly longestRuleWindow: number
  /** Indices of the windows for which burn is told: 5m, those of the rules, the SLO's own; ascending. */
  readonly toldWindows: readonly number[]
}

/** Equal within this share counts as reached: 2 bad of 1,000 is a burn of 2 at 99.9 %, whatever binary fractions say. */
const TOLERANCE = 1e-9

/** How fast the budget burns: 1 uses it up exactly over the SLO's window; null where nothing happened. */
export function burnRate(counts: WindowCounts, window: number, budget: number): number | null {
  const valid = counts.valid(window)
  return valid > 0 ? counts.bad(window) / valid / budget : null
}

/** 1 - bad / (valid x budget) over the SLO's window; negative when overspent, null without events. */
export function budgetRemaining(counts: WindowCounts, window: number, budget: number): number | null {
  const burn = burnRate(counts, window, budget)
  return burn === null ? null : 1 - burn
}

export function reaches(burn: number | null, factor: number): boolean {
  return burn !== null && burn >= factor * (1 - TOLERANCE)
}

/** Whether the short window alone is at the rule's factor. */
export function shortBurns(counts: WindowCounts, rule: CompiledRule, budget: number): boolean {
  return reaches(burnRate(counts, rule.short, budget), rule.factor)
}

/** Whether the rule fires: both windows at the factor, and the guards met in the long one. */
export function ruleHolds(counts: WindowCounts, rule: CompiledRule, slo: CompiledSlo): boolean {
  return (
    counts.badItems(rule.long) >= slo.policy.minBad &&
    counts.validItems(rule.long) >= slo.policy.minEvents &&
    shortBurns(counts, rule, slo.budget) &&
    reaches(burnRate(counts, rule.long, slo.budget), rule.factor)
  )
}

/** Whether the control burns like the variant: at the factor too and at least half as fast, in the rule's short window. */
export function isShared(burning: {
  variant: WindowCounts
  control: WindowCounts | null
  rule: CompiledRule
  budget: number
}): boolean {
  const { variant, control, rule, budget } = burning
  if (control === null || !shortBurns(control, rule, budget)) return false
  const own = burnRate(variant, rule.short, budget)
  const controls = burnRate(control, rule.short, budget)
  return own !== null && controls !== null && controls >= (own / 2) * (1 - TOLERANCE)
}

export function isSufficient(counts: WindowCounts | null, slo: CompiledSlo): boolean {
  return counts !== null && counts.validItems(slo.longestRuleWindow) >= slo.policy.minEvents
}

/** All windows, in seconds, that the SLOs look at, 5m among them. */
export function windowsOf(slos: readonly Slo[]): number[] {
  const windows = new Set([SHORTEST_TOLD])
  for (const slo of slos) for (const window of windowsOfSlo(slo)) windows.add(window)
  return [...windows].sort((a, b) => a - b)
}

/** Resolves names and windows. `windows` is the slice plan's list. */
export function compileSlos(
  slos: readonly Slo[],
  sliNames: readonly string[],
  windows: readonly number[],
): CompiledSlo[] {
  return slos.map((slo, index) => {
    const rules = slo.policy.rules
      .map((rule) => ({ ...rule, long: windows.indexOf(rule.longSeconds), short: windows.indexOf(rule.shortSeconds) }))
      .sort(moreTelling)
    return {
      ...slo,
      index,
      sliIndex: sliNames.indexOf(slo.sli),
      budget: slo.upperBound ?? errorBudget(slo.objective ?? 0),
      rules,
      ownWindow: windows.indexOf(slo.windowSeconds),
      longestRuleWindow: Math.max(...rules.map((rule) => rule.long)),
      toldWindows: [...new Set([SHORTEST_TOLD, ...windowsOfSlo(slo)])]
        .map((seconds) => windows.indexOf(seconds))
        .sort((a, b) => a - b),
    }
  })
}

const SHORTEST_TOLD = 300

function windowsOfSlo(slo: Slo): number[] {
  return [slo.windowSeconds, ...slo.policy.rules.flatMap((rule) => [rule.longSeconds, rule.shortSeconds])]
}

function moreTelling(a: BurnRule, b: BurnRule): number {
  return SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || b.factor - a.factor
}
