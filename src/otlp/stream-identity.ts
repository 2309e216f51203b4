// Which time series is a data point of? Its identity is all that describes it: attributes of the resource, scope, metric and attributes of the
// point, whatever of it anybody wants. Hashed as it was sent, since a sender writes the same thing in the same way each time; each part by
// itself, and added up, so that attributes may come in any order. The place of a part is in its hash: region=eu of a resource is
// not region=eu of a point.

/** Where a part stands. */
export const IN_RESOURCE = 0x51ed270b
export const IN_SCOPE = 0x2545f491
export const IN_METRIC = 0x6c62272e
export const IN_POINT = 0x1b873593

const FIRST_MULTIPLIER = 0x9e3779b1
const SECOND_MULTIPLIER = 0x85ebca77

/** Four words that parts are added to. */
export class StreamIdentity {
  #a = 0
  #b = 0
  #c = 0
  #d = 0

  clear(): void {
    this.#a = 0
    this.#b = 0
    this.#c = 0
    this.#d = 0
  }

  /** Adds a part: the bytes in `view` from `start` to `end`, in their place. */
  add(view: DataView, start: number, end: number, place: number): void {
    let first = place ^ (end - start)
    let second = Math.imul(place, SECOND_MULTIPLIER) + (end - start)
    let at = start
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at, true)
      first = Math.imul(first ^ word, FIRST_MULTIPLIER)
      first ^= first >>> 15
      second = Math.imul(second ^ word, SECOND_MULTIPLIER)
      second ^= second >>> 13
    }
    let rest = 0
    for (; at < end; at++) rest = (rest << 8) | view.getUint8(at)
    this.#addWords(finish(first ^ rest), finish(Math.imul(second, FIRST_MULTIPLIER) ^ rest))
  }

  /** Adds a number in a place. */
  addNumber(value: number, place: number): void {
    this.#addWords(finish(value ^ place), finish(Math.imul(value + place, SECOND_MULTIPLIER)))
  }

  /** The identity of these parts and those of others together. */
  sumInto(into: Uint32Array, others: readonly StreamIdentity[]): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d]
    for (let at = 0; at < others.length; at++) {
      const other = others[at]
      a = (a + other.#a) | 0
      b = (b + other.#b) | 0
      c = (c + other.#c) | 0
      d = (d + other.#d) | 0
    }
    into[0] = finish(a)
    into[1] = finish(b)
    into[2] = finish(c)
    into[3] = finish(d)
  }

  #addWords(first: number, second: number): void {
    this.#a = (this.#a + first) | 0
    this.#b = (this.#b + second) | 0
    this.#c = (this.#c + finish(first ^ ((second << 11) | (second >>> 21)))) | 0
    this.#d = (this.#d + finish(second ^ ((first << 19) | (first >>> 13)))) | 0
  }
}

/** Spreads every bit over the word. Constants: the finalizer of MurmurHash3 (A. Appleby, public domain). */
function finish(word: number): number {
  let value = word ^ (word >>> 16)
  value = Math.imul(value, 0x85ebca6b)
  value ^= value >>> 13
  value = Math.imul(value, 0xc2b2ae35)
  return value ^ (value >>> 16)
}
