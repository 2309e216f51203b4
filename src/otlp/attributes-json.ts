// KeyValue lists in OTLP/JSON: keys matched as bytes, values read only if somebody wants them; attributes.ts for the
// other encoding.
import type { AttributeSet, AttributeValue } from '../model/attributes.ts'
import type { JsonCursor } from './json-cursor.ts'
import { readDouble, readInteger } from './json-numbers.ts'
import { ByteNames } from './names.ts'
import type { StringTable } from './strings.ts'
import type { WantedAttributes } from './wanted.ts'
import { viewOf } from './words.ts'

const KEY = new ByteNames(['key'])
const VALUE = new ByteNames(['value'])
const ANY_VALUE_MEMBERS = [
  'stringValue',
  'boolValue',
  'intValue',
  'doubleValue',
  'arrayValue',
  'kvlistValue',
  'bytesValue',
] as const
const ANY_VALUE = new ByteNames(ANY_VALUE_MEMBERS)

const NO_TEXT = viewOf(new Uint8Array(0))

/** Reads attributes at a cursor into attribute sets. */
export class JsonAttributeReader {
  readonly #cursor: JsonCursor
  readonly #wanted: WantedAttributes
  readonly #strings: StringTable

  constructor(cursor: JsonCursor, wanted: WantedAttributes, strings: StringTable) {
    this.#cursor = cursor
    this.#wanted = wanted
    this.#strings = strings
  }

  /** Reads the array of attributes (or null) that comes next. */
  readAll(into: AttributeSet): void {
    const cursor = this.#cursor
    if (cursor.passNull()) return
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#read(into)
  }

  /**
   * As nearly always the value follows its key, which tells whether to read it; in any other order it is read in a
   * second pass.
   */
  #read(into: AttributeSet): void {
    const cursor = this.#cursor
    const wanted = this.#wanted
    const object = cursor.position
    let view = NO_TEXT
    let start = 0
    let end = 0
    let slot = wanted.slot(view, start, end)
    let prefixed = wanted.prefixed(view, start, end)
    let value: AttributeValue = null
    let keyed = false
    let again = false
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (KEY.find(cursor.text, cursor.textStart, cursor.textEnd) >= 0) {
        if (cursor.passNull()) continue
        cursor.string()
        view = cursor.text
        start = cursor.textStart
        end = cursor.textEnd
        slot = wanted.slot(view, start, end)
        prefixed = wanted.prefixed(view, start, end)
        again ||= keyed
        keyed = true
      } else if (VALUE.find(cursor.text, cursor.textStart, cursor.textEnd) < 0) cursor.skip()
      else if (keyed && (slot >= 0 || prefixed)) value = this.#anyValue(value)
      else {
        again ||= !keyed
        cursor.skip()
      }
    }
    if (slot < 0 && !prefixed) return
    if (again) {
      cursor.position = object
      value = this.#keyValue()
    }
    wanted.put(into, slot, value)
    if (prefixed) wanted.putPrefixed(into, { view, start, end }, value)
  }

  /** The value of the KeyValue that comes next; null without one. */
  #keyValue(): AttributeValue {
    const cursor = this.#cursor
    let value: AttributeValue = null
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (VALUE.find(cursor.text, cursor.textStart, cursor.textEnd) < 0) cursor.skip()
      else value = this.#anyValue(value)
    }
    return value
  }

  /** The value of the AnyValue that comes next; `before` where it says nothing. */
  #anyValue(before: AttributeValue): AttributeValue {
    const cursor = this.#cursor
    let value = before
    if (cursor.passNull()) return value
    for (let another = cursor.enterObject(); another; another = cursor.nextMember()) value = this.#member(value)
    return value
  }

  /** The value of an AnyValue's member whose name was just read; `before` where the member has no say. */
  #member(before: AttributeValue): AttributeValue {
    const cursor = this.#cursor
    const index = ANY_VALUE.find(cursor.text, cursor.textStart, cursor.textEnd)
    if (index < 0 || cursor.passNull()) {
      if (index < 0) cursor.skip()
      return before
    }
    switch (ANY_VALUE_MEMBERS[index]) {
      case 'stringValue':
        cursor.string()
        return this.#strings.text(cursor.text, cursor.textStart, cursor.textEnd)
      case 'boolValue':
        return cursor.boolean()
      case 'intValue':
        return this.#number('expected a 64-bit integer', readInteger)
      case 'doubleValue':
        return this.#number('expected a number', readDouble)
      default:
        cursor.skip()
        return null
    }
  }

  #number<T>(complaint: string, read: (text: DataView, start: number, end: number) => T | null): T {
    const cursor = this.#cursor
    const at = cursor.position
    cursor.numberOrString()
    const value = read(cursor.text, cursor.textStart, cursor.textEnd)
    return value ?? cursor.fail(complaint, at)
  }
}
