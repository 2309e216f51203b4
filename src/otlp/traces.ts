// Spans out of an ExportTraceServiceRequest in protobuf: one pass, one reused record, only the fields that the
// vocabulary wants. Hides the messages' layout (opentelemetry/proto/trace/v1/trace.proto) and that protobuf fields may
// come in any order and repeat.
import { SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { AttributeReader } from './attributes.ts'
import { countFields } from './counting.ts'
import { Cursor } from './cursor.ts'
import { EventNames, isFlagEvent, makeRoom } from './event-names.ts'
import { samplingWeight } from './sampling.ts'
import { StringTable } from './strings.ts'
import { nanosWithin, wholeSeconds } from './time.ts'
import { readTraceId } from './trace-id.ts'
import { WantedAttributes } from './wanted.ts'

// Tags: field number * 8 + wire type.
const REQUEST_RESOURCE_SPANS = 0x0a
const RESOURCE_SPANS_RESOURCE = 0x0a
const RESOURCE_SPANS_SCOPE_SPANS = 0x12
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE_SPANS_SPANS = 0x12
const SPAN_TRACE_ID = 0x0a
const SPAN_TRACE_STATE = 0x1a
const SPAN_PARENT_ID = 0x22
const SPAN_NAME = 0x2a
const SPAN_KIND = 0x30
const SPAN_START = 0x39
const SPAN_END = 0x41
const SPAN_ATTRIBUTES = 0x4a
const SPAN_EVENTS = 0x5a
const SPAN_STATUS = 0x7a
const EVENT_TIME = 0x09
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTES = 0x1a
const STATUS_CODE = 0x18

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class TraceDecoder {
  readonly #cursor = new Cursor()
  readonly #record: SpanRecord
  readonly #strings = new StringTable()
  readonly #attributes: AttributeReader
  readonly #events: EventNames
  readonly #wantsName: boolean
  readonly #wantsEvents: boolean
  // Of the event at hand.
  #eventName: string | null = null
  #eventLow = 0
  #eventHigh = 0

  constructor(vocabulary: Vocabulary) {
    const wanted = new WantedAttributes(vocabulary, this.#strings)
    this.#record = new SpanRecord(vocabulary)
    this.#attributes = new AttributeReader(this.#cursor, wanted, this.#strings)
    this.#wantsName = vocabulary.spanName
    this.#events = new EventNames(vocabulary, this.#strings)
    this.#wantsEvents = wanted.any || this.#events.others
  }

  /**
   * Calls `sink` for each span in the order of the bytes and returns their number. The record is the same each time.
   * Throws DecodeError where the bytes are no such request, maybe after some calls; what is skipped is not looked into.
   */
  decode(body: Uint8Array, sink: (span: SpanRecord) => void): number {
    const cursor = this.#cursor
    cursor.open(body)
    try {
      let spans = 0
      while (cursor.position < cursor.end) {
        const tag = cursor.tag()
        if (tag === REQUEST_RESOURCE_SPANS) {
          const outer = cursor.enter()
          spans += this.#resourceSpans(sink)
          cursor.leave(outer)
        } else cursor.skip(tag)
      }
      return spans
    } finally {
      cursor.close()
    }
  }

  /** The resource may come after the spans it describes, and in pieces: all of it is read first, then the spans. */
  #resourceSpans(sink: (span: SpanRecord) => void): number {
    const cursor = this.#cursor
    const start = cursor.position
    this.#record.resource.clear()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === RESOURCE_SPANS_RESOURCE) this.#resource()
      else cursor.skip(tag)
    }
    cursor.position = start
    let spans = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === RESOURCE_SPANS_SCOPE_SPANS) {
        const outer = cursor.enter()
        spans += this.#scopeSpans(sink)
        cursor.leave(outer)
      } else cursor.skip(tag)
    }
    return spans
  }

  #resource(): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === RESOURCE_ATTRIBUTES) this.#attributes.read(tag, this.#record.resource)
      else cursor.skip(tag)
    }
    cursor.leave(outer)
  }

  #scopeSpans(sink: (span: SpanRecord) => void): number {
    const cursor = this.#cursor
    let spans = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === SCOPE_SPANS_SPANS) {
        const outer = cursor.enter()
        this.#span()
        cursor.leave(outer)
        sink(this.#record)
        spans++
      } else cursor.skip(tag)
    }
    return spans
  }

  #span(): void {
    const cursor = this.#cursor
    const record = this.#record
    record.clear()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      switch (tag) {
        case SPAN_ATTRIBUTES:
          this.#attributes.read(tag, record.attributes)
          break
        case SPAN_TRACE_ID:
          readTraceId(cursor, record.traceId)
          break
        case SPAN_START:
          cursor.fixed64()
          record.startSecond = wholeSeconds(cursor.low, cursor.high)
          record.startNanos = nanosWithin(cursor.low, record.startSecond)
          break
        case SPAN_END:
          cursor.fixed64()
          record.endSecond = wholeSeconds(cursor.low, cursor.high)
          record.endNanos = nanosWithin(cursor.low, record.endSecond)
          break
        case SPAN_PARENT_ID:
          this.#parentId()
          break
        case SPAN_KIND:
          record.kind = cursor.int32()
          break
        case SPAN_STATUS:
          this.#status()
          break
        case SPAN_NAME:
          this.#name()
          break
        case SPAN_TRACE_STATE:
          this.#traceState()
          break
        case SPAN_EVENTS:
          this.#event()
          break
        default:
          cursor.skip(tag)
      }
    }
  }

  #traceState(): void {
    const cursor = this.#cursor
    const end = cursor.length() + cursor.position
    this.#record.weight = samplingWeight(cursor.view, cursor.position, end)
    cursor.position = end
  }

  #name(): void {
    const cursor = this.#cursor
    const end = cursor.length() + cursor.position
    if (this.#wantsName) this.#record.name = this.#strings.text(cursor.view, cursor.position, end)
    cursor.position = end
  }

  #status(): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === STATUS_CODE) this.#record.status = cursor.int32()
      else cursor.skip(tag)
    }
    cursor.leave(outer)
  }

  /** An event's name may come after its attributes: it is looked for first, and so is its time. */
  #event(): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    if (this.#wantsEvents) {
      const start = cursor.position
      this.#eventHead()
      const name = this.#eventName
      if (name !== null && makeRoom(this.#record, isFlagEvent(name))) {
        cursor.position = start
        const event = this.#record.nextEvent(name, isFlagEvent(name))
        event.second = wholeSeconds(this.#eventLow, this.#eventHigh)
        event.nanos = nanosWithin(this.#eventLow, event.second)
        while (cursor.position < cursor.end) {
          const tag = cursor.tag()
          if (tag === EVENT_ATTRIBUTES) this.#attributes.read(tag, event.attributes)
          else cursor.skip(tag)
        }
      }
    }
    cursor.leave(outer)
  }

  /** The event's name, if it is a wanted one, and its time. */
  #eventHead(): void {
    const cursor = this.#cursor
    this.#eventName = this.#events.unnamed
    this.#eventLow = 0
    this.#eventHigh = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === EVENT_NAME) {
        const end = cursor.length() + cursor.position
        this.#eventName = this.#events.wanted(cursor.view, cursor.position, end)
        cursor.position = end
      } else if (tag === EVENT_TIME) {
        cursor.fixed64()
        this.#eventLow = cursor.low
        this.#eventHigh = cursor.high
      } else cursor.skip(tag)
    }
  }

  /** A parent's id that is all zero is none. */
  #parentId(): void {
    const cursor = this.#cursor
    const end = cursor.length() + cursor.position
    let bits = 0
    for (let at = cursor.position; at < end; at++) bits |= cursor.bytes[at]
    this.#record.hasParent = bits !== 0
    cursor.position = end
  }
}

/**
 * The number of spans in a request, without looking into them. Throws DecodeError where the structure around them is
 * broken.
 */
export function countSpans(body: Uint8Array): number {
  const cursor = new Cursor()
  cursor.open(body)
  return countFields(cursor, [REQUEST_RESOURCE_SPANS, RESOURCE_SPANS_SCOPE_SPANS, SCOPE_SPANS_SPANS])
}
