// Which attributes of a record are kept: the vocabulary, matched against key bytes. Shared by the decoders of both
// encodings.
import type { AttributeSet, AttributeValue } from '../model/attributes.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { ByteNames } from './names.ts'
import type { StringTable } from './strings.ts'

/**
 * Most prefixed attributes kept of one place, and most events of one span. Tracing SDKs stop at 128 of either;
 * without a bound one hostile span would leave the reused record large for good.
 */
export const MAX_PREFIXED = 256
export const MAX_EVENTS = 256
/**
 * Of a span's 256 events, those that tell of no flag evaluation: the first 128 at most. Flag evaluations may fill the whole room, and others
 * give way to them, the last first, whichever come first: they tell what a span belongs to.
 */
export const MAX_OTHER_EVENTS = 128

const LONGEST_TOLD_APART = 31

/** Decides by an attribute's key whether its value is read, and puts it where it belongs. */
export class WantedAttributes {
  /** False when no attribute is of any interest. */
  readonly any: boolean
  /** Bit n: a key of n bytes may be wanted; the last bit stands for all longer ones too. */
  readonly #lengths: number
  readonly #names: ByteNames
  readonly #prefixes: readonly Uint8Array[]
  readonly #strings: StringTable

  constructor(vocabulary: Vocabulary, strings: StringTable) {
    this.any = vocabulary.names.length + vocabulary.prefixes.length > 0
    this.#names = new ByteNames(vocabulary.names)
    this.#prefixes = vocabulary.prefixes.map((prefix) => new Uint8Array(Buffer.from(prefix, 'utf8')))
    this.#strings = strings
    this.#lengths = lengthBits(vocabulary.names, this.#prefixes)
  }

  /** False when no key of this length (in bytes) is wanted: the cheapest way to say no, and nearly always enough. */
  maybe(length: number): boolean {
    return ((this.#lengths >>> Math.min(length, LONGEST_TOLD_APART)) & 1) !== 0
  }

  /** The slot of the key in `view`; -1 when its value has none. */
  slot(view: DataView, start: number, end: number): number {
    return this.#names.find(view, start, end)
  }

  /** Whether the key begins with one of the prefixes. */
  prefixed(view: DataView, start: number, end: number): boolean {
    for (const prefix of this.#prefixes) {
      if (beginsWith(prefix, view, start, end)) return true
    }
    return false
  }

  /** Keeps a value under its slot (-1: none); the first of several equal keys counts. */
  put(set: AttributeSet, slot: number, value: AttributeValue): void {
    if (slot >= 0 && set.values[slot] === undefined) set.values[slot] = value
  }

  /** Keeps a value under each prefix that its key begins with; the first of several equal keys counts. */
  putPrefixed(set: AttributeSet, key: { view: DataView; start: number; end: number }, value: AttributeValue): void {
    for (const [index, prefix] of this.#prefixes.entries()) {
      if (set.prefixedCount >= MAX_PREFIXED || !beginsWith(prefix, key.view, key.start, key.end)) continue
      const rest = this.#strings.text(key.view, key.start + prefix.length, key.end)
      if (!holds(set, index, rest)) set.addPrefixed(index, rest, value)
    }
  }
}

function lengthBits(names: readonly string[], prefixes: readonly Uint8Array[]): number {
  let bits = 0
  for (const name of names) bits |= 1 << Math.min(Buffer.byteLength(name), LONGEST_TOLD_APART)
  for (const prefix of prefixes) bits |= -1 << Math.min(prefix.length, LONGEST_TOLD_APART)
  return bits
}

/** Looks at the prefix's last byte first: it is the one that tells it from other keys of the namespace. */
function beginsWith(prefix: Uint8Array, view: DataView, start: number, end: number): boolean {
  if (end - start < prefix.length) return false
  for (let at = prefix.length - 1; at >= 0; at--) {
    if (prefix[at] !== view.getUint8(start + at)) return false
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
