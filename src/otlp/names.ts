// Which of a fixed set of names do these bytes spell? Answered without making a string, and quickest for "none".
import { viewOf, wordCount, wordOf } from './words.ts'

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
    const words: number[] = []
    this.#starts = new Int32Array(names.length)
    this.#next = new Int32Array(names.length).fill(-1)
    this.#first = new Int32Array(Math.max(0, ...encoded.map((name) => name.length)) + 1).fill(-1)
    for (const [index, bytes] of encoded.entries()) {
      const { length } = bytes
      this.#starts[index] = words.length
      for (let word = 0; word < wordCount(length); word++) words.push(wordOf(viewOf(bytes), 0, length, word))
      this.#next[index] = this.#first[length]
      this.#first[length] = index
    }
    this.#words = new Int32Array(words)
  }

  /** The index of the name that the bytes in `view` spell from `start` to `end`; -1 for none. */
  find(view: DataView, start: number, end: number): number {
    const length = end - start
    if (length >= this.#first.length) return -1
    for (let index = this.#first[length]; index >= 0; index = this.#next[index]) {
      if (this.#spells(index, view, start, length)) return index
    }
    return -1
  }

  /** Compares from the end, where names with a common namespace differ. */
  #spells(index: number, view: DataView, start: number, length: number): boolean {
    const words = this.#words
    const first = this.#starts[index]
    for (let word = wordCount(length) - 1; word >= 0; word--) {
      if (words[first + word] !== wordOf(view, start, length, word)) return false
    }
    return true
  }
}
