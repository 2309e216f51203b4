// All tracked cohorts: moved together at each tick, let go when nothing holds them any more, saved and restored.
import type { Cohort, CohortRegistry } from '../cohort/registry.ts'
import {
  type EngineChange,
  type EngineState,
  restoreCohort,
  type SavedCohort,
  type SavedExperiment,
  saveCohort,
} from './state.ts'
import { TrackedCohort, type TrackingRules } from './tracked-cohort.ts'

export class TrackedCohorts {
  readonly #registry: CohortRegistry
  readonly #rules: TrackingRules
  readonly #sliNames: readonly string[]
  readonly #idleExpiryMs: number
  /** By cohort ordinal. */
  readonly #byOrdinal: (TrackedCohort | undefined)[] = []
  readonly #forgotten: Cohort[] = []
  readonly #savedExperiments = new Set<string>()
  #cursor: number
  #sweptMinute = -1
  /** The next second at which a window may change if nothing more arrives. */
  nextWake = Infinity

  constructor(parts: {
    registry: CohortRegistry
    rules: TrackingRules
    sliNames: readonly string[]
    idleExpiryMs: number
    cursor: number
  }) {
    this.#registry = parts.registry
    this.#rules = parts.rules
    this.#sliNames = parts.sliNames
    this.#idleExpiryMs = parts.idleExpiryMs
    this.#cursor = parts.cursor
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

  #forget({ cohort }: TrackedCohort): void {
    const { experiment } = cohort
    this.#byOrdinal[cohort.ordinal] = undefined
    this.#forgotten.push(cohort)
    this.#registry.remove(cohort)
    if (experiment.cohortCount > 0) return
    this.#registry.removeExperiment(experiment)
    this.#savedExperiments.delete(experiment.id)
  }

  /** What changed since last asked, of at most `maxCohorts` cohorts; null when nothing did. */
  takeChange(maxCohorts: number): Omit<EngineChange, 'engine'> | null {
    const cohorts = this.#takeUnsaved(maxCohorts)
    const experiments = this.#takeUnsavedExperiments()
    const forgotten = this.#forgotten.splice(0)
    if (cohorts.length + experiments.length + forgotten.length === 0) return null
    const gone = forgotten.filter(({ experiment }) => this.#registry.experiment(experiment.id)?.seen !== true)
    return {
      experiments,
      cohorts,
      forgottenExperiments: [...new Set(gone.map(({ experiment }) => experiment.id))],
      forgottenCohorts: forgotten.filter((cohort) => !this.#isBack(cohort)).map(cohortKey),
    }
  }

  /** Takes over what an earlier run left in the store; to be called before anything is counted. */
  restore(state: EngineState): void {
    for (const { id, json } of state.experiments) {
      this.#registry.restoreExperiment(id, (JSON.parse(json) as { discoveredMs: number }).discoveredMs)
      this.#savedExperiments.add(id)
    }
    for (const saved of state.cohorts) this.#restoreCohort(saved)
    this.wakeNext()
  }

  #restoreCohort(saved: SavedCohort): void {
    const cohort = this.#registry.restore({ ...saved, lastSeenMs: 0 })
    if (cohort === null) return
    const tracked = this.of(cohort)
    restoreCohort(tracked, saved, { slis: this.#sliNames, slos: this.#rules.slos })
    tracked.unsaved = false
    cohort.see(tracked.lastRecordedSecond() * 1000)
  }

  #takeUnsaved(maxCohorts: number): SavedCohort[] {
    const cohorts: SavedCohort[] = []
    for (const tracked of this.#byOrdinal) {
      if (cohorts.length === maxCohorts) break
      if (tracked === undefined || !tracked.unsaved) continue
      tracked.unsaved = false
      cohorts.push(saveCohort(tracked, this.#sliNames, this.#rules.slos))
    }
    return cohorts
  }

  #takeUnsavedExperiments(): SavedExperiment[] {
    const unsaved: SavedExperiment[] = []
    for (const { id, seen, discoveredMs } of this.#registry.experiments()) {
      if (!seen || this.#savedExperiments.has(id)) continue
      this.#savedExperiments.add(id)
      unsaved.push({ id, json: JSON.stringify({ discoveredMs }) })
    }
    return unsaved
  }

  /** Whether a cohort of the same name has come since this one was forgotten. */
  #isBack({ experiment, variant, segmentKey }: Cohort): boolean {
    return this.#registry.experiment(experiment.id)?.variants.get(variant.name)?.cohorts.has(segmentKey) ?? false
  }
}

function cohortKey({
  experiment,
  variant,
  segmentKey,
}: Cohort): Pick<SavedCohort, 'experiment' | 'variant' | 'segmentKey'> {
  return { experiment: experiment.id, variant: variant.name, segmentKey }
}
