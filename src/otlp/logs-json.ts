// Log records out of an ExportLogsServiceRequest in OTLP/JSON: the same records as logs.ts gives for the same content.
// Hides the JSON mapping (OTLP specification, "JSON Protobuf Encoding") and that members may come in any order.
import { LogRecord } from '../model/log.ts'
import { EVENT_NAME_ATTRIBUTE, type Vocabulary } from '../model/vocabulary.ts'
import { JsonAttributeReader } from './attributes-json.ts'
import { isMember } from './counting.ts'
import { EventNames, withEventName } from './event-names.ts'
import { JsonCursor } from './json-cursor.ts'
import { readTime } from './json-fields.ts'
import { type Moment, readInteger } from './json-numbers.ts'
import { ByteNames } from './names.ts'
import { countRecordsJson, JsonRecordWalk, RecordNames } from './records-json.ts'
import { MAX_SEVERITY_TEXT, severityOfNumber, severityOfText } from './severity.ts'
import { StringTable } from './strings.ts'
import { readTraceIdJson } from './trace-id.ts'
import { WantedAttributes } from './wanted.ts'

const NAMES = new RecordNames('resourceLogs', 'scopeLogs', 'logRecords')
const LOG_MEMBERS = [
  'timeUnixNano',
  'observedTimeUnixNano',
  'severityNumber',
  'severityText',
  'body',
  'attributes',
  'traceId',
  'eventName',
] as const
const LOG = new ByteNames(LOG_MEMBERS)
const BODY = new ByteNames(['stringValue'])
const OTHER_BODIES = new ByteNames(['boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'])

/** Decodes requests one after the other. Not reentrant: the sink must not call `decode`. */
export class LogJsonDecoder {
  readonly #cursor = new JsonCursor()
  readonly #record: LogRecord
  readonly #strings = new StringTable()
  readonly #attributes: JsonAttributeReader
  readonly #walk: JsonRecordWalk
  readonly #eventNames: EventNames
  readonly #eventNameSlot: number
  readonly #time: Moment = { second: 0, nanos: 0 }
  readonly #observed: Moment = { second: 0, nanos: 0 }
  #severityText = ''
  #bodyName: string | null = null
  #sink: (record: LogRecord) => void = ignore

  constructor(vocabulary: Vocabulary) {
    const wanted = withEventName(vocabulary)
    this.#record = new LogRecord(wanted)
    this.#attributes = new JsonAttributeReader(this.#cursor, new WantedAttributes(wanted, this.#strings), this.#strings)
    this.#walk = new JsonRecordWalk(this.#cursor, {
      names: NAMES,
      attributes: this.#attributes,
      resource: this.#record.resource,
      readRecord: () => this.#readRecord(),
    })
    this.#eventNames = new EventNames(vocabulary, this.#strings)
    this.#eventNameSlot = wanted.slot(EVENT_NAME_ATTRIBUTE)
  }

  /**
   * Calls `sink` for each record in the order of the text and returns their number. The record is the same each time.
   * Throws DecodeError, which names the JSON path, where the text is no such request, maybe after some calls; what
   * nobody wants must only be JSON.
   */
  decode(body: Uint8Array, sink: (record: LogRecord) => void): number {
    this.#sink = sink
    try {
      return this.#walk.walk(body)
    } finally {
      this.#sink = ignore
    }
  }

  #readRecord(): void {
    const cursor = this.#cursor
    this.#record.clear()
    this.#severityText = ''
    this.#bodyName = null
    this.#time.second = this.#time.nanos = this.#observed.second = this.#observed.nanos = 0
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) this.#member()
    this.#settle()
    this.#sink(this.#record)
  }

  /** A member of a record whose name was just read. */
  #member(): void {
    const cursor = this.#cursor
    const record = this.#record
    const index = LOG.find(cursor.text, cursor.textStart, cursor.textEnd)
    if (index < 0) return cursor.skip()
    if (cursor.passNull()) return
    switch (LOG_MEMBERS[index]) {
      case 'timeUnixNano':
        return readTime(cursor, this.#time)
      case 'observedTimeUnixNano':
        return readTime(cursor, this.#observed)
      case 'severityNumber':
        return this.#severityNumber()
      case 'severityText':
        this.#severityText = this.#text(MAX_SEVERITY_TEXT)
        return
      case 'traceId':
        return readTraceIdJson(cursor, record.traceId)
      case 'eventName':
        record.eventName = this.#text()
        return
      case 'attributes':
        return this.#attributes.readAll(record.attributes)
      case 'body':
        return this.#body()
    }
  }

  /**
   * A whole number of any size, for all that are no severity are alike. Texts are refused, as everywhere for an enum: taken for none, an error
   * would pass unseen.
   */
  #severityNumber(): void {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.number()
    const number = readInteger(cursor.text, cursor.textStart, cursor.textEnd)
    if (number === null) cursor.fail('expected a 64-bit integer', at)
    this.#record.severity = typeof number === 'number' ? severityOfNumber(number) : 0
  }

  /** Empty where it is longer than anybody asks for. */
  #text(longest = Number.POSITIVE_INFINITY): string {
    const cursor = this.#cursor
    cursor.string()
    const { text, textStart, textEnd } = cursor
    return textEnd - textStart > longest ? '' : this.#strings.text(text, textStart, textEnd)
  }

  #body(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const isText = isMember(cursor, BODY)
      const isOther = isMember(cursor, OTHER_BODIES)
      if ((isText || isOther) && cursor.passNull()) continue
      if (isText) {
        cursor.string()
        this.#bodyName = this.#eventNames.find(cursor.text, cursor.textStart, cursor.textEnd)
      } else {
        // Of several members the last counts.
        if (isOther) this.#bodyName = null
        cursor.skip()
      }
    }
  }

  /** Decides what may be told in several places. */
  #settle(): void {
    const record = this.#record
    const isTimed = this.#time.second !== 0 || this.#time.nanos !== 0
    const { second, nanos } = isTimed ? this.#time : this.#observed
    record.second = second
    record.nanos = nanos
    if (record.severity === 0 && this.#severityText !== '') record.severity = severityOfText(this.#severityText)
    if (record.eventName !== '') return
    const attribute = record.attributes.values[this.#eventNameSlot]
    record.eventName = typeof attribute === 'string' && attribute !== '' ? attribute : (this.#bodyName ?? '')
  }
}

/**
 * The number of log records in a request, without looking into them. Throws DecodeError where the text is no JSON or the
 * structure around them is broken.
 */
export function countLogsJson(body: Uint8Array): number {
  return countRecordsJson(body, NAMES)
}

function ignore(): void {}
