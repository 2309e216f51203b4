// Whether rows of the store can be read. What is merged while it is read is tried first, so that a damaged row changes nothing.
import { decodePartial, PartialError } from '../slices/codec.ts'
import { decodeUnits, UnitBytesError } from '../units/unit-codec.ts'
import { isOfUnits, StateError, unpackPartials } from './state.ts'
import { STREAMS } from './stream-sightings.ts'

/** Whether the bytes that were read are at fault, and not the program. */
export function isDamage(error: unknown): boolean {
  return error instanceof StateError || error instanceof PartialError || error instanceof UnitBytesError
}

/** Whether all of a row can be read. */
export function isSound(bytes: Uint8Array): boolean {
  try {
    for (const { name, partial } of unpackPartials(bytes)) {
      if (isOfUnits(name)) decodeUnits(partial)
      else if (name !== STREAMS) decodePartial(partial)
    }
    return true
  } catch (error) {
    if (isDamage(error)) return false
    throw error
  }
}
