// Text out of bytes, the same text not decoded twice: services send the same few names and values a million times.
import { hashWords, hasWords, putWords } from './words.ts'

/** Texts longer than this are decoded and not remembered: they are hardly ever asked for again. */
export const MAX_INTERNED_BYTES = 64
/** Sets of two entries each; 2 x 2048 x 64 bytes of text at most. */
const SETS = 2048
const ENTRY_WORDS = MAX_INTERNED_BYTES / 4

/**
 * Decodes UTF-8, remembering short texts. The memory is a fixed two-way table: a text's hash picks a set, within which
 * the text used longest ago gives way. Bytes are compared in full, so a collision can cost time but never give a wrong
 * text.
 */
export class StringTable {
  readonly #words = new Int32Array(2 * SETS * ENTRY_WORDS)
  /** Length of the text in an entry; -1 where there is none. */
  readonly #lengths = new Int8Array(2 * SETS).fill(-1)
  readonly #texts: string[] = Array.from({ length: 2 * SETS }, () => '')
  /** By set: which of its two entries gives way next. */
  readonly #victims = new Uint8Array(SETS)

  /** The text of the bytes in `view` from `start` to `end`; bytes that are no UTF-8 become U+FFFD. */
  text(view: DataView, start: number, end: number): string {
    const length = end - start
    if (length > MAX_INTERNED_BYTES) return decode(view, start, end)
    if (length === 0) return ''
    const set = hashWords(view, start, length) & (SETS - 1)
    const entry = 2 * set
    if (this.#holds(entry, view, start, length)) {
      this.#victims[set] = 1
      return this.#texts[entry]
    }
    if (this.#holds(entry + 1, view, start, length)) {
      this.#victims[set] = 0
      return this.#texts[entry + 1]
    }
    return this.#remember(set, view, start, end)
  }

  #holds(entry: number, view: DataView, start: number, length: number): boolean {
    if (this.#lengths[entry] !== length) return false
    return hasWords(this.#words, entry * ENTRY_WORDS, view, start, length)
  }

  #remember(set: number, view: DataView, start: number, end: number): string {
    const entry = 2 * set + this.#victims[set]
    const length = end - start
    const text = decode(view, start, end)
    putWords(this.#words, entry * ENTRY_WORDS, view, start, length)
    this.#lengths[entry] = length
    this.#texts[entry] = text
    this.#victims[set] ^= 1
    return text
  }
}

function decode(view: DataView, start: number, end: number): string {
  return Buffer.from(view.buffer, view.byteOffset + start, end - start).toString('utf8')
}
