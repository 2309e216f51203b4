// Experiments, their variants and cohorts, within the configured limits. What is past a limit goes to `_other_` of its
// own variant or experiment, so a noisy experiment cannot push out another.
//
//   const cohorts = new CohortRegistry(settings, startMs)
//   cohorts.lookup(experiment, variant, segmentKey, nowMs)      a Cohort; null: refused, too many experiments
//   for (const experiment of cohorts.experiments()) experiment.variants.get('treatment')?.cohorts
//   cohort.ordinal                                              index for arrays beside the registry
import { segmentKey as joinSegments, segmentValues } from '../model/observation.ts'
import type { EngineSettings } from '../model/settings.ts'
import { UNTAGGED } from '../model/tag-names.ts'
import { Cohort, Experiment, type Variant } from './experiment.ts'

export { Cohort, Experiment, Variant } from './experiment.ts'

/** The variant, and the value of every segment, of what is past a limit. */
export const OTHER = '_other_'

/** A cohort as it was before a restart. */
export interface RememberedCohort {
  readonly experiment: string
  readonly variant: string
  readonly segmentKey: string
  readonly lastSeenMs: number
}

/** All cohorts. Everything is iterated in the order of first sight, declared experiments first. */
export class CohortRegistry {
  /** Lookups that a limit moved to `_other_` (segments, variants) or refused (experiments); idle experiments that made room. */
  readonly overflow = { segments: 0, variants: 0, experiments: 0, idleExperiments: 0 }
  readonly #experiments = new Map<string, Experiment>()
  readonly #byOrdinal: (Cohort | undefined)[] = []
  readonly #freeOrdinals: number[] = []
  readonly #limits: EngineSettings['limits']
  readonly #controls: readonly string[]
  readonly #segmentCount: number
  readonly #otherKey: string
  readonly #startMs: number
  /** No experiment can have been idle for long enough before. */
  #noRoomUntilMs = -Infinity

