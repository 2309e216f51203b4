// Text bytes seen as 32-bit words, so that comparing and hashing take a quarter of the steps.
//
//     "variant"   v a r i | i a n t     the last word reaches back into the one before it; a text shorter
//                 0       3             than a word is one word of its own. Equal only with an equal length.

/** How many words a text of `length` bytes has. */
export function wordCount(length: number): number {
  return (length + 3) >> 2
}

/** The word number `index` of the text of `length` bytes that begins at `start`. */
export function wordOf(view: DataView, start: number, length: number, index: number): number {
  if (length >= 4) return view.getInt32(start + Math.min(4 * index, length - 4), true)
  let word = 0
  for (let at = 0; at < length; at++) word = (word << 8) | view.getUint8(start + at)
  return word
}

/** A view on bytes as the functions here want it. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
