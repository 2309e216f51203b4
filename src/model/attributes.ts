// The wanted attributes of one place, filled again and again by a decoder.
import type { Vocabulary } from './vocabulary.ts'

/**
 * The value of an attribute. Integers beyond 2^53 come as their decimal text; null stands for a value that is there but
 * cannot be compared (bytes, array, map, empty).
 */
export type AttributeValue = string | number | boolean | null

/** The wanted attributes found in one place (a span, one of its events, a data point, a log record, or a resource). */
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
    // Loops, here and in the records: for a handful of items a call of fill() costs more than they do.
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

/** What every decoded record has: where tags, segments and conditions are looked up. */
export interface AttributedRecord {
  readonly attributes: AttributeSet
  readonly resource: AttributeSet
}
