// Spans and log records of one request between decoding and counting. A request is decoded whole before any of it is counted,
// so that undecodable bytes in its middle leave no trace.
//
// One record becomes several staged items where more of it is counted than itself: an event within a span is counted by the SLIs over
// events, with its own tags or the span's; and what of a record finds its variant by its unit is apart from what does by trace.
import type { EventView } from '../cohort/matching.ts'
import type { SegmentReader } from '../cohort/segments.ts'
import { newTagList, type TagList, type TagResolver } from '../cohort/tags.ts'
import { AttributeSet } from '../model/attributes.ts'
import type { LogRecord } from '../model/log.ts'
import { GOOD, NO_EVENT, Observation } from '../model/observation.ts'
import { TRANSPORTS, type Transport } from '../model/signal.ts'
import type { SpanEvent, SpanRecord } from '../model/span.ts'
import { FLAG_EVENT_NAMES, type Vocabulary } from '../model/vocabulary.ts'
import { MOST_STAGED, NEVER_FULL, type WhenFull } from './batch.ts'
import type { SliJudges } from './judging.ts'
import { NO_UNIT, type UnitReader } from './unit-reader.ts'

export interface StagedItem {
  readonly observation: Observation
  readonly tags: TagList
  /** Hash of the unit that was exposed, or by which the variant is to be found; NO_UNIT: none. */
  unit: number
  /** When the unit was exposed or did something, Unix seconds. */
  unitSecond: number
  /** Whether the variant is that of the unit, whatever the tags say. */
  isByUnit: boolean
  /** Whether it is an exposure of its tags' variants. */
  isExposure: boolean
}

export interface StagingOptions {
  readonly spanJudges: SliJudges<SpanRecord>
  readonly eventJudges: SliJudges<EventView>
  readonly unitJudges: SliJudges<EventView>
  /** By SLI: whether every received item is an event of it. */
  readonly ingests: readonly boolean[]
  /** Index of the SLI whose good events are exposures. */
  readonly exposures: number
  /** By SLI: whether exposures are events of it, so that none of it belongs to another experiment. */
  readonly countsExposures: readonly boolean[]
  readonly tags: TagResolver
  readonly segments: SegmentReader
  readonly units: UnitReader
  readonly vocabulary: Vocabulary
}

/** The items of the request at hand; the objects are used again for the next one. */
export class Staging {
  readonly #items: StagedItem[] = []
  #count = 0
  #whenFull = NEVER_FULL
  #transport = 0
  #receivedMs = 0
  readonly #options: StagingOptions
  readonly #sliCount: number
  readonly #hasEventSlis: boolean
  readonly #hasUnitSlis: boolean
  readonly #hasIngest: boolean
  readonly #view: { -readonly [K in keyof EventView]: EventView[K] }
  /** Spans of the request at hand that end before they start. */
  negativeDurations = 0
  /** Flag evaluations of the request at hand that failed and name no variant. */
  failedEvaluations = 0

  constructor(options: StagingOptions) {
    this.#options = options
    this.#sliCount = options.spanJudges.length
    this.#hasEventSlis = options.eventJudges.some((judge) => judge !== null)
    this.#hasIngest = options.ingests.includes(true)
    this.#hasUnitSlis = options.unitJudges.some((judge) => judge !== null)
    const none = new AttributeSet(options.vocabulary)
    this.#view = { attributes: none, resource: none, eventName: '', severity: 0 }
  }

  begin(transport: Transport, receivedMs: number, whenFull: WhenFull): void {
    this.#count = 0
    this.#whenFull = whenFull
    this.negativeDurations = 0
    this.failedEvaluations = 0
    this.#transport = TRANSPORTS.indexOf(transport)
    this.#receivedMs = receivedMs
  }

  /** Calls `take` for each item that is staged; none is afterwards. */
  takeAll(take: (item: StagedItem) => void): void {
    for (let at = 0; at < this.#count; at++) take(this.#items[at])
    this.#count = 0
  }

  #hasRoom(): boolean {
    return this.#count < MOST_STAGED || this.#whenFull()
  }

