// How many items a cohort should have received, had the experiment changed nothing: the rate that the same segments had before it began, times
// the variant's share of the traffic. The share is the planned one where an allocation is declared, else the one that the variant has had since the
// beginning, so that a fall of one variant shows and its size does not.
import type { Cohort } from '../cohort/registry.ts'
import type { Baselines } from './baselines.ts'
import type { EngineClock } from './engine-parts.ts'
import type { Expectation } from './sli-readings.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

export interface ExpectationParts {
  readonly baselines: Baselines
  readonly trackedOf: (cohort: Cohort) => TrackedCohort
  readonly clock: EngineClock
}

/** The expectation of an ingest SLI in a cohort; 0 where no baseline is known. */
export function ingestExpectation(
  tracked: TrackedCohort,
  sli: { index: number; name: string },
  { baselines, trackedOf, clock }: ExpectationParts,
): Expectation {
  const { cohort } = tracked
  return (seconds) => {
    const baseline = baselines.of(cohort)
    const rate = baseline?.rates[sli.name] ?? 0
    if (baseline === null || rate === 0) return 0
    const age = Math.max(0, clock.second - baseline.takenMs / 1000)
    return rate * shareOf(cohort, sli.index, trackedOf) * Math.min(seconds, age)
  }
}

function shareOf(
  { variant, experiment, segmentKey }: Cohort,
  sli: number,
  trackedOf: ExpectationParts['trackedOf'],
): number {
  const allocation = experiment.declared?.allocation ?? null
  if (allocation !== null) {
    const planned = Object.values(allocation).reduce((sum, share) => sum + share, 0)
    return (allocation[variant.name] ?? 0) / planned
  }
  let own = 0
  let all = 0
  for (const other of experiment.variants.values()) {
    const cohort = other.cohorts.get(segmentKey)
    const items = cohort === undefined ? 0 : (trackedOf(cohort).series[sli]?.totalGood ?? 0)
    all += items
    if (other === variant) own = items
  }
  return all === 0 ? 0 : own / all
}
