// Spans out of an ExportTraceServiceRequest in OTLP/JSON: the same records as traces.ts gives for the same content.
// Hides the JSON mapping (OTLP specification, "JSON Protobuf Encoding") and that members may come in any order.
import { SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { JsonAttributeReader } from './attributes-json.ts'
import { countElements, isMember } from './counting.ts'
import { EventNames, isFlagEvent } from './event-names.ts'
import { JsonCursor } from './json-cursor.ts'
import { readEnum, readTime } from './json-fields.ts'
import type { Moment } from './json-numbers.ts'
import { ByteNames } from './names.ts'
import { samplingWeight } from './sampling.ts'
import { StringTable } from './strings.ts'
import { readTraceIdJson } from './trace-id.ts'
import { MAX_FLAG_EVENTS, MAX_OTHER_EVENTS, WantedAttributes } from './wanted.ts'

const REQUEST = new ByteNames(['resourceSpans'])
const RESOURCE_SPANS_RESOURCE = new ByteNames(['resource'])
const RESOURCE_SPANS_SCOPE_SPANS = new ByteNames(['scopeSpans'])
const RESOURCE = new ByteNames(['attributes'])
const SCOPE_SPANS = new ByteNames(['spans'])
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
  readonly #events: EventNames
  readonly #wantsName: boolean
  readonly #wantsEvents: boolean
  readonly #moment: Moment = { second: 0, nanos: 0 }
  #sink: (span: SpanRecord) => void = ignore
  #spans = 0

  constructor(vocabulary: Vocabulary) {
    const wanted = new WantedAttributes(vocabulary, this.#strings)
    this.#record = new SpanRecord(vocabulary)
    this.#attributes = new JsonAttributeReader(this.#cursor, wanted, this.#strings)
    this.#wantsName = vocabulary.spanName
    this.#events = new EventNames(vocabulary)
    this.#wantsEvents = wanted.any || this.#events.others
  }

  /**
   * Calls `sink` for each span in the order of the text and returns their number. The record is the same each time.
   * Throws DecodeError, which names the JSON path, where the text is no such request, maybe after some calls; what
   * nobody wants must only be JSON.
   */
  decode(body: Uint8Array, sink: (span: SpanRecord) => void): number {
    this.#cursor.open(body)
    this.#sink = sink
    this.#spans = 0
    try {
      this.#request()
      this.#cursor.finish()
      return this.#spans
    } finally {
      this.#cursor.close()
      this.#sink = ignore
    }
  }

  #request(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, REQUEST)) cursor.skip()
      else if (!cursor.passNull()) {
        for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#resourceSpans()
      }
    }
  }

  /** The resource may come after the spans it describes: they are passed over then, and read when it is known. */
  #resourceSpans(): void {
    const cursor = this.#cursor
    let known = false
    let scopeSpans = -1
    let read = false
    this.#record.resource.clear()
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, RESOURCE_SPANS_RESOURCE)) {
        if (cursor.passNull()) continue
        if (known) cursor.fail('resource is given twice')
        known = true
        this.#resource()
      } else if (isMember(cursor, RESOURCE_SPANS_SCOPE_SPANS)) {
        if (cursor.passNull()) continue
        if (scopeSpans >= 0) cursor.fail('scopeSpans is given twice')
        scopeSpans = cursor.position
        read = known
        if (read) this.#allScopeSpans()
        else cursor.skip()
      } else cursor.skip()
    }
    if (scopeSpans < 0 || read) return
    const after = cursor.position
    cursor.position = scopeSpans
    this.#allScopeSpans()
    cursor.position = after
  }

  #resource(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, RESOURCE)) this.#attributes.readAll(this.#record.resource)
      else cursor.skip()
    }
  }

  #allScopeSpans(): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
        if (!isMember(cursor, SCOPE_SPANS)) cursor.skip()
        else if (!cursor.passNull()) this.#allSpans()
      }
    }
  }

  #allSpans(): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      this.#record.clear()
      for (let more = cursor.enterObject(); more; more = cursor.nextMember()) this.#spanMember()
      this.#sink(this.#record)
      this.#spans++
    }
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
    if (name === null || !this.#wantsEvents || !this.#hasRoom(isFlagEvent(name))) return
    cursor.position = start
    const event = this.#record.nextEvent(name, isFlagEvent(name))
    event.second = this.#moment.second
    event.nanos = this.#moment.nanos
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, EVENT_ATTRIBUTES)) this.#attributes.readAll(event.attributes)
      else cursor.skip()
    }
  }

  /** Flag events have a share of the room to themselves: they tell what a span belongs to. */
  #hasRoom(isFlag: boolean): boolean {
    const { eventCount } = this.#record
    return isFlag ? eventCount < MAX_FLAG_EVENTS : eventCount < MAX_OTHER_EVENTS
  }

  /** Gives the event's name, null unless it is a wanted one; its time is in #moment. */
  #eventHead(): string | null {
    const cursor = this.#cursor
    let name: string | null = null
    this.#moment.second = 0
    this.#moment.nanos = 0
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, EVENT_TIME)) {
        if (!cursor.passNull()) readTime(cursor, this.#moment)
      } else if (!isMember(cursor, EVENT_NAME)) cursor.skip()
      else if (!cursor.passNull()) {
        cursor.string()
        name = this.#events.find(cursor.text, cursor.textStart, cursor.textEnd)
        if (name === null && this.#events.all) name = this.#strings.text(cursor.text, cursor.textStart, cursor.textEnd)
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
  const cursor = new JsonCursor()
  cursor.open(body)
  const count = countElements(cursor, [REQUEST, RESOURCE_SPANS_SCOPE_SPANS, SCOPE_SPANS])
  cursor.finish()
  return count
}

function ignore(): void {}
