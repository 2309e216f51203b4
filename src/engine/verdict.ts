// The verdict on a variant. The statistics that decide it are not in this version, so the answer is always `hold`,
// with the reason told apart: too few events, or enough of them and no judgement yet.
import type { VerdictReport } from '../model/report.ts'
import type { CompiledSlo } from './burn.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

export function holdFor(cohorts: readonly TrackedCohort[], slos: readonly CompiledSlo[]): VerdictReport {
  const { events, required } = evidenceFor(cohorts, slos)
  const sufficient = required !== null && events >= required
  return { verdict: 'hold', reasons: [reasonFor(events, required)], sufficient, events, events_required: required }
}

function reasonFor(events: number, required: number | null): VerdictReport['reasons'][number] {
  if (required === null) return { code: 'insufficient_data', message: 'no SLO is configured' }
  if (events < required) return { code: 'insufficient_data', message: `${events} of ${required} events` }
  return { code: 'no_verdict_yet', message: 'this version does not compare variants yet' }
}

/** Events of a variant against what its SLOs ask for, from the SLO that has the most of what it needs. */
function evidenceFor(
  cohorts: readonly TrackedCohort[],
  slos: readonly CompiledSlo[],
): { events: number; required: number | null } {
  let best: { events: number; required: number } | null = null
  for (const slo of slos) {
    const required = slo.policy.minEvents
    const events = cohorts.reduce(
      (sum, tracked) => sum + (tracked.slis[slo.sliIndex]?.validItems(slo.longestRuleWindow) ?? 0),
      0,
    )
    if (best === null || events * best.required > best.events * required) best = { events, required }
  }
  return best ?? { events: 0, required: null }
}
