// Which of a fixed set of names do these bytes spell? Answered without making a string, and quickest for "none".

/** Finds names by their UTF-8 bytes. */
export class ByteNames {
  /** All names, one after the other. */
  readonly #bytes: Uint8Array
  readonly #starts: Int32Array
  /** By length in bytes: the first name of that length, -1 for none; `#next` leads to the others. */
  readonly #first: Int32Array
  readonly #next: Int32Array

  constructor(names: readonly string[]) {
    const encoded = names.map((name) => Buffer.from(name, 'utf8'))
    this.#bytes = new Uint8Array(Buffer.concat(encoded))
    this.#starts = new Int32Array(names.length)
    this.#next = new Int32Array(names.length).fill(-1)
    this.#first = new Int32Array(Math.max(0, ...encoded.map((name) => name.length)) + 1).fill(-1)
    let start = 0
    for (const [index, { length }] of encoded.entries()) {
      this.#starts[index] = start
      start += length
      this.#next[index] = this.#first[length]
      this.#first[length] = index
    }
  }

  /** The index of the name that `bytes` spell from `start` to `end`; -1 for none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    if (length >= this.#first.length) return -1
    for (let index = this.#first[length]; index >= 0; index = this.#next[index]) {
      if (this.#spells(index, bytes, start, length)) return index
    }
    return -1
  }

  /** Compares from the end, where names with a common namespace differ. */
  #spells(index: number, bytes: Uint8Array, start: number, length: number): boolean {
    const known = this.#bytes
    const knownStart = this.#starts[index]
    for (let at = length - 1; at >= 0; at--) {
      if (known[knownStart + at] !== bytes[start + at]) return false
    }
    return true
  }
}