  /** `startMs`: discoveredMs of declared experiments until they are seen. */
  constructor(settings: Pick<EngineSettings, 'limits' | 'controls' | 'segments' | 'experiments'>, startMs = 0) {
    this.#limits = settings.limits
    this.#controls = settings.controls
    this.#segmentCount = settings.segments.length
    this.#otherKey = joinSegments(settings.segments.map(() => OTHER))
    this.#startMs = startMs
    for (const declared of settings.experiments) {
      this.#experiments.set(
        declared.id,
        new Experiment({ id: declared.id, declared, discoveredMs: startMs, controls: settings.controls }),
      )
    }
  }

  /**
   * The cohort of an item received at `nowMs`, made when it is new. Past cohortsPerExperiment a new one is `_other_` in
   * all segments, past variantsPerExperiment a new variant is `_other_`; null where a new experiment is past the limit.
   */
  lookup(experiment: string, variant: string, segmentKey: string, nowMs: number): Cohort | null {
    const known = this.#experiments.get(experiment)?.variants.get(variant)?.cohorts.get(segmentKey)
    if (known === undefined) return this.#admit(experiment, variant, segmentKey, nowMs)
    known.see(nowMs)
    return known
  }

  /** The cohort of an item that belongs to no experiment, received at `nowMs`. */
  untagged(segmentKey: string, nowMs: number): Cohort {
    const experiment = this.#experiments.get(UNTAGGED) ?? this.#addExperiment(UNTAGGED, nowMs)
    const cohort = this.#cohortIn(this.#variantIn(experiment, UNTAGGED), segmentKey)
    cohort.see(nowMs)
    return cohort
  }

  /** What is counted of items without an experiment in these segments; null: nothing. */
  untaggedCohort(segmentKey: string): Cohort | null {
    return this.#experiments.get(UNTAGGED)?.variants.get(UNTAGGED)?.cohorts.get(segmentKey) ?? null
  }

  /** Null for one that was neither declared nor seen. */
  experiment(id: string): Experiment | null {
    return this.#experiments.get(id) ?? null
  }

  get experimentCount(): number {
    return this.#experiments.size - (this.#experiments.has(UNTAGGED) ? 1 : 0)
  }

  /** All but that of items without an experiment. */
  *experiments(): Generator<Experiment> {
    for (const experiment of this.#experiments.values()) if (!experiment.isUntagged) yield experiment
  }

  /** That of items without an experiment included. */
  all(): MapIterator<Experiment> {
    return this.#experiments.values()
  }

  /** The cohort that holds the ordinal now. */
  cohortAt(ordinal: number): Cohort | undefined {
    return this.#byOrdinal[ordinal]
  }

  /** Brings back an experiment from before a restart; false where the limit refuses it. */
  restoreExperiment(id: string, discoveredMs: number): boolean {
    const known = this.#experiments.get(id)
    if (known !== undefined) {
      known.discoveredMs = known.seen ? Math.min(known.discoveredMs, discoveredMs) : discoveredMs
      known.seen = true
      return true
    }
    if (this.#isFull() && id !== UNTAGGED) return false
    this.#addExperiment(id, discoveredMs)
    return true
  }

  /**
   * Brings back a cohort from before a restart. The limits hold: it may become `_other_` of its variant or experiment
   * (its counts then belong there), or null. An experiment not restored before counts as discovered at `lastSeenMs`.
   */
  restore(remembered: RememberedCohort): Cohort | null {
    const { experiment: id, lastSeenMs } = remembered
    if (!this.#experiments.has(id) && !this.restoreExperiment(id, lastSeenMs)) return null
    const experiment = this.#experiments.get(id)!
    const variant = this.#variantIn(experiment, remembered.variant)
    const cohort = this.#cohortIn(variant, remembered.segmentKey)
    cohort.see(lastSeenMs)
    return cohort
  }

  /** Forgets a cohort, and its variant with the last one. The experiment stays, until removeExperiment(). */
  remove(cohort: Cohort): void {
    if (this.#byOrdinal[cohort.ordinal] !== cohort) return
    cohort.experiment.drop(cohort)
    this.#byOrdinal[cohort.ordinal] = undefined
    this.#freeOrdinals.push(cohort.ordinal)
  }

  /** Forgets an experiment with all its cohorts. One that is declared stays known, without them, as if never seen. */
  removeExperiment(experiment: Experiment): void {
    if (this.#experiments.get(experiment.id) !== experiment) return
    for (const cohort of experiment.cohorts()) this.remove(cohort)
    experiment.seen = false
    experiment.discoveredMs = this.#startMs
    if (experiment.declared === null) this.#experiments.delete(experiment.id)
  }

  #admit(id: string, variantName: string, segmentKey: string, nowMs: number): Cohort | null {
    const known = this.#experiments.get(id)
    if (known === undefined && this.#isFull() && !this.#makeRoom(nowMs)) {
      this.overflow.experiments++
      return null
    }
    const experiment = known ?? this.#addExperiment(id, nowMs)
    if (!experiment.seen) {
      experiment.seen = true
      experiment.discoveredMs = nowMs
    }
    const variant = this.#variantIn(experiment, variantName)
    const cohort = this.#cohortIn(variant, segmentKey)
    if (variant.name !== variantName) this.#countOverflow(experiment, 'variants')
    if (cohort.segmentKey !== segmentKey) this.#countOverflow(experiment, 'segments')
    cohort.see(nowMs)
    return cohort
  }

  #countOverflow(experiment: Experiment, kind: 'segments' | 'variants'): void {
    experiment.overflow[kind]++
    this.overflow[kind]++
  }

  #isFull(): boolean {
    return this.experimentCount >= this.#limits.experiments
  }

  #addExperiment(id: string, discoveredMs: number): Experiment {
    const experiment = new Experiment({ id, declared: null, discoveredMs, controls: this.#controls })
    experiment.seen = true
    experiment.lastSeenMs = discoveredMs
    this.#experiments.set(id, experiment)
    return experiment
  }

  /** Forgets the discovered experiment that has been idle longest, if for idle_expiry; false where none has. */
  #makeRoom(nowMs: number): boolean {
    if (nowMs <= this.#noRoomUntilMs) return false
    let idlest: Experiment | null = null
    for (const experiment of this.#experiments.values())
      if (
        experiment.declared === null &&
        !experiment.isUntagged &&
        (idlest === null || experiment.lastSeenMs < idlest.lastSeenMs)
      )
        idlest = experiment
    this.#noRoomUntilMs = idlest === null ? Infinity : idlest.lastSeenMs + this.#limits.idleExpiryMs
    if (idlest === null || nowMs <= this.#noRoomUntilMs) return false
    this.removeExperiment(idlest)
    this.overflow.idleExperiments++
    return true
  }

  /** The variant of that name, or `_other_`, which is always possible and not counted by the limit. */
  #variantIn(experiment: Experiment, name: string): Variant {
    const known = experiment.variants.get(name)
    if (known !== undefined) return known
    const named = experiment.variants.size - (experiment.variants.has(OTHER) ? 1 : 0)
    const admitted = named < this.#limits.variantsPerExperiment ? name : OTHER
    return experiment.variants.get(admitted) ?? experiment.open(admitted)
  }

  /** The variant's cohort with these segments, or with `_other_`, which is always possible and not counted by the limit. */
  #cohortIn(variant: Variant, segmentKey: string): Cohort {
    const known = variant.cohorts.get(segmentKey)
    if (known !== undefined) return known
    const { experiment } = variant
    const full = experiment.limitedCohortCount >= this.#limits.cohortsPerExperiment
    const key = full ? this.#otherKey : segmentKey
    const existing = variant.cohorts.get(key)
    if (existing !== undefined) return existing
    const ordinal = this.#freeOrdinals.pop() ?? this.#byOrdinal.length
    const segments = segmentValues(key, this.#segmentCount)
    const cohort = new Cohort({ ordinal, variant, segmentKey: key, segments, isOther: key === this.#otherKey })
    this.#byOrdinal[ordinal] = cohort
    experiment.add(cohort)
    return cohort
  }
}
