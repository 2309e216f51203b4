// The decoded span as the rest of the program sees it: one mutable record that a decoder fills again and again,
// holding only what the vocabulary asked for. Whoever wants to keep something copies it.
import type { Vocabulary } from './vocabulary.ts'

/**
 * The value of an attribute. Integers beyond 2^53 come as their decimal text; null stands for a value that is there but
 * cannot be compared (bytes, array, map, empty).
 */
export type AttributeValue = string | number | boolean | null

/** The wanted attributes found in one place (a span, one of its flag events, or a resource). */
export class AttributeSet {
  /** By the vocabulary's slot; undefined where the attribute is absent. The first of several equal keys counts. */
  readonly values: (AttributeValue | undefined)[]
  /** Attributes whose key begins with one of the vocabulary's prefixes; valid up to `prefixedCount`. */
  readonly prefixed: PrefixedAttribute[] = []
  prefixedCount = 0

  constructor(vocabulary: Vocabulary) {
    this.values = Array.from({ length: vocabulary.names.length }, () => undefined)
  }

  clear(): void {
    // Loops, here and below: for a handful of items a call of fill() costs more than they do.
    for (let slot = 0; slot < this.values.length; slot++) this.values[slot] = undefined
    this.prefixedCount = 0
  }

  addPrefixed(prefix: number, rest: string, value: AttributeValue): void {
    const at = this.prefixedCount++
    const known = this.prefixed[at]
    if (known === undefined) this.prefixed.push({ prefix, rest, value })
    else {
      known.prefix = prefix
      known.rest = rest
      known.value = value
    }
  }
}

export interface PrefixedAttribute {
  /** Index into the vocabulary's prefixes. */
  prefix: number
  /** What follows the prefix in the key. */
  rest: string
  value: AttributeValue
}

/** One span. Times are exact: whole seconds since the epoch and the nanoseconds within. */
export class SpanRecord {
  /** The trace id as four big-endian 32-bit words; all zero when the span has none. */
  readonly traceId = new Uint32Array(4)
  /** Empty unless the vocabulary asks for the span's name. */
  name = ''
  /** SpanKind of OTLP: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind = 0
  /** StatusCode of OTLP: 0 unset, 1 ok, 2 error. */
  status = 0
  startSecond = 0
  startNanos = 0
  endSecond = 0
  endNanos = 0
  /** Adjusted count from the tracestate's sampling threshold; 1 without one. */
  weight = 1
  readonly attributes: AttributeSet
  readonly resource: AttributeSet
  /** Attributes of the span's feature-flag events; valid up to `flagEventCount`. */
  readonly flagEvents: AttributeSet[] = []
  flagEventCount = 0
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
    this.startSecond = 0
    this.startNanos = 0
    this.endSecond = 0
    this.endNanos = 0
    this.weight = 1
    this.attributes.clear()
    this.flagEventCount = 0
  }

  /** A cleared attribute set for the span's next feature-flag event. */
  nextFlagEvent(): AttributeSet {
    const at = this.flagEventCount++
    if (at === this.flagEvents.length) this.flagEvents.push(new AttributeSet(this.#vocabulary))
    const event = this.flagEvents[at]
    event.clear()
    return event
  }
}
