// The baselines of all experiments: taken as an experiment begins in some segments, by whoever leads it, and kept with its state.
import type { Cohort, CohortRegistry, Experiment } from '../cohort/registry.ts'
import type { Sli } from '../model/slo.ts'
import { type Baseline, noBaseline, takeBaseline } from './baseline.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

/** Segments of one experiment of which a baseline is kept; further ones have none. */
const MOST_SEGMENTS = 200

/** Baselines as they stand in an experiment's state, by segment key. */
export type SavedBaselines = Readonly<Record<string, Baseline>>

interface OfExperiment {
  /** The experiment's revision when its segments were last looked at. */
  asOf: number
  readonly bySegments: Map<string, Baseline>
}

export class Baselines {
  readonly #registry: CohortRegistry
  readonly #slis: readonly Sli[]
  readonly #windows: readonly number[]
  readonly #trackedOf: (cohort: Cohort) => TrackedCohort
  readonly #leads: (experiment: string) => boolean
  readonly #experiments = new Map<string, OfExperiment>()

  constructor(parts: {
    registry: CohortRegistry
    slis: readonly Sli[]
    windows: readonly number[]
    trackedOf: (cohort: Cohort) => TrackedCohort
    leads: (experiment: string) => boolean
  }) {
    this.#registry = parts.registry
    this.#slis = parts.slis
    this.#windows = parts.windows
    this.#trackedOf = parts.trackedOf
    this.#leads = parts.leads
  }

  /** Null where nothing is known yet. */
  of({ experiment, segmentKey }: Cohort): Baseline | null {
    return this.#experiments.get(experiment.id)?.bySegments.get(segmentKey) ?? null
  }

  /** Takes the baselines of segments that are new in experiments that are led here; gives the experiments that have new ones. */
  take(nowMs: number): string[] {
    const changed: string[] = []
    for (const experiment of this.#registry.experiments())
      if (experiment.seen && this.#leads(experiment.id) && this.#takeFor(experiment, nowMs)) changed.push(experiment.id)
    return changed
  }

  forget(experiment: string): void {
    this.#experiments.delete(experiment)
  }

  /** Those that found something; null: none did. */
  save(experiment: string): SavedBaselines | null {
    const known = this.#experiments.get(experiment)
    return known === undefined || known.bySegments.size === 0 ? null : Object.fromEntries(known.bySegments)
  }

  /** Takes over what save() gave to somebody who led the experiment before. */
  restore(experiment: string, saved: SavedBaselines | null | undefined): void {
    const { bySegments } = this.#of(experiment)
    bySegments.clear()
    for (const [key, baseline] of Object.entries(saved ?? {})) bySegments.set(key, baseline)
  }

  #takeFor(experiment: Experiment, nowMs: number): boolean {
    const known = this.#of(experiment.id)
    if (known.asOf === experiment.revision) return false
    known.asOf = experiment.revision
    let found = false
    for (const { segmentKey } of experiment.cohorts()) {
      if (known.bySegments.has(segmentKey) || known.bySegments.size >= MOST_SEGMENTS) continue
      known.bySegments.set(segmentKey, this.#baselineIn(segmentKey, nowMs))
      found = true
    }
    return found
  }

  #baselineIn(segmentKey: string, nowMs: number): Baseline {
    const cohort = this.#registry.untaggedCohort(segmentKey)
    if (cohort === null) return noBaseline(nowMs)
    return takeBaseline(this.#trackedOf(cohort), { slis: this.#slis, windows: this.#windows, nowMs })
  }

  #of(experiment: string): OfExperiment {
    let known = this.#experiments.get(experiment)
    if (known === undefined) this.#experiments.set(experiment, (known = { asOf: -1, bySegments: new Map() }))
    return known
  }
}
