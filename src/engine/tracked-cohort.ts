// What the engine keeps for one cohort: a series for each SLI with everybody's counts, this process' own partials for the store, the
// alerts that fire, and traces of recent bad events.
import type { Cohort } from '../cohort/registry.ts'
import type { Counting } from '../model/counting.ts'
import type { MeasuredValues } from '../model/measured-values.ts'
import { BAD, GOOD, NO_EVENT, NUMERATOR } from '../model/observation.ts'
import type { CohortReading, SliReading } from '../model/reading.ts'
import type { Severity } from '../model/slo.ts'
import { type Counts, minuteOf } from '../slices/minute-counts.ts'
import type { SlicePlan } from '../slices/plan.ts'
import { Series } from '../slices/series.ts'
import type { Alert } from './alerts.ts'
import { type CompiledSlo, isSufficient } from './burn.ts'
import { OwnPartials, type OwnRow, type UnitRules } from './own-partials.ts'
import { RecentTraces } from './recent-traces.ts'
import { type Expectation, readingOf } from './sli-readings.ts'

/** What all tracked cohorts of an engine share. */
export interface TrackingRules {
  readonly plan: SlicePlan
  readonly slos: readonly CompiledSlo[]
  /** By SLI: whether its values go into a digest. */
  readonly digests: readonly boolean[]
  /** By SLI: what the sides of its series mean. */
  readonly countings: readonly Counting[]
  /** How many items of an SLI a cohort may be expected to have; null where that is no matter of the SLI. */
  readonly expectationOf: (tracked: TrackedCohort, sli: number) => Expectation | null
  readonly sliNames: readonly string[]
  /** What holds for the units of a cohort's experiment now. */
  readonly unitRulesOf: (tracked: TrackedCohort) => UnitRules
  /** Told of a cohort that has something for the store, once until its `queued` is cleared. */
  readonly changed: (tracked: TrackedCohort) => void
}

/** What a data point adds to an SLI. */
export interface Contribution {
  readonly second: number
  readonly counts: Counts
  readonly values: MeasuredValues | null
}

/** By counting: the sides on which an event is a bad one. */
const BAD_SIDES: Readonly<Record<Counting, number>> = {
  judged: BAD,
  good_of_valid: 0,
  bad_of_valid: NUMERATOR,
  amount: 0,
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
  /** By SLI. */
  readonly series: (Series | null)[]
  readonly slis: (SliReading | null)[]
  /** By SLO; changed by setAlert(). */
  readonly firing: (Alert | null)[]
  firingCount = 0
  readonly own: OwnPartials
  readonly #rules: TrackingRules
  readonly #badTraces: (RecentTraces | null)[]
  readonly #badSides: Uint8Array
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
    this.series = rules.digests.map(() => null)
    this.slis = rules.digests.map(() => null)
    this.#badSides = Uint8Array.from(rules.countings, (counting) => BAD_SIDES[counting])
    this.firing = rules.slos.map(() => null)
    this.#badTraces = rules.digests.map(() => null)
    this.own = new OwnPartials({
      rules,
      series: this.series,
      number: cohort.ordinal,
      units: () => rules.unitRulesOf(this),
    })
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
    const { outcomes, values, second, weight } = observation
    for (let sli = 0; sli < outcomes.length; sli++) {
      const outcome = outcomes[sli]
      if (outcome === NO_EVENT) continue
      const series = this.seriesOf(sli)
      if ((outcome & GOOD) !== 0) series.record(second, true, weight, values[sli])
      if ((outcome & BAD) !== 0) series.record(second, false, weight, outcome === BAD ? values[sli] : Number.NaN)
      if ((outcome & this.#badSides[sli]) !== 0) (this.#badTraces[sli] ??= new RecentTraces()).add(observation.traceId)
    }
    this.#counted(second, receivedMs)
  }

  /** Counts what a data point adds to one SLI. */
  contribute(sli: number, { second, counts, values }: Contribution, receivedMs: number): void {
    if (this.seriesOf(sli).recordMany(second, counts, values)) this.#counted(second, receivedMs)
  }

  #counted(second: number, receivedMs: number): void {
    this.touched = true
    this.lastReceivedMs = receivedMs
    const minute = minuteOf(second)
    if (minute === this.own.hotMinute) return
    this.own.touch(minute)
    this.queue()
  }

  /** Notes for the store that a unit was seen at `second`, in what was counted at `countedSecond`. */
  addUnit(name: string, at: { unit: number; second: number; countedSecond: number }): void {
    const minute = minuteOf(at.countedSecond)
    if (!this.own.addUnit(name, at, minute)) return
    this.touched = true
    this.own.touch(minute)
    this.queue()
  }

  /** Notes for other replicas that a cumulative time series is counted here. */
  seeStream(stream: Uint32Array, second: number): void {
    if (!this.own.openStreams().see(stream, second)) return
    this.own.touch(minuteOf(second))
    this.queue()
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
  seriesOf(sli: number): Series {
    return this.series[sli] ?? this.#begin(sli)
  }

  #begin(sli: number): Series {
    const { plan, digests, countings } = this.#rules
    const series = new Series(plan, { digest: digests[sli], cursor: this.#cursor })
    this.series[sli] = series
    const expectation = this.#rules.expectationOf(this, sli)
    const expected = expectation === null ? null : { expectation, windows: plan.windows }
    this.slis[sli] = readingOf(series, countings[sli], expected)
    return series
  }

  /**
   * Moves all windows to `second`; true when that may have changed any of their sums. Under traffic the next second is
   * worth a look anyway; when the next change comes by itself is asked only of a cohort that has fallen quiet.
   */
  advance(second: number): boolean {
    this.#cursor = second
    if (!this.touched && second < this.wakeSecond) return false
    this.#advanceSeries(second)
    this.wakeSecond = this.touched || this.#readsUnits() ? second + 1 : this.#nextChange()
    this.touched = false
    return true
  }

  /** Begins all series anew, empty, and gives what this process had counted in them. */
  beginAnew(): readonly OwnRow[] {
    this.settle()
    const own = this.own.all()
    for (const [sli, before] of this.series.entries()) if (before !== null) this.#begin(sli).resumeProcess(before)
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
    return this.series.reduce((last, series) => Math.max(last, series?.lastRecordedSecond ?? 0), 0)
  }

  /** What is read from units changes with any second. */
  #readsUnits(): boolean {
    for (let sli = 0; sli < this.slis.length; sli++)
      if (this.slis[sli] !== null && this.series[sli] === null) return true
    return false
  }

  #nextChange(): number {
    return this.series.reduce((next, series) => Math.min(next, series?.nextChange() ?? Infinity), Infinity)
  }

  #advanceSeries(second: number): void {
    if (this.own.foldBefore(second)) this.queue()
    for (const series of this.series) series?.advance(second)
    const minute = minuteOf(second)
    if (minute === this.#minute) return
    this.#minute = minute
    for (const series of this.series)
      if (series?.hasOthers === true) series.forgetOthersBefore(this.own.oldestMinute(second))
  }
}
