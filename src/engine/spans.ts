// The way of one request of spans: decoded whole, judged by every SLI, refused or attributed, counted in its cohorts.
import type { Cohort, CohortRegistry } from '../cohort/registry.ts'
import { SegmentReader } from '../cohort/segments.ts'
import { type TagList, TagResolver } from '../cohort/tags.ts'
import {
  type LeftEntry,
  type ReleaseOutcome,
  type RestoredInheritance,
  type TakenJournal,
  TraceInheritance,
} from '../cohort/traces.ts'
import { vocabularyFor } from '../cohort/vocabulary.ts'
import { formatSeconds } from '../model/duration.ts'
import type { Observation } from '../model/observation.ts'
import type { EngineSettings } from '../model/settings.ts'
import { type ExportOutcome, type ExportRequest, TRANSPORTS, type Transport } from '../model/signal.ts'
import { DecodeError } from '../otlp/cursor.ts'
import { countSpans, TraceDecoder } from '../otlp/traces.ts'
import { countSpansJson, TraceJsonDecoder } from '../otlp/traces-json.ts'
import { Intake, type StagedItem } from './intake.ts'
import type { Ledger } from './ledger.ts'
import { compileSli } from './matching.ts'
import { INHERITANCE, RequestScope, type Touched } from './request-scope.ts'
import type { Countable } from './tracked-cohort.ts'

/** Counts an observation in a cohort. */
export type CountInto = (cohort: Cohort, observation: Countable, nowMs: number) => void

const REASONS = ['late', 'future', 'limit'] as const
/** What became of the items of the request at hand; those that wait for their trace are not in it. */
type Tally = Record<'attributed' | 'duplicate' | (typeof REASONS)[number], number>

export interface SpanIntakeParts {
  readonly settings: EngineSettings
  readonly registry: CohortRegistry
  readonly ledger: Ledger
  readonly countInto: CountInto
  /** Whether what waits is recorded for takeJournal(). */
  readonly journal?: boolean
}

export interface ConsumeOptions {
  /** Experiments for which another replica has counted the request's tagged items; INHERITANCE: it has taken what tells traces and what is told by them. */
  readonly skip?: ReadonlySet<string>
}

export class SpanIntake {
  readonly #settings: EngineSettings
  readonly #registry: CohortRegistry
  readonly #ledger: Ledger
  readonly #countInto: CountInto
  readonly #tags: TagResolver
  readonly #intake: Intake
  readonly #inheritance: TraceInheritance
  readonly #protobuf: TraceDecoder
  readonly #json: TraceJsonDecoder
  readonly #scope = new RequestScope()
  #nowMs = 0
  /** Spans that ended before they started; each counted with a duration of 0 s. */
  negativeDurations = 0

