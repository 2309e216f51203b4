// The SLI that is there without being configured: evaluations of feature flags. Its good events are the exposures of a variant, its bad
// ones evaluations that failed, so that neither needs a count of its own.
import type { EventSli, Sli } from './slo.ts'
import { FLAG_EVENT_NAMES } from './vocabulary.ts'

export const FLAG_EVALUATIONS: EventSli = {
  name: 'flag_evaluations',
  from: 'events',
  where: [
    [
      {
        field: 'event.name',
        anyOf: FLAG_EVENT_NAMES.map((operand) => ({ kind: 'equal', operand, negated: false })),
      },
    ],
  ],
  ignoreWhen: null,
  badWhen: [[{ field: 'error.type', anyOf: [{ kind: 'present', present: true }] }]],
  good: null,
  value: null,
  goodBelow: null,
  percentiles: [],
  valid: { kind: 'judged' },
  attribution: null,
}

/** The configured SLIs, and behind them this one, which an SLO may name like any other. */
export function withFlagEvaluations(slis: readonly Sli[]): readonly Sli[] {
  return [...slis, FLAG_EVALUATIONS]
}
