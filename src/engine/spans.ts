// The way of one request of spans: decoded whole, judged by every SLI, refused or attributed, counted in its cohorts.
import type { Cohort, CohortRegistry } from '../cohort/registry.ts'
import { SegmentReader } from '../cohort/segments.ts'
import { type TagList, TagResolver } from '../cohort/tags.ts'
import { type ReleaseOutcome, TraceInheritance } from '../cohort/traces.ts'
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
import type { Countable } from './tracked-cohort.ts'

/** Counts an observation in a cohort. */
export type CountInto = (cohort: Cohort, observation: Countable, nowMs: number) => void

const REASONS = ['late', 'future', 'limit'] as const
/** What became of the items of the request at hand; those that wait for their trace are not in it. */
type Tally = Record<'attributed' | (typeof REASONS)[number], number>

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
  #nowMs = 0
  /** Spans that ended before they started; each counted with a duration of 0 s. */
  negativeDurations = 0

  constructor(parts: { settings: EngineSettings; registry: CohortRegistry; ledger: Ledger; countInto: CountInto }) {
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

  /** Decodes and counts. Malformed bytes are refused whole and count as one item. */
  consume(request: ExportRequest, nowMs: number): ExportOutcome {
    this.#nowMs = nowMs
    const malformed = this.#decode(request)
    if (malformed !== null) {
      this.#ledger.refused('traces', request.transport, 'malformed')
      return { kind: 'malformed', message: malformed }
    }
    const tally: Tally = { attributed: 0, late: 0, future: 0, limit: 0 }
    for (let at = 0; at < this.#intake.count; at++) this.#commit(this.#intake.item(at), tally)
    this.#book(request.transport, tally)
    return {
      kind: 'accepted',
      refused: tally.late + tally.future + tally.limit,
      message: this.#explain(tally),
    }
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
    if (observation.endMs < this.#nowMs - this.#settings.allowedLatenessMs) tally.late++
    else if (observation.endMs > this.#nowMs + this.#settings.allowedFutureMs) tally.future++
    else if (tags.count === 0) this.#inheritance.park(observation, this.#nowMs)
    else if (this.#attribute(observation, tags)) tally.attributed++
    else tally.limit++
  }

  /** Counts a tagged span for each of its experiments and tells its trace; false when limits refused all of them. */
  #attribute(observation: Observation, tags: TagList): boolean {
    let accepted = false
    for (let tag = 0; tag < tags.count; tag++) {
      accepted = this.#count(observation, tags.experiments[tag], tags.variants[tag]) || accepted
    }
    this.#inheritance.tagged(observation.traceId, tags, this.#nowMs)
    return accepted
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
    return true
  }

  #book(transport: Transport, tally: Tally): void {
    this.#ledger.attributed('traces', transport, tally.attributed)
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
