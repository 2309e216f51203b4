// The verdict on a variant. The statistics that decide it are not in this version, so the answer is always `hold`,
// with the reason told apart: too few events, or enough of them and no judgement yet.
import type { VerdictReport } from '../model/report.ts'
import type { CompiledSlo } from './burn.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

/** Events of a variant against what its SLOs ask for, from the SLO that has the most of what it needs. */
export interface Evidence {
  readonly events: number
  readonly eventsRequired: number
}

export function evidenceFor(cohorts: readonly TrackedCohort[], slos: readonly CompiledSlo[]): Evidence {
  let best: Evidence = {
    events: 0,
    eventsRequired: slos.length === 0 ? 0 : Math.min(...slos.map((slo) => slo.policy.minEvents)),
  }
  for (const slo of slos) {
    const events = cohorts.reduce(
      (sum, tracked) => sum + (tracked.slis[slo.sliIndex]?.validItems(slo.longestRuleWindow) ?? 0),
      0,
    )
    if (events * best.eventsRequired > best.events * slo.policy.minEvents)
      best = { events, eventsRequired: slo.policy.minEvents }
  }
  return best
}

export function holdFor(cohorts: readonly TrackedCohort[], slos: readonly CompiledSlo[]): VerdictReport {
  const { events, eventsRequired } = evidenceFor(cohorts, slos)
  const sufficient = slos.length > 0 && events >= eventsRequired
  const reason = sufficient
    ? { code: 'no_verdict_yet', message: 'this version does not compare variants yet' }
    : { code: 'insufficient_data', message: `${events} of ${eventsRequired} events` }
  return { verdict: 'hold', reasons: [reason], sufficient }
}
