// Spans out of an ExportTraceServiceRequest in protobuf: one pass, one reused record, only the fields that the
// vocabulary wants. Hides the messages' layout (opentelemetry/proto/trace/v1/trace.proto) and that protobuf fields may
// come in any order and repeat.
import { SpanRecord } from '../model/span.ts'
import { FLAG_EVENT_NAMES, type Vocabulary } from '../model/vocabulary.ts'
import { AttributeReader } from './attributes.ts'
import { Cursor } from './cursor.ts'
import { ByteNames } from './names.ts'
import { samplingWeight } from './sampling.ts'
import { StringTable } from './strings.ts'
import { nanosWithin, wholeSeconds } from './time.ts'
import { MAX_FLAG_EVENTS, WantedAttributes } from './wanted.ts'

// Tags: field number * 8 + wire type.
const REQUEST_RESOURCE_SPANS = 0x0a
const RESOURCE_SPANS_RESOURCE = 0x0a
const RESOURCE_SPANS_SCOPE_SPANS = 0x12
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE_SPANS_SPANS = 0x12
const SPAN_TRACE_ID = 0x0a
const SPAN_TRACE_STATE = 0x1a
const SPAN_NAME = 0x2a
const SPAN_KIND = 0x30
const SPAN_START = 0x39
const SPAN_END = 0x41
const SPAN_ATTRIBUTES = 0x4a
const SPAN_EVENTS = 0x5a
const SPAN_STATUS = 0x7a
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTES = 0x1a
const STATUS_CODE = 0x18

const TRACE_ID_BYTES = 16

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class TraceDecoder {
  readonly #cursor = new Cursor()
  readonly #record: SpanRecord
  readonly #strings = new StringTable()
  readonly #attributes: AttributeReader
  readonly #flagEventNames = new ByteNames(FLAG_EVENT_NAMES)
  readonly #wantsName: boolean
  readonly #wantsAttributes: boolean

  constructor(vocabulary: Vocabulary) {
    const wanted = new WantedAttributes(vocabulary, this.#strings)
    this.#record = new SpanRecord(vocabulary)
    this.#attributes = new AttributeReader(this.#cursor, wanted, this.#strings)
    this.#wantsName = vocabulary.spanName
    this.#wantsAttributes = wanted.any
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
          this.#traceId()
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

  #traceId(): void {
    const cursor = this.#cursor
    const { traceId } = this.#record
    const length = cursor.length()
    const { bytes, position } = cursor
    const present = length === TRACE_ID_BYTES
    for (let word = 0; word < 4; word++) {
      const at = position + 4 * word
      traceId[word] = present ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3] : 0
    }
    cursor.position = position + length
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

  /** An event's name may come after its attributes: it is looked for first. */
  #event(): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    if (this.#wantsAttributes) {
      const start = cursor.position
      if (this.#isFlagEvent() && this.#record.flagEventCount < MAX_FLAG_EVENTS) {
        cursor.position = start
        const attributes = this.#record.nextFlagEvent()
        while (cursor.position < cursor.end) {
          const tag = cursor.tag()
          if (tag === EVENT_ATTRIBUTES) this.#attributes.read(tag, attributes)
          else cursor.skip(tag)
        }
      }
    }
    cursor.leave(outer)
  }

  #isFlagEvent(): boolean {
    const cursor = this.#cursor
    let found = false
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === EVENT_NAME) {
        const end = cursor.length() + cursor.position
        found = this.#flagEventNames.find(cursor.view, cursor.position, end) >= 0
        cursor.position = end
      } else cursor.skip(tag)
    }
    return found
  }
}

/**
 * The number of spans in a request, without looking into them. Throws DecodeError where the structure around them is
 * broken.
 */
export function countSpans(body: Uint8Array): number {
  const cursor = new Cursor()
  cursor.open(body)
  return countIn(cursor, [REQUEST_RESOURCE_SPANS, RESOURCE_SPANS_SCOPE_SPANS, SCOPE_SPANS_SPANS], 0)
}

/** Counts the fields that lie at the end of a path of tags, from its step `depth` on. */
function countIn(cursor: Cursor, path: readonly number[], depth: number): number {
  let count = 0
  while (cursor.position < cursor.end) {
    const tag = cursor.tag()
    if (tag !== path[depth] || depth === path.length - 1) {
      cursor.skip(tag)
      if (tag === path[depth]) count++
    } else {
      const outer = cursor.enter()
      count += countIn(cursor, path, depth + 1)
      cursor.leave(outer)
    }
  }
  return count
}
