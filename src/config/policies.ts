// The burn-rate policies that every configuration may name.
import type { BurnPolicy, BurnRule, Severity } from '../model/slo.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

function rule(severity: Severity, factor: number, windows: readonly [long: number, short: number]): BurnRule {
  return { severity, factor, longSeconds: windows[0], shortSeconds: windows[1], gate: null }
}

/** Made for variants, which live for hours: two tiers on one hour, the upper one a reason to roll back. */
const EXPERIMENT: BurnPolicy = {
  name: 'experiment',
  rules: [rule('ticket', 1.5, [HOUR, 5 * MINUTE]), { ...rule('page', 2, [HOUR, 5 * MINUTE]), gate: 'rollback' }],
  minEvents: 50,
  minBad: 3,
}

/** The Site Reliability Workbook, chapter 5 (table 5-8, and the 1d/2h pair of its code listing): for services and their monthly budget. */
const WORKBOOK: BurnPolicy = {
  name: 'workbook',
  rules: [
    rule('page', 14.4, [HOUR, 5 * MINUTE]),
    rule('page', 6, [6 * HOUR, 30 * MINUTE]),
    rule('ticket', 3, [DAY, 2 * HOUR]),
    rule('ticket', 1, [3 * DAY, 6 * HOUR]),
  ],
  minEvents: 50,
  minBad: 3,
}

export const BUILT_IN_POLICIES: ReadonlyMap<string, BurnPolicy> = new Map([
  [EXPERIMENT.name, EXPERIMENT],
  [WORKBOOK.name, WORKBOOK],
])
