// The decoded span as the rest of the program sees it: one mutable record that a decoder fills again and again,
// holding only what the vocabulary asked for. Whoever wants to keep something copies it.
import { type AttributedRecord, AttributeSet } from './attributes.ts'
import type { Vocabulary } from './vocabulary.ts'

/** An event of a span: a flag evaluation, or one that the vocabulary asks for. */
export class SpanEvent {
  /** Empty: it has none. */
  name = ''
  /** Whether it tells of a flag evaluation, and so may carry tags. */
  isFlag = false
  second = 0
  nanos = 0
  readonly attributes: AttributeSet

  constructor(vocabulary: Vocabulary) {
    this.attributes = new AttributeSet(vocabulary)
  }
}

/** One span. Times are exact: whole seconds since the epoch and the nanoseconds within. */
export class SpanRecord implements AttributedRecord {
  /** The trace id as four big-endian 32-bit words; all zero when the span has none. */
  readonly traceId = new Uint32Array(4)
  /** Empty unless the vocabulary asks for the span's name. */
  name = ''
  /** SpanKind of OTLP: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind = 0
  /** StatusCode of OTLP: 0 unset, 1 ok, 2 error. */
  status = 0
  /** Whether it has a parent span, in this process or another. */
  hasParent = false
  startSecond = 0
  startNanos = 0
  endSecond = 0
  endNanos = 0
  /** Adjusted count from the tracestate's sampling threshold; 1 without one. */
  weight = 1
  readonly attributes: AttributeSet
  readonly resource: AttributeSet
  /** In the order of the bytes; valid up to `eventCount`. */
  readonly events: SpanEvent[] = []
  eventCount = 0
  /** How many of these tell of no flag evaluation. */
  otherEventCount = 0
  readonly #vocabulary: Vocabulary

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary
    this.attributes = new AttributeSet(vocabulary)
    this.resource = new AttributeSet(vocabulary)
  }

  /** Forgets the span; the resource stays. */
  clear(): void {
    for (let word = 0; word < this.traceId.length; word++) this.traceId[word] = 0
    this.name = ''
    this.kind = 0
    this.status = 0
    this.hasParent = false
    this.startSecond = 0
    this.startNanos = 0
    this.endSecond = 0
    this.endNanos = 0
    this.weight = 1
    this.attributes.clear()
    this.eventCount = 0
    this.otherEventCount = 0
  }

  /** The span's next event, cleared. */
  nextEvent(name: string, isFlag: boolean): SpanEvent {
    const at = this.eventCount++
    if (!isFlag) this.otherEventCount++
    if (at === this.events.length) this.events.push(new SpanEvent(this.#vocabulary))
    const event = this.events[at]
    event.name = name
    event.isFlag = isFlag
    event.second = 0
    event.nanos = 0
    event.attributes.clear()
    return event
  }

  /** Forgets the last event that tells of no flag evaluation; those behind it move up. */
  dropLastOther(): void {
    let at = this.eventCount - 1
    while (at >= 0 && this.events[at].isFlag) at--
    if (at < 0) return
    const dropped = this.events[at]
    this.events.copyWithin(at, at + 1, this.eventCount)
    this.eventCount--
    this.otherEventCount--
    // Kept for the next one.
    this.events[this.eventCount] = dropped
  }
}
