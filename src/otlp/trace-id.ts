// Trace ids in both encodings: 16 bytes, or 32 hexadecimal digits.
import type { Cursor } from './cursor.ts'
import type { JsonCursor } from './json-cursor.ts'

const TRACE_ID_BYTES = 16
const TRACE_ID_DIGITS = 32

/** Reads the bytes that come next into four big-endian words; all zero where their length is not that of a trace id. */
export function readTraceId(cursor: Cursor, into: Uint32Array): void {
  const length = cursor.length()
  const { bytes, position } = cursor
  const present = length === TRACE_ID_BYTES
  for (let word = 0; word < 4; word++) {
    const at = position + 4 * word
    into[word] = present ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3] : 0
  }
  cursor.position = position + length
}

/** Reads the string that comes next, in the same way. */
export function readTraceIdJson(cursor: JsonCursor, into: Uint32Array): void {
  const at = cursor.position
  cursor.string()
  const { text, textStart, textEnd } = cursor
  into.fill(0)
  if (textEnd - textStart !== TRACE_ID_DIGITS) return
  for (let digit = 0; digit < TRACE_ID_DIGITS; digit++) {
    const value = hexDigit(text.getUint8(textStart + digit))
    if (value < 0) cursor.fail('expected hexadecimal digits', at)
    into[digit >> 3] = (into[digit >> 3] << 4) | value
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
