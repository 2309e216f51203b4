// Log records out of an ExportLogsServiceRequest in OTLP/JSON: the same records as logs.ts gives for the same content.
// Hides the JSON mapping (OTLP specification, "JSON Protobuf Encoding") and that members may come in any order.
import { LogRecord } from '../model/log.ts'
import { EVENT_NAME_ATTRIBUTE, type Vocabulary } from '../model/vocabulary.ts'
import { JsonAttributeReader } from './attributes-json.ts'
import { countElements, isMember } from './counting.ts'
import { EventNames, withEventName } from './event-names.ts'
import { JsonCursor } from './json-cursor.ts'
import { readEnum, readTime } from './json-fields.ts'
import type { Moment } from './json-numbers.ts'
import { ByteNames } from './names.ts'
import { severityOfText } from './severity.ts'
import { StringTable } from './strings.ts'
import { readTraceIdJson } from './trace-id.ts'
import { WantedAttributes } from './wanted.ts'

const REQUEST = new ByteNames(['resourceLogs'])
const RESOURCE_LOGS_RESOURCE = new ByteNames(['resource'])
const RESOURCE_LOGS_SCOPE_LOGS = new ByteNames(['scopeLogs'])
const RESOURCE = new ByteNames(['attributes'])
const SCOPE_LOGS = new ByteNames(['logRecords'])
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
  readonly #eventNames: EventNames
  readonly #eventNameSlot: number
  readonly #time: Moment = { second: 0, nanos: 0 }
  readonly #observed: Moment = { second: 0, nanos: 0 }
  #severityText = ''
  #bodyName: string | null = null
  #sink: (record: LogRecord) => void = ignore
  #records = 0

  constructor(vocabulary: Vocabulary) {
    const wanted = withEventName(vocabulary)
    this.#record = new LogRecord(wanted)
    this.#attributes = new JsonAttributeReader(this.#cursor, new WantedAttributes(wanted, this.#strings), this.#strings)
    this.#eventNames = new EventNames(vocabulary)
    this.#eventNameSlot = wanted.slot(EVENT_NAME_ATTRIBUTE)
  }

  /**
   * Calls `sink` for each record in the order of the text and returns their number. The record is the same each time.
   * Throws DecodeError, which names the JSON path, where the text is no such request, maybe after some calls; what
   * nobody wants must only be JSON.
   */
  decode(body: Uint8Array, sink: (record: LogRecord) => void): number {
    this.#cursor.open(body)
    this.#sink = sink
    this.#records = 0
    try {
      this.#request()
      this.#cursor.finish()
      return this.#records
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
        for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#resourceLogs()
      }
    }
  }

  /** The resource may come after the records it describes: they are passed over then, and read when it is known. */
  #resourceLogs(): void {
    const cursor = this.#cursor
    let known = false
    let scopeLogs = -1
    let read = false
    this.#record.resource.clear()
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, RESOURCE_LOGS_RESOURCE)) {
        if (cursor.passNull()) continue
        if (known) cursor.fail('resource is given twice')
        known = true
        this.#resource()
      } else if (isMember(cursor, RESOURCE_LOGS_SCOPE_LOGS)) {
        if (cursor.passNull()) continue
        if (scopeLogs >= 0) cursor.fail('scopeLogs is given twice')
        scopeLogs = cursor.position
        read = known
        if (read) this.#allScopeLogs()
        else cursor.skip()
      } else cursor.skip()
    }
    if (scopeLogs < 0 || read) return
    const after = cursor.position
    cursor.position = scopeLogs
    this.#allScopeLogs()
    cursor.position = after
  }

  #resource(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, RESOURCE)) this.#attributes.readAll(this.#record.resource)
      else cursor.skip()
    }
  }

  #allScopeLogs(): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
        if (!isMember(cursor, SCOPE_LOGS)) cursor.skip()
        else if (!cursor.passNull()) this.#allRecords()
      }
    }
  }

  #allRecords(): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      this.#record.clear()
      this.#severityText = ''
      this.#bodyName = null
      this.#time.second = this.#time.nanos = this.#observed.second = this.#observed.nanos = 0
      for (let more = cursor.enterObject(); more; more = cursor.nextMember()) this.#member()
      this.#settle()
      this.#sink(this.#record)
      this.#records++
    }
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
        record.severity = readEnum(cursor)
        return
      case 'severityText':
        this.#severityText = this.#text()
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

  #text(): string {
    const cursor = this.#cursor
    cursor.string()
    return this.#strings.text(cursor.text, cursor.textStart, cursor.textEnd)
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
  const cursor = new JsonCursor()
  cursor.open(body)
  const count = countElements(cursor, [REQUEST, RESOURCE_LOGS_SCOPE_LOGS, SCOPE_LOGS])
  cursor.finish()
  return count
}

function ignore(): void {}
