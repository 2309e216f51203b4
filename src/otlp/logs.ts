// Log records out of an ExportLogsServiceRequest in protobuf, as traces.ts does it for spans. Hides the messages' layout
// (opentelemetry/proto/logs/v1/logs.proto). Bodies are passed over, but for a text that is the name of a wanted event: log text is never held.
import { LogRecord } from '../model/log.ts'
import { EVENT_NAME_ATTRIBUTE, type Vocabulary } from '../model/vocabulary.ts'
import { AttributeReader } from './attributes.ts'
import { countFields } from './counting.ts'
import { Cursor } from './cursor.ts'
import { EventNames, withEventName } from './event-names.ts'
import { MAX_SEVERITY_TEXT, severityOfNumber, severityOfText } from './severity.ts'
import { StringTable } from './strings.ts'
import { nanosWithin, wholeSeconds } from './time.ts'
import { readTraceId } from './trace-id.ts'
import { WantedAttributes } from './wanted.ts'

// Tags: field number * 8 + wire type.
const REQUEST_RESOURCE_LOGS = 0x0a
const RESOURCE_LOGS_RESOURCE = 0x0a
const RESOURCE_LOGS_SCOPE_LOGS = 0x12
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE_LOGS_RECORDS = 0x12
const LOG_TIME = 0x09
const LOG_SEVERITY_NUMBER = 0x10
const LOG_SEVERITY_TEXT = 0x1a
const LOG_BODY = 0x2a
const LOG_ATTRIBUTES = 0x32
const LOG_TRACE_ID = 0x4a
const LOG_OBSERVED_TIME = 0x59
const LOG_EVENT_NAME = 0x62
const ANY_VALUE_STRING = 0x0a
const OTHER_ANY_VALUES: readonly number[] = [0x10, 0x18, 0x21, 0x2a, 0x32, 0x3a]

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class LogDecoder {
  readonly #cursor = new Cursor()
  readonly #record: LogRecord
  readonly #strings = new StringTable()
  readonly #attributes: AttributeReader
  readonly #eventNames: EventNames
  readonly #eventNameSlot: number
  // Of the record at hand; in the end one of each pair counts.
  #severityText = ''
  #bodyName: string | null = null
  #timeLow = 0
  #timeHigh = 0
  #observedLow = 0
  #observedHigh = 0

  constructor(vocabulary: Vocabulary) {
    const wanted = withEventName(vocabulary)
    this.#record = new LogRecord(wanted)
    this.#attributes = new AttributeReader(this.#cursor, new WantedAttributes(wanted, this.#strings), this.#strings)
    this.#eventNames = new EventNames(vocabulary, this.#strings)
    this.#eventNameSlot = wanted.slot(EVENT_NAME_ATTRIBUTE)
  }

  /**
   * Calls `sink` for each record in the order of the bytes and returns their number. The record is the same each time.
   * Throws DecodeError where the bytes are no such request, maybe after some calls; what is skipped is not looked into.
   */
  decode(body: Uint8Array, sink: (record: LogRecord) => void): number {
    const cursor = this.#cursor
    cursor.open(body)
    try {
      let records = 0
      while (cursor.position < cursor.end) {
        const tag = cursor.tag()
        if (tag === REQUEST_RESOURCE_LOGS) {
          const outer = cursor.enter()
          records += this.#resourceLogs(sink)
          cursor.leave(outer)
        } else cursor.skip(tag)
      }
      return records
    } finally {
      cursor.close()
    }
  }

  /** The resource may come after the records it describes, and in pieces: all of it is read first, then the records. */
  #resourceLogs(sink: (record: LogRecord) => void): number {
    const cursor = this.#cursor
    const start = cursor.position
    this.#record.resource.clear()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === RESOURCE_LOGS_RESOURCE) this.#resource()
      else cursor.skip(tag)
    }
    cursor.position = start
    let records = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === RESOURCE_LOGS_SCOPE_LOGS) {
        const outer = cursor.enter()
        records += this.#scopeLogs(sink)
        cursor.leave(outer)
      } else cursor.skip(tag)
    }
    return records
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

  #scopeLogs(sink: (record: LogRecord) => void): number {
    const cursor = this.#cursor
    let records = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === SCOPE_LOGS_RECORDS) {
        const outer = cursor.enter()
        this.#logRecord()
        cursor.leave(outer)
        this.#settle()
        sink(this.#record)
        records++
      } else cursor.skip(tag)
    }
    return records
  }

  #logRecord(): void {
    const cursor = this.#cursor
    const record = this.#record
    record.clear()
    this.#severityText = ''
    this.#bodyName = null
    this.#timeLow = this.#timeHigh = this.#observedLow = this.#observedHigh = 0
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      switch (tag) {
        case LOG_ATTRIBUTES:
          this.#attributes.read(tag, record.attributes)
          break
        case LOG_TIME:
          cursor.fixed64()
          this.#timeLow = cursor.low
          this.#timeHigh = cursor.high
          break
        case LOG_OBSERVED_TIME:
          cursor.fixed64()
          this.#observedLow = cursor.low
          this.#observedHigh = cursor.high
          break
        case LOG_SEVERITY_NUMBER:
          record.severity = severityOfNumber(cursor.int32())
          break
        case LOG_SEVERITY_TEXT:
          this.#severityText = this.#text(MAX_SEVERITY_TEXT)
          break
        case LOG_TRACE_ID:
          readTraceId(cursor, record.traceId)
          break
        case LOG_EVENT_NAME:
          record.eventName = this.#text()
          break
        case LOG_BODY:
          this.#body()
          break
        default:
          cursor.skip(tag)
      }
    }
  }

  /** Empty where it is longer than anybody asks for. */
  #text(longest = Number.POSITIVE_INFINITY): string {
    const cursor = this.#cursor
    const length = cursor.length()
    const end = cursor.position + length
    const text = length > longest ? '' : this.#strings.text(cursor.view, cursor.position, end)
    cursor.position = end
    return text
  }

  #body(): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === ANY_VALUE_STRING) {
        const end = cursor.length() + cursor.position
        this.#bodyName = this.#eventNames.find(cursor.view, cursor.position, end)
        cursor.position = end
      } else {
        // Of several members the last counts.
        if (OTHER_ANY_VALUES.includes(tag)) this.#bodyName = null
        cursor.skip(tag)
      }
    }
    cursor.leave(outer)
  }

  /** Decides what may be told in several places. */
  #settle(): void {
    const record = this.#record
    const isTimed = (this.#timeLow | this.#timeHigh) !== 0
    const low = isTimed ? this.#timeLow : this.#observedLow
    record.second = wholeSeconds(low, isTimed ? this.#timeHigh : this.#observedHigh)
    record.nanos = nanosWithin(low, record.second)
    if (record.severity === 0 && this.#severityText !== '') record.severity = severityOfText(this.#severityText)
    if (record.eventName !== '') return
    const attribute = record.attributes.values[this.#eventNameSlot]
    record.eventName = typeof attribute === 'string' && attribute !== '' ? attribute : (this.#bodyName ?? '')
  }
}

/**
 * The number of log records in a request, without looking into them. Throws DecodeError where the structure around them is
 * broken.
 */
export function countLogs(body: Uint8Array): number {
  const cursor = new Cursor()
  cursor.open(body)
  return countFields(cursor, [REQUEST_RESOURCE_LOGS, RESOURCE_LOGS_SCOPE_LOGS, SCOPE_LOGS_RECORDS])
}
