// Units of all experiments: who was exposed to what, and which events belong to a variant because their unit was exposed to it before.
//
// An event belongs to the variant of its unit's first exposure where that came before it, by at most the window of the SLI, and is counted in the
// cohort of that exposure, so that both sides of a ratio are in one place. It may be received first: then it waits for the exposure as long
// as spans wait for their trace, and no longer. Where units are sampled, an event of a unit in the sample stands for as many as the unit does.
//
// What waits is in memory alone and ends with the process.
import type { Cohort, CohortRegistry } from '../cohort/registry.ts'
import { NO_EVENT, NUMERATOR } from '../model/observation.ts'
import type { EngineSettings } from '../model/settings.ts'
import { TRANSPORTS } from '../model/signal.ts'
import { decodeUnits } from '../units/unit-codec.ts'
import { UnitHasher } from '../units/unit-hasher.ts'
import type { EngineClock } from './engine-parts.ts'
import { ExperimentUnits } from './experiment-units.ts'
import type { Ledger } from './ledger.ts'
import type { RequestScope } from './request-scope.ts'
import type { StagedItem } from './staging.ts'
import { UNITS } from './state.ts'
import type { TrackedCohort } from './tracked-cohort.ts'
import { UnitReading } from './unit-reading.ts'
import { type WaitingEvent, WaitingUnits } from './waiting-units.ts'

export interface UnitAttributionParts {
  readonly settings: EngineSettings
  readonly registry: CohortRegistry
  readonly trackedOf: (cohort: Cohort) => TrackedCohort
  readonly ledger: Ledger
  /** Seconds of the windows that readings have. */
  readonly windows: readonly number[]
  readonly clock: EngineClock
}

export class UnitAttribution {
  readonly #parts: UnitAttributionParts
  readonly #experiments = new Map<string, ExperimentUnits>()
  readonly #waiting: WaitingUnits
  /** By SLI: milliseconds in which an event still belongs to an exposure; NaN: not by unit. */
  readonly #windowsMs: readonly number[]
  /** Indices of SLIs that count each unit once. */
  readonly #once: readonly number[]
  #keyId = 0

