// An experiment as the registry holds it: variants, and in each the cohorts by their segments.
import type { ExperimentDeclaration } from '../model/settings.ts'
import { UNTAGGED } from '../model/tag-names.ts'

/** Experiment, variant and segment values: what is counted together. */
export class Cohort {
  /** Dense; given to another cohort once this one is removed. */
  readonly ordinal: number
  readonly variant: Variant
  readonly segments: readonly string[]
  /** The segments joined as model/observation.ts does. */
  readonly segmentKey: string
  /** Holds what is past the limit of the experiment (all segments are `_other_`); not counted by that limit. */
  readonly isOther: boolean
  /** Receipt of the newest item looked up, Unix milliseconds. */
  lastSeenMs = -Infinity
  #control: Cohort | null = null
  #controlAsOf = -1

  constructor(parts: Pick<Cohort, 'ordinal' | 'variant' | 'segments' | 'segmentKey' | 'isOther'>) {
    this.ordinal = parts.ordinal
    this.variant = parts.variant
    this.segments = parts.segments
    this.segmentKey = parts.segmentKey
    this.isOther = parts.isOther
  }

  get experiment(): Experiment {
    return this.variant.experiment
  }

  /** Notes that an item was received at `nowMs`. */
  see(nowMs: number): void {
    if (nowMs <= this.lastSeenMs) return
    this.lastSeenMs = nowMs
    const { experiment } = this.variant
    if (nowMs > experiment.lastSeenMs) experiment.lastSeenMs = nowMs
  }

  /** The cohort with the same segments in the control variant; null where there is none, and for the control itself. */
  control(): Cohort | null {
    const { experiment } = this.variant
    if (this.#controlAsOf !== experiment.revision) {
      this.#controlAsOf = experiment.revision
      const control = experiment.control()
      this.#control = control === this.variant ? null : (control?.cohorts.get(this.segmentKey) ?? null)
    }
    return this.#control
  }
}

export class Variant {
  readonly name: string
  readonly experiment: Experiment
  /** By segment key. Only the registry changes it. */
  readonly cohorts = new Map<string, Cohort>()
  /** Exposures counted by this process, weighted; here, since cohorts may be forgotten while the variant lives on. */
  processExposures = 0
  /** Exposures, by this process, that did not tell their unit. */
  exposuresWithoutUnit = 0

  constructor(name: string, experiment: Experiment) {
    this.name = name
    this.experiment = experiment
  }
}

export class Experiment {
  readonly id: string
  /** Null: discovered from traffic. */
  readonly declared: ExperimentDeclaration | null
  /** Receipt of the first item, Unix milliseconds; for a declared experiment without any, the start of the registry. */
  discoveredMs: number
  /** Whether any item was ever received. */
  seen = false
  /** Receipt of its newest item, Unix milliseconds. */
  lastSeenMs = -Infinity
  /** Only the registry changes it. */
  readonly variants = new Map<string, Variant>()
  cohortCount = 0
  /** Of these, those that the limit counts. */
  limitedCohortCount = 0
  /** Changes with every variant or cohort that comes or goes. */
  revision = 0
  /** Lookups that a limit moved to `_other_`. */
  readonly overflow = { segments: 0, variants: 0 }
  /** Indices of SLIs for whose single values this process was sent summaries. */
  readonly summarized = new Set<number>()
  readonly #controls: readonly string[]

  constructor(parts: {
    id: string
    declared: ExperimentDeclaration | null
    discoveredMs: number
    controls: readonly string[]
  }) {
    this.id = parts.id
    this.declared = parts.declared
    this.discoveredMs = parts.discoveredMs
    this.#controls = parts.controls
  }

  get isUntagged(): boolean {
    return this.id === UNTAGGED
  }

  /** The declared control, else the first of the configured names that is a variant here; null while there is none. */
  control(): Variant | null {
    const declared = this.declared?.control ?? null
    if (declared !== null) return this.variants.get(declared) ?? null
    for (const name of this.#controls) {
      const variant = this.variants.get(name)
      if (variant !== undefined) return variant
    }
    return null
  }

  /** Adds a variant. */
  open(name: string): Variant {
    const variant = new Variant(name, this)
    this.variants.set(name, variant)
    this.revision++
    return variant
  }

  /** Adds a cohort to its variant. */
  add(cohort: Cohort): void {
    cohort.variant.cohorts.set(cohort.segmentKey, cohort)
    this.cohortCount++
    if (!cohort.isOther) this.limitedCohortCount++
    this.revision++
  }

  /** Takes a cohort away, and its variant with the last one. */
  drop(cohort: Cohort): void {
    const { variant } = cohort
    variant.cohorts.delete(cohort.segmentKey)
    if (variant.cohorts.size === 0) this.variants.delete(variant.name)
    this.cohortCount--
    if (!cohort.isOther) this.limitedCohortCount--
    this.revision++
  }

  *cohorts(): Generator<Cohort> {
    for (const variant of this.variants.values()) yield* variant.cohorts.values()
  }
}
