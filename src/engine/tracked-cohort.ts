// What the engine keeps for one cohort: a series for each SLI with everybody's counts, this process' own partials for the store, the
// alerts that fire, and traces of recent bad events.
import type { Cohort } from '../cohort/registry.ts'
import { BAD, GOOD, NO_EVENT } from '../model/observation.ts'
import type { CohortReading } from '../model/reading.ts'
import type { Severity } from '../model/slo.ts'
import { minuteOf } from '../slices/minute-counts.ts'
import type { SlicePlan } from '../slices/plan.ts'
import { Series } from '../slices/series.ts'
import type { Alert } from './alerts.ts'
import { type CompiledSlo, isSufficient } from './burn.ts'
import { OwnPartials, type OwnRow } from './own-partials.ts'
import { RecentTraces } from './recent-traces.ts'

/** What all tracked cohorts of an engine share. */
export interface TrackingRules {
  readonly plan: SlicePlan
  readonly slos: readonly CompiledSlo[]
  /** By SLI: whether its values go into a digest. */
  readonly digests: readonly boolean[]
  readonly sliNames: readonly string[]
  /** Told of a cohort that has something for the store, once until its `queued` is cleared. */
  readonly changed: (tracked: TrackedCohort) => void
}

/** The parts of an observation that counting needs; a parked one looks the same. */
export interface Countable {
  readonly second: number
  readonly weight: number
  readonly outcomes: Uint8Array
  readonly values: Float64Array
  readonly traceId: Uint32Array
}

export class TrackedCohort implements CohortReading {
  readonly cohort: Cohort
  readonly slis: (Series | null)[]
  /** By SLO; changed by setAlert(). */
  readonly firing: (Alert | null)[]
  firingCount = 0
  readonly own: OwnPartials
  readonly #rules: TrackingRules
  readonly #badTraces: (RecentTraces | null)[]
  #cursor: number
  /** That of the last advance. */
  #minute = -1
  /** Something was recorded since the last advance. */
  touched = true
  /** Whether `changed` was told. */
  queued = false
  /** The next second at which a window changes by itself. */
  wakeSecond = Infinity
  /** Receipt of the newest telemetry counted here; null when it came from the store. */
  lastReceivedMs: number | null = null

  constructor(cohort: Cohort, rules: TrackingRules, cursor: number) {
    this.cohort = cohort
    this.#rules = rules
    this.#cursor = cursor
    this.slis = rules.digests.map(() => null)
    this.firing = rules.slos.map(() => null)
    this.#badTraces = rules.digests.map(() => null)
    this.own = new OwnPartials({ rules, series: this.slis, number: cohort.ordinal })
  }

  get experiment(): string {
    return this.cohort.experiment.id
  }

  get variant(): string {
    return this.cohort.variant.name
  }

  get segments(): readonly string[] {
    return this.cohort.segments
  }

  get alerts(): (Severity | null)[] {
    return this.firing.map((alert) => alert?.severity ?? null)
  }

  sufficient(slo: number): boolean {
    const compiled = this.#rules.slos[slo]
    return isSufficient(this.slis[compiled.sliIndex], compiled)
  }

  count(observation: Countable, receivedMs: number): void {
    const { outcomes, values } = observation
    for (let sli = 0; sli < outcomes.length; sli++) {
      const outcome = outcomes[sli]
      if (outcome === NO_EVENT) continue
      this.series(sli).record(observation.second, outcome === GOOD, observation.weight, values[sli])
      if (outcome === BAD) (this.#badTraces[sli] ??= new RecentTraces()).add(observation.traceId)
    }
    this.touched = true
    this.lastReceivedMs = receivedMs
    const minute = minuteOf(observation.second)
    if (minute !== this.own.hotMinute) {
      this.own.touch(minute)
      this.queue()
    }
  }

  /** There is something for the store. */
  queue(): void {
    if (this.queued) return
    this.queued = true
    this.#rules.changed(this)
  }

  setAlert(slo: number, alert: Alert | null): void {
    this.firing[slo] = alert
    this.firingCount = this.firing.reduce((count, firing) => count + (firing === null ? 0 : 1), 0)
  }

  /** The series of an SLI, made when first needed. */
  series(sli: number): Series {
    return (this.slis[sli] ??= new Series(this.#rules.plan, { digest: this.#rules.digests[sli], cursor: this.#cursor }))
  }

  /**
   * Moves all windows to `second`; true when that may have changed any of their sums. Under traffic the next second is
   * worth a look anyway; when the next change comes by itself is asked only of a cohort that has fallen quiet.
   */
  advance(second: number): boolean {
    this.#cursor = second
    if (!this.touched && second < this.wakeSecond) return false
    this.#advanceSeries(second)
    this.wakeSecond = this.touched ? second + 1 : this.#nextChange()
    this.touched = false
    return true
  }

  /** Begins all series anew, empty, and gives what this process had counted in them. */
  beginAnew(): readonly OwnRow[] {
    this.settle()
    const own = this.own.all()
    for (const [sli, before] of this.slis.entries()) {
      if (before === null) continue
      this.slis[sli] = null
      this.series(sli).resumeProcess(before)
    }
    this.touched = true
    return own
  }

  /** Brings series that slept through quiet seconds to the cursor, so that percentiles are of the last five minutes. */
  settle(): void {
    this.#advanceSeries(this.#cursor)
  }

  /** Hex ids of recent bad events of an SLI, newest first. */
  recentBadTraces(sli: number): string[] {
    return this.#badTraces[sli]?.newestFirst() ?? []
  }

  /** The newest second at which anything happened; 0 when nothing ever did. */
  lastRecordedSecond(): number {
    return this.slis.reduce((last, series) => Math.max(last, series?.lastRecordedSecond ?? 0), 0)
  }

  #nextChange(): number {
    return this.slis.reduce((next, series) => Math.min(next, series?.nextChange() ?? Infinity), Infinity)
  }

  #advanceSeries(second: number): void {
    if (this.own.foldBefore(second)) this.queue()
    for (const series of this.slis) series?.advance(second)
    const minute = minuteOf(second)
    if (minute === this.#minute) return
    this.#minute = minute
    for (const series of this.slis)
      if (series?.hasOthers === true) series.forgetOthersBefore(this.own.oldestMinute(second))
  }
}