  /** Takes down what counting needs of a span; bound, so that it can be handed to a decoder as it is. */
  readonly addSpan = (span: SpanRecord): void => {
    if (!this.#hasRoom()) return
    const { spanJudges, tags, segments } = this.#options
    const item = this.#next()
    const { observation } = item
    // Word by word: set() of a typed array costs more than the rest of this.
    for (let word = 0; word < 4; word++) observation.traceId[word] = span.traceId[word]
    observation.second = span.endNanos > 0 ? span.endSecond + 1 : span.endSecond
    observation.endMs = span.endSecond * 1000 + span.endNanos / 1e6
    observation.weight = span.weight
    observation.isLog = false
    observation.isPart = false
    observation.segmentKey = segments.read(span)
    judgeAll(spanJudges, span, observation)
    this.#countIngest(observation)
    tags.resolve(span, item.tags, span.events, span.eventCount)
    if (endsBeforeStart(span)) this.negativeDurations++
    if (span.eventCount > 0 && this.#hasEventSlis) this.#addEvents(span, item)
  }

  /** The same of a log record. */
  readonly addLog = (log: LogRecord): void => {
    if (!this.#hasRoom()) return
    const { eventJudges, tags, segments } = this.#options
    const item = this.#next()
    const { observation } = item
    if (log.second === 0 && log.nanos === 0) setTime(log, this.#receivedMs)
    for (let word = 0; word < 4; word++) observation.traceId[word] = log.traceId[word]
    observation.second = log.nanos > 0 ? log.second + 1 : log.second
    observation.endMs = log.second * 1000 + log.nanos / 1e6
    observation.weight = 1
    observation.isLog = true
    observation.isPart = false
    observation.segmentKey = segments.read(log)
    judgeAll(eventJudges, log, observation)
    this.#countIngest(observation)
    tags.resolve(log, item.tags)
    if (FLAG_EVENT_NAMES.includes(log.eventName)) this.#expose(log, item, log.second)
    if (this.#hasUnitSlis) this.#addUnitPart(log, item, log.second)
  }

  /** Events of a span count at its end, the moment at which they could arrive. */
  #addEvents(span: SpanRecord, ofSpan: StagedItem): void {
    const { observation: whole } = ofSpan
    for (let at = 0; at < span.eventCount; at++) {
      const event = span.events[at]
      const view = this.#viewOf(event, span)
      const item = this.#next()
      const { observation } = item
      for (let word = 0; word < 4; word++) observation.traceId[word] = whole.traceId[word]
      observation.second = whole.second
      observation.endMs = whole.endMs
      observation.weight = whole.weight
      observation.isLog = false
      observation.isPart = true
      observation.segmentKey = whole.segmentKey
      judgeAll(this.#options.eventJudges, view, observation)
      this.#resolveOwn(event, item, ofSpan.tags)
      if (event.isFlag) this.#expose(view, item, event.second)
      const isCounted = observation.outcomes.some((outcome) => outcome !== NO_EVENT)
      if (this.#hasUnitSlis) this.#addUnitPart(view, item, event.second)
      if (!isCounted && item === this.#items[this.#count - 1]) this.#count--
    }
  }

  #viewOf(event: SpanEvent, span: SpanRecord): EventView {
    this.#view.attributes = event.attributes
    this.#view.resource = span.resource
    this.#view.eventName = event.name
    return this.#view
  }

  /** An event has its own tags, else those of its span; a flag evaluation never those of another experiment. */
  #resolveOwn(event: SpanEvent, item: StagedItem, ofSpan: TagList): void {
    this.#options.tags.resolveOwn(event.attributes, item.tags)
    if (item.tags.count > 0 || event.isFlag) return
    const { tags } = item
    tags.count = ofSpan.count
    for (let tag = 0; tag < ofSpan.count; tag++) {
      tags.experiments[tag] = ofSpan.experiments[tag]
      tags.variants[tag] = ofSpan.variants[tag]
    }
  }

  /** A flag evaluation is an exposure of the variant that it names itself, if it did not fail; without such a variant it counts for nobody. */
  #expose(event: EventView, item: StagedItem, second: number): void {
    const { countsExposures, exposures, tags, units } = this.#options
    const { observation } = item
    const outcome = observation.outcomes[exposures]
    if (!tags.hasOwn(event.attributes)) {
      if (outcome !== NO_EVENT && outcome !== GOOD) this.failedEvaluations++
      for (let sli = 0; sli < this.#sliCount; sli++) if (countsExposures[sli]) observation.outcomes[sli] = NO_EVENT
      return
    }
    item.isExposure = outcome === GOOD
    if (!item.isExposure) return
    item.unit = units.read(event)
    item.unitSecond = second
  }

  /** What of an event finds its variant by its unit, as an item of its own behind it. */
  #addUnitPart(event: EventView, item: StagedItem, second: number): void {
    const { unitJudges, units } = this.#options
    const part = this.#next()
    const { observation } = part
    judgeAll(unitJudges, event, observation)
    const unit = observation.outcomes.some((outcome) => outcome !== NO_EVENT) ? units.read(event) : NO_UNIT
    if (unit === NO_UNIT) {
      this.#count--
      return
    }
    copyHead(item.observation, observation)
    part.tags.count = 0
    part.unit = unit
    part.unitSecond = second
    part.isByUnit = true
    // Where nothing else tells the variant, this part stands for the item in the ledger.
    observation.isPart = item.observation.isPart || item.tags.count > 0
    item.observation.isPart ||= item.tags.count === 0
  }

  #countIngest(observation: Observation): void {
    if (!this.#hasIngest) return
    const { ingests } = this.#options
    for (let sli = 0; sli < this.#sliCount; sli++) if (ingests[sli]) observation.outcomes[sli] = GOOD
  }

  #next(): StagedItem {
    if (this.#count === this.#items.length) {
      this.#items.push({
        observation: new Observation(this.#sliCount),
        tags: newTagList(),
        unit: NO_UNIT,
        unitSecond: 0,
        isByUnit: false,
        isExposure: false,
      })
    }
    const item = this.#items[this.#count++]
    item.observation.transport = this.#transport
    item.unit = NO_UNIT
    item.isByUnit = false
    item.isExposure = false
    return item
  }
}

function judgeAll<R>(judges: SliJudges<R>, record: R, observation: Observation): void {
  for (let sli = 0; sli < judges.length; sli++) {
    const judge = judges[sli]
    if (judge === null) observation.outcomes[sli] = NO_EVENT
    else judge(record, observation, sli)
  }
}

/** A record that tells no time happened when it came. */
function setTime(log: LogRecord, ms: number): void {
  log.second = Math.floor(ms / 1000)
  log.nanos = Math.round((ms % 1000) * 1e6)
}

function copyHead(from: Observation, to: Observation): void {
  for (let word = 0; word < 4; word++) to.traceId[word] = from.traceId[word]
  to.second = from.second
  to.endMs = from.endMs
  to.weight = from.weight
  to.isLog = from.isLog
  to.segmentKey = from.segmentKey
}

function endsBeforeStart(span: SpanRecord): boolean {
  return span.endSecond < span.startSecond || (span.endSecond === span.startSecond && span.endNanos < span.startNanos)
}
