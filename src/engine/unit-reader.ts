// Which unit (user, session) is a record of? The first configured attribute that is there tells; only its keyed hash goes on from here.
import type { AttributedRecord, AttributeValue } from '../model/attributes.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import type { UnitHasher } from '../units/unit-hasher.ts'

/** In the place of a hash: the record tells no unit, or units are not looked at. */
export const NO_UNIT = -1

export class UnitReader {
  /** Null: units are not looked at, or their key is not known yet. */
  hasher: UnitHasher | null = null
  readonly #slots: readonly number[]

  constructor(names: readonly string[], vocabulary: Vocabulary) {
    this.#slots = names.map((name) => vocabulary.slot(name))
  }

  /** The hash of the record's unit. */
  read({ attributes, resource }: AttributedRecord): number {
    if (this.hasher === null) return NO_UNIT
    for (const slot of this.#slots) {
      const value = attributes.values[slot] ?? resource.values[slot]
      if (isIdentity(value)) return this.hasher.hash(String(value))
    }
    return NO_UNIT
  }
}

function isIdentity(value: AttributeValue | undefined): value is string | number | boolean {
  return value !== undefined && value !== null && value !== ''
}
