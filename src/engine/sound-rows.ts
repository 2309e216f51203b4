// Which parts of a stored row can be read. Rows of others are read as they are counted; own ones and adopted ones go to two places, the series and
// what is owed to the store, which must agree: so they are looked through before.
import { decodePartial, PartialError } from '../slices/codec.ts'
import { decodeUnits, UnitBytesError } from '../units/unit-codec.ts'
import { isOfUnits, type NamedPartial, packPartials, StateError, unpackPartials } from './state.ts'

/** Whether an error says that stored bytes are damaged. */
export function tellsDamage(error: unknown): boolean {
  return error instanceof StateError || error instanceof PartialError || error instanceof UnitBytesError
}

/** A row's bytes without the parts that are damaged; the very same where none is. */
export function soundBytes(bytes: Uint8Array, sliNames: readonly string[]): Uint8Array {
  const sound: NamedPartial[] = []
  const isWhole = reads(() => {
    let all = true
    for (const part of unpackPartials(bytes))
      if (isSound(part, sliNames)) sound.push(part)
      else all = false
    return all
  })
  return isWhole ? bytes : packPartials(sound)
}

function isSound({ name, partial }: NamedPartial, sliNames: readonly string[]): boolean {
  return reads(() => {
    if (isOfUnits(name)) decodeUnits(partial)
    else if (sliNames.includes(name)) decodePartial(partial)
    return true
  })
}

/** What `read` gives; false where the bytes are damaged. */
function reads(read: () => boolean): boolean {
  try {
    return read()
  } catch (error) {
    if (tellsDamage(error)) return false
    throw error
  }
}
