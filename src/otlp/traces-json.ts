// Spans out of an ExportTraceServiceRequest in OTLP/JSON: the same records as traces.ts gives for the same content.
// Hides the JSON mapping (OTLP specification, "JSON Protobuf Encoding") and that members may come in any order.
import { SpanRecord } from '../model/span.ts'
import { FLAG_EVENT_NAMES, type Vocabulary } from '../model/vocabulary.ts'
import { JsonAttributeReader } from './attributes-json.ts'
import { JsonCursor } from './json-cursor.ts'
import { type Moment, readInteger, readNanoseconds } from './json-numbers.ts'
import { ByteNames } from './names.ts'
import { samplingWeight } from './sampling.ts'
import { StringTable } from './strings.ts'
import { MAX_FLAG_EVENTS, WantedAttributes } from './wanted.ts'

const REQUEST = new ByteNames(['resourceSpans'])
const RESOURCE_SPANS_RESOURCE = new ByteNames(['resource'])
const RESOURCE_SPANS_SCOPE_SPANS = new ByteNames(['scopeSpans'])
const RESOURCE = new ByteNames(['attributes'])
const SCOPE_SPANS = new ByteNames(['spans'])
const SPAN_MEMBERS = [
  'traceId',
  'traceState',
  'name',
  'kind',
  'startTimeUnixNano',
  'endTimeUnixNano',
  'attributes',
  'events',
  'status',
] as const
const SPAN = new ByteNames(SPAN_MEMBERS)
const EVENT_NAME = new ByteNames(['name'])
const EVENT_ATTRIBUTES = new ByteNames(['attributes'])
const STATUS = new ByteNames(['code'])

const TRACE_ID_DIGITS = 32
const OPEN_OBJECT = 0x7b

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class TraceJsonDecoder {
  readonly #cursor = new JsonCursor()
  readonly #record: SpanRecord
  readonly #strings = new StringTable()
  readonly #attributes: JsonAttributeReader
  readonly #flagEventNames = new ByteNames(FLAG_EVENT_NAMES)
  readonly #wantsName: boolean
  readonly #wantsAttributes: boolean
  readonly #moment: Moment = { second: 0, nanos: 0 }
  #sink: (span: SpanRecord) => void = ignore
  #spans = 0

  constructor(vocabulary: Vocabulary) {
    const wanted = new WantedAttributes(vocabulary, this.#strings)
    this.#record = new SpanRecord(vocabulary)
    this.#attributes = new JsonAttributeReader(this.#cursor, wanted, this.#strings)
    this.#wantsName = vocabulary.spanName
    this.#wantsAttributes = wanted.any
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
        return this.#traceId()
      case 'traceState':
        cursor.string()
        record.weight = samplingWeight(cursor.text, cursor.textStart, cursor.textEnd)
        return
      case 'name':
        cursor.string()
        if (this.#wantsName) record.name = this.#strings.text(cursor.text, cursor.textStart, cursor.textEnd)
        return
      case 'kind':
        record.kind = this.#enum()
        return
      case 'startTimeUnixNano':
        this.#time()
        record.startSecond = this.#moment.second
        record.startNanos = this.#moment.nanos
        return
      case 'endTimeUnixNano':
        this.#time()
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

  #time(): void {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.numberOrString()
    const { text, textStart, textEnd } = cursor
    if (!readNanoseconds(text, textStart, textEnd, this.#moment))
      cursor.fail('expected a 64-bit count of nanoseconds', at)
  }

  /** Enums are integers in OTLP/JSON; their names are not valid. */
  #enum(): number {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.number()
    const value = readInteger(cursor.text, cursor.textStart, cursor.textEnd)
    if (typeof value !== 'number' || value !== (value | 0)) return cursor.fail('expected a 32-bit integer', at)
    return value
  }

  #traceId(): void {
    const cursor = this.#cursor
    const { traceId } = this.#record
    const at = cursor.position
    cursor.string()
    const { text, textStart, textEnd } = cursor
    traceId.fill(0)
    if (textEnd - textStart !== TRACE_ID_DIGITS) return
    for (let digit = 0; digit < TRACE_ID_DIGITS; digit++) {
      const value = hexDigit(text.getUint8(textStart + digit))
      if (value < 0) cursor.fail('expected hexadecimal digits', at)
      traceId[digit >> 3] = (traceId[digit >> 3] << 4) | value
    }
  }

  #status(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, STATUS)) cursor.skip()
      else if (!cursor.passNull()) this.#record.status = this.#enum()
    }
  }

  /** An event's name may come after its attributes: it is looked for first. */
  #event(): void {
    const cursor = this.#cursor
    const start = cursor.position
    if (!this.#isFlagEvent() || !this.#wantsAttributes || this.#record.flagEventCount >= MAX_FLAG_EVENTS) return
    cursor.position = start
    const attributes = this.#record.nextFlagEvent()
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, EVENT_ATTRIBUTES)) this.#attributes.readAll(attributes)
      else cursor.skip()
    }
  }

  #isFlagEvent(): boolean {
    const cursor = this.#cursor
    let found = false
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, EVENT_NAME)) cursor.skip()
      else if (!cursor.passNull()) {
        cursor.string()
        found = this.#flagEventNames.find(cursor.text, cursor.textStart, cursor.textEnd) >= 0
      }
    }
    return found
  }
}

/**
 * The number of spans in a request, without looking into them. Throws DecodeError where the text is no JSON or the
 * structure around them is broken.
 */
export function countSpansJson(body: Uint8Array): number {
  const cursor = new JsonCursor()
  cursor.open(body)
  const count = countIn(cursor, [REQUEST, RESOURCE_SPANS_SCOPE_SPANS, SCOPE_SPANS], 0)
  cursor.finish()
  return count
}

/** Counts the objects in the arrays that lie at the end of a path of member names, from its step `depth` on. */
function countIn(cursor: JsonCursor, path: readonly ByteNames[], depth: number): number {
  if (depth === path.length) {
    if (cursor.peek() !== OPEN_OBJECT) cursor.fail('expected an object')
    cursor.skip()
    return 1
  }
  let count = 0
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (!isMember(cursor, path[depth])) cursor.skip()
    else if (!cursor.passNull()) {
      for (let another = cursor.enterArray(); another; another = cursor.nextElement())
        count += countIn(cursor, path, depth + 1)
    }
  }
  return count
}

/** Whether the member name just read is among the given. */
function isMember(cursor: JsonCursor, names: ByteNames): boolean {
  return names.find(cursor.text, cursor.textStart, cursor.textEnd) >= 0
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

function ignore(): void {}
