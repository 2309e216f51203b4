// Text out of bytes, the same text not decoded twice: services send the same few names and values a million times.

/** Texts longer than this are decoded and not remembered: they are hardly ever asked for again. */
export const MAX_INTERNED_BYTES = 64
/** Sets of two entries each; 2 x 2048 x 64 bytes of text at most. */
const SETS = 2048

/**
 * Decodes UTF-8, remembering short texts. The memory is a fixed two-way table: a text's hash picks a set, within which the text used
 * longest ago gives way. Bytes are compared in full, so a collision can cost time but never give a wrong text.
 */
export class StringTable {
  readonly #bytes = new Uint8Array(2 * SETS * MAX_INTERNED_BYTES)
  /** Length of the text in an entry; -1 where there is none. */
  readonly #lengths = new Int8Array(2 * SETS).fill(-1)
  readonly #texts: string[] = Array.from({ length: 2 * SETS }, () => '')
  /** By set: which of its two entries gives way next. */
  readonly #victims = new Uint8Array(SETS)

  /** The text of `bytes` from `start` to `end`; bytes that are no UTF-8 become U+FFFD. */
  text(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start
    if (length > MAX_INTERNED_BYTES) return decode(bytes, start, end)
    if (length === 0) return ''
    const set = hash(bytes, start, end) & (SETS - 1)
    const entry = 2 * set
    if (this.#holds(entry, bytes, start, length)) {
      this.#victims[set] = 1
      return this.#texts[entry]
    }
    if (this.#holds(entry + 1, bytes, start, length)) {
      this.#victims[set] = 0
      return this.#texts[entry + 1]
    }
    return this.#remember(set, bytes, start, end)
  }

  #holds(entry: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#lengths[entry] !== length) return false
    const known = this.#bytes
    const knownStart = entry * MAX_INTERNED_BYTES
    for (let at = 0; at < length; at++) {
      if (known[knownStart + at] !== bytes[start + at]) return false
    }
    return true
  }

  #remember(set: number, bytes: Uint8Array, start: number, end: number): string {
    const entry = 2 * set + this.#victims[set]
    const text = decode(bytes, start, end)
    this.#bytes.set(bytes.subarray(start, end), entry * MAX_INTERNED_BYTES)
    this.#lengths[entry] = end - start
    this.#texts[entry] = text
    this.#victims[set] ^= 1
    return text
  }
}

/** FNV-1a. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let at = start; at < end; at++) value = Math.imul(value ^ bytes[at], 0x01000193)
  return value ^ (value >>> 15)
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
