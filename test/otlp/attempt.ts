// What broken bytes may do to a decoder: be refused, and nothing else.
import { DecodeError } from '../../src/otlp/cursor.ts'

/** The result, or the DecodeError; any other error fails the test. */
export function attempt<T>(read: () => T): T | DecodeError {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
}
