// Which attributes of a record are kept: the vocabulary, matched against key bytes. Shared by the decoders of both encodings.
import type { AttributeSet, AttributeValue } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { ByteNames } from './names.ts'
import type { StringTable } from './strings.ts'

/**
 * Most prefixed attributes kept of one place, and most flag events of one span. Tracing SDKs stop at 128 of either; without a bound one
 * hostile span would leave the reused record large for good.
 */
export const MAX_PREFIXED = 256
export const MAX_FLAG_EVENTS = 256

/** Decides by an attribute's key whether its value is read, and puts it where it belongs. */
export class WantedAttributes {
  /** False when no attribute is of any interest. */
  readonly any: boolean
  readonly #names: ByteNames
  readonly #prefixes: readonly Uint8Array[]
  readonly #strings: StringTable

  constructor(vocabulary: Vocabulary, strings: StringTable) {
    this.any = vocabulary.names.length + vocabulary.prefixes.length > 0
    this.#names = new ByteNames(vocabulary.names)
    this.#prefixes = vocabulary.prefixes.map((prefix) => new Uint8Array(Buffer.from(prefix, 'utf8')))
    this.#strings = strings
  }

  /** The slot of the key in `bytes`; -1 when its value has none. */
  slot(bytes: Uint8Array, start: number, end: number): number {
    return this.#names.find(bytes, start, end)
  }

  /** Whether the key begins with one of the prefixes. */
  prefixed(bytes: Uint8Array, start: number, end: number): boolean {
    for (const prefix of this.#prefixes) {
      if (beginsWith(prefix, bytes, start, end)) return true
    }
    return false
  }

  /** Keeps a value under its slot (-1: none); the first of several equal keys counts. */
  put(set: AttributeSet, slot: number, value: AttributeValue): void {
    if (slot >= 0 && set.values[slot] === undefined) set.values[slot] = value
  }

  /** Keeps a value under each prefix that its key begins with; the first of several equal keys counts. */
  putPrefixed(set: AttributeSet, key: { bytes: Uint8Array; start: number; end: number }, value: AttributeValue): void {
    for (const [index, prefix] of this.#prefixes.entries()) {
      if (set.prefixedCount >= MAX_PREFIXED || !beginsWith(prefix, key.bytes, key.start, key.end)) continue
      const rest = this.#strings.text(key.bytes, key.start + prefix.length, key.end)
      if (!holds(set, index, rest)) set.addPrefixed(index, rest, value)
    }
  }
}

/** Looks at the prefix's last byte first: it is the one that tells it from other keys of the namespace. */
function beginsWith(prefix: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < prefix.length) return false
  for (let at = prefix.length - 1; at >= 0; at--) {
    if (prefix[at] !== bytes[start + at]) return false
  }
  return true
}

function holds(set: AttributeSet, prefix: number, rest: string): boolean {
  for (let at = 0; at < set.prefixedCount; at++) {
    const known = set.prefixed[at]
    if (known.prefix === prefix && known.rest === rest) return true
  }
  return false
}
