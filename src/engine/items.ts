// The way of one request: decoded whole, judged by every SLI, each item refused or attributed, counted in its cohorts.
//
//   spans, log records    staged, then counted by their tags, by their trace (cohort/traces.ts) or by their unit (unit-attribution.ts)
//   data points           staged, then counted by their tags (points.ts)
//
// What belongs to no experiment is counted as well, in a cohort apart: it is what experiments are compared with that begin later.
import type { Cohort, CohortRegistry } from '../cohort/registry.ts'
import { SegmentReader } from '../cohort/segments.ts'
import { TagResolver } from '../cohort/tags.ts'
import {
  type LeftEntry,
  type ReleaseOutcome,
  type RestoredInheritance,
  type TakenJournal,
  TraceInheritance,
} from '../cohort/traces.ts'
import { vocabularyFor } from '../cohort/vocabulary.ts'
import { FLAG_EVALUATIONS } from '../model/flag-evaluations.ts'
import type { Observation } from '../model/observation.ts'
import type { EngineSettings } from '../model/settings.ts'
import { type ExportOutcome, type ExportRequest, type Signal, TRANSPORTS } from '../model/signal.ts'
import type { UnitHasher } from '../units/unit-hasher.ts'
import type { WhenFull } from './batch.ts'
import { countItems, Decoding } from './decoding.ts'
import { eventJudges, spanJudges, unitJudges } from './judging.ts'
import type { Ledger } from './ledger.ts'
import { PointIntake } from './points.ts'
import { INHERITANCE, RequestScope, type Touched } from './request-scope.ts'
import { type StagedItem, Staging } from './staging.ts'
import { Tally, untimely } from './tally.ts'
import type { Contribution, Countable } from './tracked-cohort.ts'
import type { UnitAttribution } from './unit-attribution.ts'
import { NO_UNIT, UnitReader } from './unit-reader.ts'

/** Where items are counted once their cohort is known. */
export interface CohortCounter {
  count(cohort: Cohort, observation: Countable, nowMs: number): void
  contribute(cohort: Cohort, sli: number, contribution: Contribution, nowMs: number): void
  /** A point of a cumulative time series was counted in the cohort. */
  seeStream(cohort: Cohort, stream: Uint32Array, second: number): void
}

export interface ItemIntakeParts {
  readonly settings: EngineSettings
  readonly registry: CohortRegistry
  readonly ledger: Ledger
  readonly counter: CohortCounter
  readonly units: UnitAttribution
  /** Which cumulative time series are counted from their beginning: those that began since, and no longer than `youngMs` before their first point. */
  readonly view: { readonly startMs: number; readonly youngMs: number }
  /** Whether what waits is recorded for takeJournal(). */
  readonly journal?: boolean
}

export interface ConsumeOptions {
  /** Experiments for which another replica has counted the request's tagged items; INHERITANCE: it has taken what tells traces and what is told by them. */
  readonly skip?: ReadonlySet<string>
}

/** What reads and judges records; made anew when the rules for resources change, since these decide what must be read. */
interface Reading {
  readonly tags: TagResolver
  readonly staging: Staging
  readonly units: UnitReader
  readonly decoding: Decoding
}

export class ItemIntake {
  readonly #parts: ItemIntakeParts
  readonly #settings: EngineSettings
  readonly #inheritance: TraceInheritance
  readonly #points: PointIntake
  readonly #scope = new RequestScope()
  #reading: Reading
  #unusableTags = 0
  #nowMs: number
  /** Spans that ended before they started; each counted with a duration of 0 s. */
  negativeDurations = 0
  /** Flag evaluations that failed and name no variant. */
  failedEvaluations = 0

