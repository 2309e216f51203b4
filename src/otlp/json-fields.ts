// Values of OTLP/JSON that messages of all signals have: times and enums.
import type { JsonCursor } from './json-cursor.ts'
import { type Moment, readInteger, readNanoseconds } from './json-numbers.ts'

/** Reads a 64-bit count of nanoseconds, which comes next as a number or a string. */
export function readTime(cursor: JsonCursor, into: Moment): void {
  const at = cursor.position
  cursor.numberOrString()
  const { text, textStart, textEnd } = cursor
  if (!readNanoseconds(text, textStart, textEnd, into)) cursor.fail('expected a 64-bit count of nanoseconds', at)
}

/** Reads an enum: integers in OTLP/JSON, their names are not valid. */
export function readEnum(cursor: JsonCursor): number {
  const at = cursor.position
  cursor.number()
  const value = readInteger(cursor.text, cursor.textStart, cursor.textEnd)
  if (typeof value !== 'number' || value !== (value | 0)) return cursor.fail('expected a 32-bit integer', at)
  return value
}
