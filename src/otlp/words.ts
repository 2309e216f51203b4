// Text bytes seen as 32-bit words, so that comparing and hashing take a quarter of the steps.
//
//     "variant"   v a r i | i a n t     the last word reaches back into the one before it; a text shorter
//                 0       3             than a word is one word of its own. Equal only with an equal length.

/** 2^32 divided by the golden ratio, odd: spreads neighbouring words. */
const MULTIPLIER = 0x9e3779b1

/** How many words a text of `length` bytes takes. */
export function wordCount(length: number): number {
  return Math.max(1, (length + 3) >> 2)
}

/**
 * Whether the text of `length` bytes at `start` has the words that `putWords` left at `first`; `length` must be the one
 * given to it.
 */
export function hasWords(words: Int32Array, first: number, view: DataView, start: number, length: number): boolean {
  if (length < 4) return words[first] === shortWord(view, start, length)
  // From the end, where names with a common namespace differ.
  if (words[first + ((length - 1) >> 2)] !== view.getInt32(start + length - 4, true)) return false
  for (let word = ((length - 1) >> 2) - 1; word >= 0; word--) {
    if (words[first + word] !== view.getInt32(start + 4 * word, true)) return false
  }
  return true
}

/** Stores the words of the text of `length` bytes at `start` from `first` on. */
export function putWords(words: Int32Array, first: number, view: DataView, start: number, length: number): void {
  if (length < 4) {
    words[first] = shortWord(view, start, length)
    return
  }
  for (let at = 0; at < length; at += 4)
    words[first + (at >> 2)] = view.getInt32(start + Math.min(at, length - 4), true)
}

/** A 32-bit hash of the text of `length` bytes at `start`. */
export function hashWords(view: DataView, start: number, length: number): number {
  if (length < 4) return mix(length, shortWord(view, start, length))
  let value = length
  for (let at = 0; at < length - 4; at += 4) value = mix(value, view.getInt32(start + at, true))
  return mix(value, view.getInt32(start + length - 4, true))
}

function mix(value: number, word: number): number {
  const product = Math.imul(value ^ word, MULTIPLIER)
  return product ^ (product >>> 15)
}

function shortWord(view: DataView, start: number, length: number): number {
  let word = 0
  for (let at = 0; at < length; at++) word = (word << 8) | view.getUint8(start + at)
  return word
}

/** A view on bytes as the functions here want it. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