  constructor(parts: ItemIntakeParts) {
    const { settings } = parts
    this.#parts = parts
    this.#settings = settings
    this.#nowMs = parts.view.startMs
    this.#inheritance = new TraceInheritance({
      waitMs: settings.inheritMs,
      sliCount: settings.slis.length,
      maxBytes: settings.limits.pendingBytes,
      deliver: (parked, experiment, variant, first) => this.#deliver(parked, { experiment, variant, first }),
      release: (observation, outcome) => this.#release(observation, outcome),
      journal: parts.journal ?? false,
      configuration: JSON.stringify([settings.slis.map((sli) => sli.name), settings.segments]),
    })
    this.#points = new PointIntake({ ...parts, scope: this.#scope })
    this.#reading = this.#newReading(settings)
  }

  /** Items of the signal that wait for their trace or unit. */
  pendingItems(signal: Signal): number {
    const { pendingItems, pendingLogs } = this.#inheritance
    if (signal === 'traces') return pendingItems - pendingLogs
    return signal === 'logs' ? pendingLogs + this.#parts.units.pendingLogs : 0
  }

  /** Parked spans and log records let go, and traces forgotten, before their time for want of room. */
  get evicted(): number {
    return this.#inheritance.evicted + this.#inheritance.forgottenTraces
  }

  /** Pairs that could be no tag: a name too long or reserved, or too many on one item. */
  get unusableTags(): number {
    return this.#unusableTags + this.#reading.tags.unusable
  }

  /** What the last request consumed has changed. */
  get lastTouched(): Touched {
    return this.#scope
  }

  get points(): PointIntake {
    return this.#points
  }

  /** From now on these rules tell the variants of resources. */
  setResourceVariants(resourceVariants: EngineSettings['resourceVariants']): void {
    const { hasher } = this.#reading.units
    this.#unusableTags += this.#reading.tags.unusable
    this.#reading = this.#newReading({ ...this.#settings, resourceVariants })
    this.#reading.units.hasher = hasher
  }

  /** Units are looked at from now on; their ids are hashed so. */
  setUnitHasher(hasher: UnitHasher): void {
    this.#reading.units.hasher = hasher
  }

  /**
   * Decodes and counts. Malformed bytes are refused whole and count as one item. Tagged items of an experiment to skip are booked as if
   * they were counted; untagged ones, where the inheritance is to be skipped, as duplicates. Where it is not, what it counts is counted
   * for any experiment: who has counted for the inheritance is told by INHERITANCE alone.
   */
  consume(request: ExportRequest, nowMs: number, options: ConsumeOptions = {}): ExportOutcome {
    const { ledger } = this.#parts
    const { signal, transport } = request
    this.#nowMs = nowMs
    this.#scope.begin(options.skip)
    const tally = new Tally()
    const { staging } = this.#reading
    const malformed = this.#read(request, nowMs, () => {
      if (signal === 'metrics') this.#points.commit(nowMs, tally)
      else staging.takeAll((item) => this.#commit(item, tally))
    })
    if (malformed !== null) {
      ledger.refused(signal, transport, 'malformed')
      return { kind: 'malformed', message: malformed }
    }
    tally.book(ledger, signal, transport)
    this.negativeDurations += staging.negativeDurations
    this.failedEvaluations += staging.failedEvaluations
    return tally.outcome(this.#settings)
  }

  /**
   * The experiments for which consume() would count the request or spans that wait for it, if it were called at `nowMs` with nothing
   * in between; INHERITANCE where something would wait or be told to a trace. Nothing is changed. Null: malformed, as consume() will say.
   */
  experimentsOf(request: ExportRequest, nowMs: number): string[] | null {
    const { tags, staging } = this.#reading
    const { unusable } = tags
    const experiments = new Set<string>()
    const malformed = this.#read(request, nowMs, () => {
      if (request.signal === 'metrics') this.#points.foresee(nowMs, experiments)
      else staging.takeAll((item) => this.#foresee(item, nowMs, experiments))
    })
    tags.unusable = unusable
    return malformed === null ? [...experiments] : null
  }

  /** Counts the items of a request that was taken before, without looking into them. */
  duplicate(request: ExportRequest): void {
    this.#parts.ledger.duplicate(request.signal, request.transport, countItems(request))
  }

  /** Ends the wait of items whose time is over. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs
    this.#inheritance.advance(nowMs)
    this.#points.advance(nowMs)
    this.#parts.units.advance(nowMs)
  }

  /** What came into the inheritance since this was last asked; null: nothing, or it is not recorded. */
  takeJournal(): TakenJournal | null {
    return this.#inheritance.takeJournal()
  }

  /** All that waits, as one journal entry; null: nothing does. */
  encodeWaiting(): TakenJournal | null {
    return this.#inheritance.encodeWaiting()
  }

  /** A journal entry that says that nothing waits, in the place of all earlier ones. */
  encodeNothing(): TakenJournal {
    return this.#inheritance.encodeNothing()
  }

  /**
   * Takes over what earlier processes left waiting; to be called once the partials are restored, before anything is consumed. In the
   * ledger, which is of this process alone, restored items that are not attributed yet are received once more, and pending; those that
   * are were booked by the process that attributed them, and do not appear.
   */
  restore(entries: Iterable<LeftEntry>, nowMs: number): RestoredInheritance {
    this.#nowMs = nowMs
    return this.#inheritance.restore(entries, nowMs)
  }

  #newReading(settings: EngineSettings): Reading {
    const vocabulary = vocabularyFor(settings)
    const { slis } = settings
    const tags = new TagResolver(settings, vocabulary)
    const segments = new SegmentReader(settings.segments, vocabulary)
    const units = new UnitReader(settings.unitAttributes, vocabulary)
    const staging = new Staging({
      spanJudges: spanJudges(slis, vocabulary),
      eventJudges: eventJudges(slis, vocabulary),
      unitJudges: unitJudges(slis, vocabulary),
      ingests: slis.map(({ from }) => from === 'ingest'),
      exposures: slis.indexOf(FLAG_EVALUATIONS),
      countsExposures: slis.map(
        (sli) => sli === FLAG_EVALUATIONS || (sli.from === 'events' && sli.valid.kind === 'exposures'),
      ),
      tags,
      segments,
      units,
      vocabulary,
    })
    this.#points.readBy({ vocabulary, tags, segments })
    const { addSpan, addLog } = staging
    return {
      tags,
      staging,
      units,
      decoding: new Decoding(vocabulary, { traces: addSpan, logs: addLog, metrics: this.#points.add }),
    }
  }

  /** Stages the items of a request and has them taken, once all of its bytes are known to be sound. Gives null, or what is wrong; nothing was taken then. */
  #read(request: ExportRequest, nowMs: number, take: () => void): string | null {
    const { tags } = this.#reading
    const { unusable } = tags
    let isLarge = false
    const malformed = this.#decode(request, nowMs, () => {
      isLarge = true
      return false
    })
    if (malformed !== null) return malformed
    if (isLarge) {
      tags.unusable = unusable
      this.#decode(request, nowMs, () => {
        take()
        return true
      })
    }
    take()
    return null
  }

  #decode(request: ExportRequest, nowMs: number, whenFull: WhenFull): string | null {
    if (request.signal === 'metrics') this.#points.begin(whenFull)
    else this.#reading.staging.begin(request.transport, nowMs, whenFull)
    return this.#reading.decoding.decode(request)
  }

  /** Late and future items take no further part; the others are counted, handed to their trace, or wait for it. */
  #commit(item: StagedItem, tally: Tally): void {
    const { observation, tags } = item
    const reason = untimely(observation.endMs, this.#nowMs, this.#settings)
    const counts = observation.isPart ? 0 : 1
    if (reason !== null) tally[reason] += counts
    else if (item.isByUnit) this.#attributeByUnit(item, tally)
    else if (tags.count === 0) this.#park(observation, tally)
    else if (this.#attribute(item)) tally.attributed += counts
    else tally.limit += counts
  }

  /** Adds what #commit would touch. */
  #foresee({ observation, tags, isByUnit, unit }: StagedItem, nowMs: number, into: Set<string>): void {
    if (untimely(observation.endMs, nowMs, this.#settings) !== null) return
    if (isByUnit) this.#parts.units.collectExperiments(unit, into)
    for (let tag = 0; tag < tags.count; tag++) into.add(tags.experiments[tag])
    if (isByUnit || observation.isPart || !this.#inheritance.takesPart(observation.traceId)) return
    into.add(INHERITANCE)
    if (tags.count === 0) this.#inheritance.collectExperiments(observation.traceId, nowMs, into)
  }

  #attributeByUnit(item: StagedItem, tally: Tally): void {
    const outcome = this.#parts.units.attribute(item, this.#nowMs, this.#scope)
    if (item.observation.isPart || outcome === 'waits') return
    if (outcome === 'attributed') tally.attributed++
    else tally.unattributed++
  }

  #park(observation: Observation, tally: Tally): void {
    if (this.#entersInheritance(observation)) this.#inheritance.park(observation, this.#nowMs)
    else if (!observation.isPart) tally.duplicate++
  }

  /** Counts a tagged item for each of its experiments and tells its trace; false when limits refused all of them. */
  #attribute({ observation, tags, isExposure, unit, unitSecond }: StagedItem): boolean {
    let accepted = false
    for (let tag = 0; tag < tags.count; tag++) {
      const experiment = tags.experiments[tag]
      if (this.#scope.skips(experiment)) {
        accepted = true
        continue
      }
      const cohort = this.#count(observation, experiment, tags.variants[tag])
      if (cohort === null) continue
      accepted = true
      if (isExposure) cohort.variant.processExposures += observation.weight
      if (isExposure && unit !== NO_UNIT)
        this.#parts.units.exposed(cohort, unit, { second: unitSecond, countedSecond: observation.second })
      if (isExposure && unit === NO_UNIT) cohort.variant.exposuresWithoutUnit++
    }
    if (!observation.isPart && this.#entersInheritance(observation))
      this.#inheritance.tagged(observation.traceId, tags, this.#nowMs)
    return accepted
  }

  /** Whether an item is given to the inheritance; what cannot take part may always be given to it. */
  #entersInheritance(observation: Observation): boolean {
    if (!this.#inheritance.takesPart(observation.traceId)) return true
    if (this.#scope.skips(INHERITANCE)) return false
    this.#scope.journal = true
    return true
  }

  /** Counts an untagged item for an experiment of its trace. */
  #deliver(observation: Observation, tag: { experiment: string; variant: string; first: boolean }): boolean {
    const accepted = this.#count(observation, tag.experiment, tag.variant) !== null
    if (accepted && tag.first && !observation.isPart)
      this.#parts.ledger.attributed(signalOf(observation), TRANSPORTS[observation.transport])
    return accepted
  }

  /** The wait of an item is over, and no experiment was found that may have it. */
  #release(observation: Observation, outcome: ReleaseOutcome): void {
    const { ledger, registry, counter } = this.#parts
    const signal = signalOf(observation)
    const transport = TRANSPORTS[observation.transport]
    if (outcome === 'unattributed') {
      const cohort = registry.untagged(observation.segmentKey, this.#nowMs)
      if (cohort !== null) counter.count(cohort, observation, this.#nowMs)
    }
    if (observation.isPart) return
    if (outcome === 'limit') ledger.refused(signal, transport, 'limit')
    else ledger.unattributed(signal, transport)
  }

  /** Null: a limit refuses it. */
  #count(observation: Observation, experiment: string, variant: string): Cohort | null {
    const cohort = this.#parts.registry.lookup(experiment, variant, observation.segmentKey, this.#nowMs)
    if (cohort === null) return null
    this.#parts.counter.count(cohort, observation, this.#nowMs)
    this.#scope.touch(experiment)
    return cohort
  }
}

function signalOf({ isLog }: Observation): Signal {
  return isLog ? 'logs' : 'traces'
}
