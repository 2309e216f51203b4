// The segment values of a record as one text (model/observation.ts joins them).
//
//   new SegmentReader(settings.segments, vocabulary).read(span)     'shop', or several values joined

import type { AttributedRecord, AttributeValue } from '../model/attributes.ts'
import { segmentKey } from '../model/observation.ts'
import type { Vocabulary } from '../model/vocabulary.ts'

/** The value of a segment that the record does not tell. */
export const UNKNOWN_SEGMENT = 'unknown'
/** Longest segment value in UTF-16 units; longer ones are cut. */
export const MAX_SEGMENT_LENGTH = 256

/** Reads segments of records decoded with the vocabulary that it was made for. */
export class SegmentReader {
  readonly #slots: readonly number[]
  // Spans of one resource come one after the other, so the same values do; their key is kept.
  readonly #lastValues: (AttributeValue | undefined)[]
  #lastKey: string

  constructor(segments: readonly string[], vocabulary: Vocabulary) {
    this.#slots = segments.map((name) => vocabulary.slot(name))
    this.#lastValues = segments.map(() => undefined)
    this.#lastKey = segmentKey(this.#lastValues.map(segmentText))
  }

  /**
   * Each value is looked up on the record, then on its resource. Missing, empty or not comparable is "unknown"; a NUL
   * becomes U+FFFD; what is longer than MAX_SEGMENT_LENGTH is cut.
   */
  read(span: AttributedRecord): string {
    let same = true
    for (let at = 0; at < this.#slots.length; at++) {
      const slot = this.#slots[at]
      const own = span.attributes.values[slot]
      const value = own === undefined ? span.resource.values[slot] : own
      if (value !== this.#lastValues[at]) {
        this.#lastValues[at] = value
        same = false
      }
    }
    if (!same) this.#lastKey = segmentKey(this.#lastValues.map(segmentText))
    return this.#lastKey
  }
}

function segmentText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null || value === '') return UNKNOWN_SEGMENT
  const text = String(value)
  return (text.length > MAX_SEGMENT_LENGTH ? cut(text) : text).replaceAll('\u0000', '\uFFFD')
}

/** The beginning of a text that is too long: no half of a surrogate pair, and a copy, so that the rest is not kept alive. */
function cut(text: string): string {
  const last = text.charCodeAt(MAX_SEGMENT_LENGTH - 1)
  const splitsPair = last >= 0xd800 && last < 0xdc00
  const bytes = Buffer.from(text.slice(0, splitsPair ? MAX_SEGMENT_LENGTH - 1 : MAX_SEGMENT_LENGTH), 'utf16le')
  return bytes.toString('utf16le')
}