  constructor(parts: UnitAttributionParts) {
    const { slis, inheritMs } = parts.settings
    this.#parts = parts
    this.#windowsMs = slis.map((sli) =>
      sli.from === 'events' && sli.attribution !== null ? sli.attribution.windowMs : Number.NaN,
    )
    this.#once = slis.flatMap((sli, index) =>
      sli.from === 'events' && sli.attribution?.oncePerUnit === true ? [index] : [],
    )
    this.#waiting = new WaitingUnits({ waitMs: inheritMs, ended: (event) => this.#ended(event) })
  }

  /** Hashes units with this key from now on. What was hashed with another one before is forgotten: it cannot be told from what comes. */
  begin(key: string): UnitHasher {
    const hasher = new UnitHasher(key)
    if (hasher.keyId !== this.#keyId)
      for (const [id, units] of this.#experiments) {
        units.clear()
        for (const cohort of this.#parts.registry.experiment(id)?.cohorts() ?? [])
          this.#parts.trackedOf(cohort).own.forgetUnits()
      }
    this.#keyId = hasher.keyId
    return hasher
  }

  /** Names the key without telling it. */
  get keyId(): number {
    return this.#keyId
  }

  of(experiment: string): ExperimentUnits | null {
    return this.#experiments.get(experiment) ?? null
  }

  forget(experiment: string): void {
    this.#experiments.delete(experiment)
  }

  /** Log records that wait for the exposure of their unit and that nothing else has attributed. */
  get pendingLogs(): number {
    return this.#waiting.pendingLogs
  }

  /** Events whose wait ended before its time, for want of room. */
  get evicted(): number {
    return this.#waiting.evicted
  }

  /** Notes that a unit was exposed to the variant of a cohort. */
  exposed(cohort: Cohort, unit: number, at: { second: number; countedSecond: number }): void {
    const units = this.open(cohort)
    const before = units.threshold
    // A unit that lowers the threshold and is beyond it then is noted all the same: so the store is told of the new one.
    if (!units.see(unit, cohort, at.second) && units.threshold === before) return
    const tracked = this.#parts.trackedOf(cohort)
    tracked.addUnit(UNITS, { unit, second: at.second, countedSecond: at.countedSecond })
    this.#openReadings(tracked, units)
    for (const event of this.#waiting.of(unit)) this.#attributeTo(cohort.experiment.id, event)
  }

  /**
   * Counts an event for the variants of its unit. `waits`: none is known yet; what becomes of it is entered in the ledger later. `none`: it never will
   * be, since the unit is outside of the sample or nobody may wait.
   */
  attribute(item: StagedItem, nowMs: number, scope: RequestScope): 'attributed' | 'waits' | 'none' {
    const event = this.#waiting.view(item, nowMs)
    for (const experiment of this.#experiments.keys())
      if (!scope.skips(experiment) && this.#attributeTo(experiment, event)) scope.touch(experiment)
    const isKept = this.#waiting.keep(event, this.#isOutside(item.unit))
    if (event.isAttributed) return 'attributed'
    return isKept ? 'waits' : 'none'
  }

  /** Whether no experiment that there is can have the unit in its sample. */
  #isOutside(unit: number): boolean {
    for (const { threshold } of this.#experiments.values()) if (unit < threshold) return false
    return this.#experiments.size > 0
  }

  /** Adds the experiments for which an event of the unit would be counted. */
  collectExperiments(unit: number, into: Set<string>): void {
    for (const [experiment, units] of this.#experiments) if (units.exposureOf(unit) !== null) into.add(experiment)
  }

  /** Ends the wait of what has waited long enough. */
  advance(nowMs: number): void {
    this.#waiting.advance(nowMs)
  }

  /** The units of a cohort's experiment, begun when they are first needed. */
  open({ experiment }: Cohort): ExperimentUnits {
    let units = this.#experiments.get(experiment.id)
    if (units === undefined)
      this.#experiments.set(
        experiment.id,
        (units = new ExperimentUnits(this.#parts.settings.limits.unitsPerExperiment)),
      )
    return units
  }

  /** Takes what a writer knows of the units of a cohort. Throws UnitBytesError, and takes nothing, where the bytes tell none. */
  learn(tracked: TrackedCohort, name: string, bytes: Uint8Array): void {
    const units = this.open(tracked.cohort)
    const known = decodeUnits(bytes)
    if (known.keyId !== this.#keyId) {
      units.foreign++
      return
    }
    units.lowerTo(known.threshold)
    const sli = name.slice(UNITS.length + 1)
    for (const [at, unit] of known.hashes.entries())
      if (sli === '') units.see(unit, tracked.cohort, known.seconds[at])
      else units.convert(sli, unit, known.seconds[at])
    this.#openReadings(tracked, units)
  }

  /** Counts the event in the experiment, if its unit was exposed there in time and it was not counted there before. */
  #attributeTo(experiment: string, event: WaitingEvent): boolean {
    const units = this.#experiments.get(experiment)
    const exposure = units?.exposureOf(event.unit) ?? null
    if (units === undefined || exposure === null || event.experiments.includes(experiment)) return false
    const afterMs = (event.unitSecond - exposure.second) * 1000
    const { variant, segmentKey } = exposure
    if (afterMs < 0) return false
    const { registry, trackedOf } = this.#parts
    const cohort = registry.lookup(experiment, variant, segmentKey, event.nowMs)
    if (cohort === null) return false
    event.experiments.push(experiment)
    const tracked = trackedOf(cohort)
    if (!this.#count(tracked, units, { event, afterMs })) return false
    this.#attributed(event)
    return true
  }

  /** False: too late for every SLI. */
  #count(tracked: TrackedCohort, units: ExperimentUnits, at: { event: WaitingEvent; afterMs: number }): boolean {
    const { event, afterMs } = at
    const { observation, unit, unitSecond } = event
    const counted = this.#waiting.scratch(observation, 1 / units.probability)
    let isCounted = false
    for (let sli = 0; sli < this.#windowsMs.length; sli++) {
      const outcome = observation.outcomes[sli]
      const isIn = outcome !== NO_EVENT && afterMs <= this.#windowsMs[sli]
      const isOnce = this.#once.includes(sli)
      counted.outcomes[sli] = isIn && !isOnce ? outcome : NO_EVENT
      if (!isIn) continue
      isCounted = true
      if (isOnce && (outcome & NUMERATOR) !== 0)
        this.#convert(tracked, units, { sli, unit, second: unitSecond, countedSecond: observation.second })
    }
    if (isCounted) tracked.count(counted, event.nowMs)
    return isCounted
  }

  #convert(
    tracked: TrackedCohort,
    units: ExperimentUnits,
    at: { sli: number; unit: number; second: number; countedSecond: number },
  ): void {
    const { name } = this.#parts.settings.slis[at.sli]
    units.convert(name, at.unit, at.second)
    tracked.addUnit(`${UNITS}/${name}`, at)
  }

  /** SLIs that count each unit once are read from the units themselves. */
  #openReadings(tracked: TrackedCohort, units: ExperimentUnits): void {
    const { settings, windows, clock } = this.#parts
    for (const sli of this.#once)
      if (tracked.slis[sli] === null)
        tracked.slis[sli] = new UnitReading(units, {
          cohort: tracked.cohort,
          sli: settings.slis[sli].name,
          windows,
          clock,
        })
    tracked.touched = true
  }

  #attributed(event: WaitingEvent): void {
    if (event.isAttributed) return
    event.isAttributed = true
    if (event.isHeld) this.#tell(event, 'attributed')
  }

  #ended(event: WaitingEvent): void {
    if (!event.isAttributed) this.#tell(event, 'unattributed')
  }

  /** Enters an event that has waited in the ledger, if it stands for an item there. */
  #tell({ observation }: WaitingEvent, outcome: 'attributed' | 'unattributed'): void {
    if (observation.isPart) return
    this.#parts.ledger[outcome](observation.isLog ? 'logs' : 'traces', TRANSPORTS[observation.transport])
  }
}
