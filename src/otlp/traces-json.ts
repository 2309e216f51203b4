// Spans out of an ExportTraceServiceRequest in OTLP/JSON: the same records as traces.ts gives for the same content.
// Hides the JSON mapping (OTLP specification, "JSON Protobuf Encoding") and that members may come in any order.
import { SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { JsonAttributeReader } from './attributes-json.ts'
import { isMember } from './counting.ts'
import { EventNames, isFlagEvent, makeRoom } from './event-names.ts'
import { JsonCursor } from './json-cursor.ts'
import { readEnum, readTime } from './json-fields.ts'
import type { Moment } from './json-numbers.ts'
import { ByteNames } from './names.ts'
import { countRecordsJson, JsonRecordWalk, RecordNames } from './records-json.ts'
import { samplingWeight } from './sampling.ts'
import { StringTable } from './strings.ts'
import { readTraceIdJson } from './trace-id.ts'
import { WantedAttributes } from './wanted.ts'

const NAMES = new RecordNames('resourceSpans', 'scopeSpans', 'spans')
const SPAN_MEMBERS = [
  'traceId',
  'traceState',
  'parentSpanId',
  'name',
  'kind',
  'startTimeUnixNano',
  'endTimeUnixNano',
  'attributes',
  'events',
  'status',
] as const
const SPAN = new ByteNames(SPAN_MEMBERS)
const EVENT_TIME = new ByteNames(['timeUnixNano'])
const EVENT_NAME = new ByteNames(['name'])
const EVENT_ATTRIBUTES = new ByteNames(['attributes'])
const STATUS = new ByteNames(['code'])

const ZERO = 0x30

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class TraceJsonDecoder {
  readonly #cursor = new JsonCursor()
  readonly #record: SpanRecord
  readonly #strings = new StringTable()
  readonly #attributes: JsonAttributeReader
  readonly #walk: JsonRecordWalk
  readonly #events: EventNames
  readonly #wantsName: boolean
  readonly #wantsEvents: boolean
  readonly #moment: Moment = { second: 0, nanos: 0 }
  #sink: (span: SpanRecord) => void = ignore

  constructor(vocabulary: Vocabulary) {
    const wanted = new WantedAttributes(vocabulary, this.#strings)
    this.#record = new SpanRecord(vocabulary)
    this.#attributes = new JsonAttributeReader(this.#cursor, wanted, this.#strings)
    this.#walk = new JsonRecordWalk(this.#cursor, {
      names: NAMES,
      attributes: this.#attributes,
      resource: this.#record.resource,
      readRecord: () => this.#readSpan(),
    })
    this.#wantsName = vocabulary.spanName
    this.#events = new EventNames(vocabulary, this.#strings)
    this.#wantsEvents = wanted.any || this.#events.others
  }

  /**
   * Calls `sink` for each span in the order of the text and returns their number. The record is the same each time.
   * Throws DecodeError, which names the JSON path, where the text is no such request, maybe after some calls; what
   * nobody wants must only be JSON.
   */
  decode(body: Uint8Array, sink: (span: SpanRecord) => void): number {
    this.#sink = sink
    try {
      return this.#walk.walk(body)
    } finally {
      this.#sink = ignore
    }
  }

  #readSpan(): void {
    const cursor = this.#cursor
    this.#record.clear()
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) this.#spanMember()
    this.#sink(this.#record)
  }

  /** A member of a span whose name was just read. */
  #spanMember(): void {
    const cursor = this.#cursor
    const record = this.#record
    const index = SPAN.find(cursor.text, cursor.textStart, cursor.textEnd)
    if (index < 0) return cursor.skip()
    if (cursor.passNull()) return
    switch (SPAN_MEMBERS[index]) {
      case 'traceId':
        return readTraceIdJson(cursor, record.traceId)
      case 'traceState':
        cursor.string()
        record.weight = samplingWeight(cursor.text, cursor.textStart, cursor.textEnd)
        return
      case 'name':
        cursor.string()
        if (this.#wantsName) record.name = this.#strings.text(cursor.text, cursor.textStart, cursor.textEnd)
        return
      case 'parentSpanId':
        return this.#parentId()
      case 'kind':
        record.kind = readEnum(cursor)
        return
      case 'startTimeUnixNano':
        readTime(cursor, this.#moment)
        record.startSecond = this.#moment.second
        record.startNanos = this.#moment.nanos
        return
      case 'endTimeUnixNano':
        readTime(cursor, this.#moment)
        record.endSecond = this.#moment.second
        record.endNanos = this.#moment.nanos
        return
      case 'attributes':
        return this.#attributes.readAll(record.attributes)
      case 'events':
        for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#event()
        return
      case 'status':
        return this.#status()
    }
  }

  #status(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, STATUS)) cursor.skip()
      else if (!cursor.passNull()) this.#record.status = readEnum(cursor)
    }
  }

  /** An event's name may come after its attributes: it is looked for first, and so is its time. */
  #event(): void {
    const cursor = this.#cursor
    const start = cursor.position
    const name = this.#eventHead()
    if (name === null || !this.#wantsEvents || !makeRoom(this.#record, isFlagEvent(name))) return
    cursor.position = start
    const event = this.#record.nextEvent(name, isFlagEvent(name))
    event.second = this.#moment.second
    event.nanos = this.#moment.nanos
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, EVENT_ATTRIBUTES)) this.#attributes.readAll(event.attributes)
      else cursor.skip()
    }
  }

  /** Gives the event's name, null unless it is a wanted one; its time is in #moment. */
  #eventHead(): string | null {
    const cursor = this.#cursor
    let name = this.#events.unnamed
    this.#moment.second = 0
    this.#moment.nanos = 0
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, EVENT_TIME)) {
        if (!cursor.passNull()) readTime(cursor, this.#moment)
      } else if (!isMember(cursor, EVENT_NAME)) cursor.skip()
      else if (!cursor.passNull()) {
        cursor.string()
        name = this.#events.wanted(cursor.text, cursor.textStart, cursor.textEnd)
      }
    }
    return name
  }

  /** A parent's id that is all zero is none. */
  #parentId(): void {
    const cursor = this.#cursor
    cursor.string()
    let isZero = true
    for (let at = cursor.textStart; at < cursor.textEnd; at++) isZero &&= cursor.text.getUint8(at) === ZERO
    this.#record.hasParent = !isZero
  }
}

/**
 * The number of spans in a request, without looking into them. Throws DecodeError where the text is no JSON or the
 * structure around them is broken.
 */
export function countSpansJson(body: Uint8Array): number {
  return countRecordsJson(body, NAMES)
}

function ignore(): void {}
