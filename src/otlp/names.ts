// Which of a fixed set of names do these bytes spell? Answered without making a string, and quickest for "none".
import { hasWords, putWords, viewOf, wordCount } from './words.ts'

/** Finds names by their UTF-8 bytes. */
export class ByteNames {
  /** The words of all names, one name after the other. */
  readonly #words: Int32Array
  /** By name: its first word in `#words`. */
  readonly #starts: Int32Array
  /** By length in bytes: the first name of that length, -1 for none; `#next` leads to the others. */
  readonly #first: Int32Array
  readonly #next: Int32Array

  constructor(names: readonly string[]) {
    const encoded = names.map((name) => Buffer.from(name, 'utf8'))
    this.#words = new Int32Array(encoded.reduce((sum, bytes) => sum + wordCount(bytes.length), 0))
    let start = 0
    this.#starts = new Int32Array(names.length)
    this.#next = new Int32Array(names.length).fill(-1)
    this.#first = new Int32Array(Math.max(0, ...encoded.map((name) => name.length)) + 1).fill(-1)
    for (const [index, bytes] of encoded.entries()) {
      const { length } = bytes
      this.#starts[index] = start
      putWords(this.#words, start, viewOf(bytes), 0, length)
      start += wordCount(length)
      this.#next[index] = this.#first[length]
      this.#first[length] = index
    }
  }

  /** The index of the name that the bytes in `view` spell from `start` to `end`; -1 for none. */
  find(view: DataView, start: number, end: number): number {
    const length = end - start
    if (length >= this.#first.length) return -1
    for (let index = this.#first[length]; index >= 0; index = this.#next[index]) {
      if (hasWords(this.#words, this.#starts[index], view, start, length)) return index
    }
    return -1
  }
}
