// All tracked cohorts: moved together at each tick, let go when nothing holds them any more.
import type { Cohort, CohortRegistry, Experiment } from '../cohort/registry.ts'
import type { RowKey } from '../model/partial.ts'
import { TrackedCohort, type TrackingRules } from './tracked-cohort.ts'

export class TrackedCohorts {
  readonly #registry: CohortRegistry
  readonly #rules: TrackingRules
  readonly #idleExpiryMs: number
  /** By cohort ordinal. */
  readonly #byOrdinal: (TrackedCohort | undefined)[] = []
  readonly #forgotten: (tracked: TrackedCohort) => void
  #cursor: number
  #sweptMinute = -1
  /** The next second at which a window may change if nothing more arrives. */
  nextWake = Infinity

  constructor(parts: {
    registry: CohortRegistry
    rules: TrackingRules
    idleExpiryMs: number
    cursor: number
    /** Told of a cohort that was let go. */
    forgotten: (tracked: TrackedCohort) => void
  }) {
    this.#registry = parts.registry
    this.#rules = parts.rules
    this.#idleExpiryMs = parts.idleExpiryMs
    this.#cursor = parts.cursor
    this.#forgotten = parts.forgotten
  }

  /** What is tracked for a cohort; begun when it is new. */
  of(cohort: Cohort): TrackedCohort {
    const known = this.#byOrdinal[cohort.ordinal]
    if (known?.cohort === cohort) return known
    // The registry made room and gave the ordinal away.
    if (known !== undefined) this.#forget(known)
    return (this.#byOrdinal[cohort.ordinal] = new TrackedCohort(cohort, this.#rules, this.#cursor))
  }

  all(): TrackedCohort[] {
    return this.#byOrdinal.filter((tracked) => tracked !== undefined)
  }

  /** Those of one experiment. */
  *ofExperiment(experiment: Experiment): Generator<TrackedCohort> {
    for (const cohort of experiment.cohorts()) yield this.of(cohort)
  }

  /** Null where nothing is tracked under that name. */
  find(experiment: string, { variant, segmentKey }: Omit<RowKey, 'slice'>): TrackedCohort | null {
    const cohort = this.#registry.experiment(experiment)?.variants.get(variant)?.cohorts.get(segmentKey)
    return cohort === undefined ? null : this.of(cohort)
  }

  /** To be called when something was recorded: the next second is worth a tick. */
  wakeNext(): void {
    this.nextWake = this.#cursor + 1
  }

  /** Moves every cohort to the second; gives those whose alerts may change: their windows did, or they fire. */
  advance(second: number): TrackedCohort[] {
    this.#cursor = second
    const toJudge: TrackedCohort[] = []
    let wake = Infinity
    for (const tracked of this.#byOrdinal) {
      if (tracked === undefined) continue
      if (this.#registry.cohortAt(tracked.cohort.ordinal) !== tracked.cohort) {
        this.#forget(tracked)
        continue
      }
      const changed = tracked.advance(second)
      if (changed || tracked.firingCount > 0) toJudge.push(tracked)
      if (tracked.wakeSecond < wake) wake = tracked.wakeSecond
    }
    this.nextWake = wake
    this.#forgetIdle(second)
    return toJudge
  }

  /** Lets go of cohorts that no window holds any more and that have been idle for idle_expiry; looked at once a minute. */
  #forgetIdle(second: number): void {
    const minute = Math.floor(second / 60)
    if (minute === this.#sweptMinute) return
    this.#sweptMinute = minute
    const { windows } = this.#rules.plan
    const oldestSecond = minute * 60 - windows[windows.length - 1]
    const oldestSeenMs = minute * 60_000 - this.#idleExpiryMs
    for (const tracked of this.all()) {
      if (tracked.lastRecordedSecond() < oldestSecond && tracked.cohort.lastSeenMs < oldestSeenMs) this.#forget(tracked)
    }
  }

  #forget(tracked: TrackedCohort): void {
    const { cohort } = tracked
    this.#byOrdinal[cohort.ordinal] = undefined
    this.#registry.remove(cohort)
    if (cohort.experiment.cohortCount === 0) this.#registry.removeExperiment(cohort.experiment)
    this.#forgotten(tracked)
  }
}