  constructor(parts: SpanIntakeParts) {
    const { settings } = parts
    this.#settings = settings
    this.#registry = parts.registry
    this.#ledger = parts.ledger
    this.#countInto = parts.countInto
    const vocabulary = vocabularyFor(settings)
    this.#protobuf = new TraceDecoder(vocabulary)
    this.#json = new TraceJsonDecoder(vocabulary)
    this.#tags = new TagResolver(settings.tags, vocabulary)
    this.#intake = new Intake({
      judges: settings.slis.map((sli) => compileSli(sli, vocabulary)),
      tags: this.#tags,
      segments: new SegmentReader(settings.segments, vocabulary),
    })
    this.#inheritance = new TraceInheritance({
      waitMs: settings.inheritMs,
      sliCount: settings.slis.length,
      maxBytes: settings.limits.pendingBytes,
      deliver: (parked, experiment, variant, first) => this.#deliver(parked, { experiment, variant, first }),
      release: (transport, outcome) => this.#release(transport, outcome),
      journal: parts.journal ?? false,
      configuration: JSON.stringify([settings.slis.map((sli) => sli.name), settings.segments]),
    })
  }

  get pendingItems(): number {
    return this.#inheritance.pendingItems
  }

  /** Parked spans let go, and traces forgotten, before their time for want of room. */
  get evicted(): number {
    return this.#inheritance.evicted + this.#inheritance.forgottenTraces
  }

  /** Pairs on spans that could be no tag: a name too long, or too many on one span. */
  get unusableTags(): number {
    return this.#tags.unusable
  }

  /** What the last request consumed has changed. */
  get lastTouched(): Touched {
    return this.#scope
  }

  /**
   * Decodes and counts. Malformed bytes are refused whole and count as one item. Tagged items of an experiment to skip are booked as if
   * they were counted; untagged ones, where the inheritance is to be skipped, as duplicates. Where it is not, what it counts is counted
   * for any experiment: who has counted for the inheritance is told by INHERITANCE alone.
   */
  consume(request: ExportRequest, nowMs: number, options: ConsumeOptions = {}): ExportOutcome {
    this.#nowMs = nowMs
    this.#scope.begin(options.skip)
    const malformed = this.#decode(request)
    if (malformed !== null) {
      this.#ledger.refused('traces', request.transport, 'malformed')
      return { kind: 'malformed', message: malformed }
    }
    const tally: Tally = { attributed: 0, duplicate: 0, late: 0, future: 0, limit: 0 }
    for (let at = 0; at < this.#intake.count; at++) this.#commit(this.#intake.item(at), tally)
    this.#book(request.transport, tally)
    return {
      kind: 'accepted',
      refused: tally.late + tally.future + tally.limit,
      message: this.#explain(tally),
    }
  }

  /**
   * The experiments for which consume() would count the request or spans that wait for it, if it were called at `nowMs` with nothing
   * in between; INHERITANCE where something would wait or be told to a trace. Nothing is changed. Null: malformed, as consume() will say.
   */
  experimentsOf(request: ExportRequest, nowMs: number): string[] | null {
    const { unusable } = this.#tags
    const malformed = this.#decode(request)
    this.#tags.unusable = unusable
    if (malformed !== null) return null
    const experiments = new Set<string>()
    for (let at = 0; at < this.#intake.count; at++) this.#foresee(this.#intake.item(at), nowMs, experiments)
    return [...experiments]
  }

  /** Counts the items of a request that was taken before, without looking into them. */
  duplicate(request: ExportRequest): void {
    const count = request.encoding === 'json' ? countSpansJson : countSpans
    this.#ledger.duplicate('traces', request.transport, count(request.body))
  }

  /** Ends the wait of spans whose time is over. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs
    this.#inheritance.advance(nowMs)
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
   * ledger, which is of this process alone, restored spans that are not attributed yet are received once more, and pending; those that
   * are were booked by the process that attributed them, and do not appear.
   */
  restore(entries: Iterable<LeftEntry>, nowMs: number): RestoredInheritance {
    this.#nowMs = nowMs
    return this.#inheritance.restore(entries, nowMs)
  }

  #decode(request: ExportRequest): string | null {
    this.#intake.begin(request.transport)
    try {
      const decoder = request.encoding === 'json' ? this.#json : this.#protobuf
      decoder.decode(request.body, this.#intake.add)
      return null
    } catch (error) {
      if (error instanceof DecodeError) return error.message
      throw error
    }
  }

  /** Late and future items take no further part; the others are counted, handed to their trace, or wait for it. */
  #commit({ observation, tags }: StagedItem, tally: Tally): void {
    const untimely = this.#untimely(observation, this.#nowMs)
    if (untimely !== null) tally[untimely]++
    else if (tags.count === 0) this.#park(observation, tally)
    else if (this.#attribute(observation, tags)) tally.attributed++
    else tally.limit++
  }

  #untimely(observation: Observation, nowMs: number): 'late' | 'future' | null {
    if (observation.endMs < nowMs - this.#settings.allowedLatenessMs) return 'late'
    return observation.endMs > nowMs + this.#settings.allowedFutureMs ? 'future' : null
  }

  /** Adds what #commit would touch. */
  #foresee({ observation, tags }: StagedItem, nowMs: number, into: Set<string>): void {
    if (this.#untimely(observation, nowMs) !== null) return
    for (let tag = 0; tag < tags.count; tag++) into.add(tags.experiments[tag])
    if (!this.#inheritance.takesPart(observation.traceId)) return
    into.add(INHERITANCE)
    if (tags.count === 0) this.#inheritance.collectExperiments(observation.traceId, nowMs, into)
  }

  #park(observation: Observation, tally: Tally): void {
    if (this.#entersInheritance(observation)) this.#inheritance.park(observation, this.#nowMs)
    else tally.duplicate++
  }

  /** Counts a tagged span for each of its experiments and tells its trace; false when limits refused all of them. */
  #attribute(observation: Observation, tags: TagList): boolean {
    let accepted = false
    for (let tag = 0; tag < tags.count; tag++) {
      const experiment = tags.experiments[tag]
      accepted = this.#scope.skips(experiment) || this.#count(observation, experiment, tags.variants[tag]) || accepted
    }
    if (this.#entersInheritance(observation)) this.#inheritance.tagged(observation.traceId, tags, this.#nowMs)
    return accepted
  }

  /** Whether a span is given to the inheritance; what cannot take part may always be given to it. */
  #entersInheritance(observation: Observation): boolean {
    if (!this.#inheritance.takesPart(observation.traceId)) return true
    if (this.#scope.skips(INHERITANCE)) return false
    this.#scope.journal = true
    return true
  }

  /** Counts an untagged span for an experiment of its trace. */
  #deliver(observation: Observation, tag: { experiment: string; variant: string; first: boolean }): boolean {
    const accepted = this.#count(observation, tag.experiment, tag.variant)
    if (accepted && tag.first) this.#ledger.attributed('traces', TRANSPORTS[observation.transport])
    return accepted
  }

  #release(transport: number, outcome: ReleaseOutcome): void {
    if (outcome === 'limit') this.#ledger.refused('traces', TRANSPORTS[transport], 'limit')
    else this.#ledger.unattributed('traces', TRANSPORTS[transport])
  }

  #count(observation: Observation, experiment: string, variant: string): boolean {
    const cohort = this.#registry.lookup(experiment, variant, observation.segmentKey, this.#nowMs)
    if (cohort === null) return false
    this.#countInto(cohort, observation, this.#nowMs)
    this.#scope.touch(experiment)
    return true
  }

  #book(transport: Transport, tally: Tally): void {
    this.#ledger.attributed('traces', transport, tally.attributed)
    this.#ledger.duplicate('traces', transport, tally.duplicate)
    for (const reason of REASONS) {
      if (tally[reason] > 0) this.#ledger.refused('traces', transport, reason, tally[reason])
    }
    this.negativeDurations += this.#intake.negativeDurations
  }

  #explain(tally: Tally): string {
    const { allowedLatenessMs, allowedFutureMs, limits } = this.#settings
    const explanations: Record<(typeof REASONS)[number], string> = {
      late: `late: ended more than ${formatSeconds(allowedLatenessMs / 1000)} ago`,
      future: `future: end more than ${formatSeconds(allowedFutureMs / 1000)} from now`,
      limit: `limit: of a new experiment, and there are ${limits.experiments} already`,
    }
    const parts = REASONS.filter((reason) => tally[reason] > 0).map(
      (reason) => `${tally[reason]} ${explanations[reason]}`,
    )
    return parts.length === 0 ? '' : `not counted: ${parts.join('; ')}`
  }
}
