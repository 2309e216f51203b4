// The decoded log record, as span.ts is for spans.
import { type AttributedRecord, AttributeSet } from './attributes.ts'
import type { Vocabulary } from './vocabulary.ts'

/** SeverityNumber of OTLP by name: the first of the four numbers that each name has (ERROR is 17 to 20). */
export const SEVERITY_NUMBERS: Readonly<Record<string, number>> = {
  TRACE: 1,
  DEBUG: 5,
  INFO: 9,
  WARN: 13,
  ERROR: 17,
  FATAL: 21,
}

/** One log record. Its time is `time_unix_nano`, or where that is 0 `observed_time_unix_nano`. */
export class LogRecord implements AttributedRecord {
  /** As SpanRecord.traceId. */
  readonly traceId = new Uint32Array(4)
  second = 0
  nanos = 0
  /** SeverityNumber, 1 to 24; where the record has none, that of its severity text; 0: unspecified. */
  severity = 0
  /**
   * Name of the event: the field `event_name`, else the attribute `event.name`, else a text body that is one of the vocabulary's event names
   * or tells of a flag evaluation. Empty: no event.
   */
  eventName = ''
  readonly attributes: AttributeSet
  readonly resource: AttributeSet

  constructor(vocabulary: Vocabulary) {
    this.attributes = new AttributeSet(vocabulary)
    this.resource = new AttributeSet(vocabulary)
  }

  /** Forgets the record; the resource stays. */
  clear(): void {
    for (let word = 0; word < this.traceId.length; word++) this.traceId[word] = 0
    this.second = 0
    this.nanos = 0
    this.severity = 0
    this.eventName = ''
    this.attributes.clear()
  }
}
