// A KeyValue in protobuf: its key matched as bytes, its value read only if somebody wants it.
// Hides opentelemetry/proto/common/v1/common.proto.
import type { AttributeSet, AttributeValue } from '../model/span.ts'
import type { Cursor } from './cursor.ts'
import type { StringTable } from './strings.ts'
import type { WantedAttributes } from './wanted.ts'

// Tags: field number * 8 + wire type.
const KEY = 0x0a
const VALUE = 0x12
const STRING_VALUE = 0x0a
const BOOL_VALUE = 0x10
const INT_VALUE = 0x18
const DOUBLE_VALUE = 0x21
const ARRAY_VALUE = 0x2a
const KVLIST_VALUE = 0x32
const BYTES_VALUE = 0x3a

const WORD = 4_294_967_296

const scratch = new DataView(new ArrayBuffer(8))

/** Reads attributes at a cursor into attribute sets. */
export class AttributeReader {
  readonly #cursor: Cursor
  readonly #wanted: WantedAttributes
  readonly #strings: StringTable

  constructor(cursor: Cursor, wanted: WantedAttributes, strings: StringTable) {
    this.#cursor = cursor
    this.#wanted = wanted
    this.#strings = strings
  }

  /** Reads the KeyValue submessage that comes next. */
  read(into: AttributeSet): void {
    const cursor = this.#cursor
    const outer = cursor.enter()
    const { bytes, position, end } = cursor
    // As nearly always: a short key, then the value, then nothing.
    const keyStart = position + 2
    const keyEnd = keyStart + bytes[position + 1]
    const canonical =
      keyEnd + 1 < end &&
      bytes[position] === KEY &&
      bytes[position + 1] < 0x80 &&
      bytes[keyEnd] === VALUE &&
      bytes[keyEnd + 1] < 0x80 &&
      keyEnd + 2 + bytes[keyEnd + 1] === end
    if (!canonical) this.#readAnyOrder(into)
    else {
      const slot = this.#wanted.slot(bytes, keyStart, keyEnd)
      const prefixed = this.#wanted.prefixed(bytes, keyStart, keyEnd)
      if (slot >= 0 || prefixed) {
        cursor.position = keyEnd + 2
        const value = this.#value(null)
        this.#wanted.put(into, slot, value)
        if (prefixed) this.#wanted.putPrefixed(into, { bytes, start: keyStart, end: keyEnd }, value)
      }
    }
    cursor.leave(outer)
  }

  /** As protobuf allows it: the last key counts, the values are one message in pieces. */
  #readAnyOrder(into: AttributeSet): void {
    const cursor = this.#cursor
    const { bytes, position } = cursor
    let start = position
    let end = position
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === KEY) {
        const length = cursor.length()
        start = cursor.position
        end = start + length
        cursor.position = end
      } else cursor.skip(tag)
    }
    const slot = this.#wanted.slot(bytes, start, end)
    const prefixed = this.#wanted.prefixed(bytes, start, end)
    if (slot < 0 && !prefixed) return
    cursor.position = position
    const value = this.#valueInPieces()
    this.#wanted.put(into, slot, value)
    if (prefixed) this.#wanted.putPrefixed(into, { bytes, start, end }, value)
  }

  #valueInPieces(): AttributeValue {
    const cursor = this.#cursor
    let value: AttributeValue = null
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      if (tag === VALUE) {
        const outer = cursor.enter()
        value = this.#value(value)
        cursor.leave(outer)
      } else cursor.skip(tag)
    }
    return value
  }

  /** An AnyValue up to the end of its message: the last member counts, `before` if there is none. */
  #value(before: AttributeValue): AttributeValue {
    const cursor = this.#cursor
    let value = before
    while (cursor.position < cursor.end) {
      const tag = cursor.tag()
      switch (tag) {
        case STRING_VALUE: {
          const end = cursor.length() + cursor.position
          value = this.#strings.text(cursor.bytes, cursor.position, end)
          cursor.position = end
          break
        }
        case BOOL_VALUE:
          cursor.varint()
          value = (cursor.low | cursor.high) !== 0
          break
        case INT_VALUE:
          cursor.varint()
          value = int64(cursor.low, cursor.high)
          break
        case DOUBLE_VALUE:
          cursor.fixed64()
          value = double(cursor.low, cursor.high)
          break
        case ARRAY_VALUE:
        case KVLIST_VALUE:
        case BYTES_VALUE:
          value = null
          cursor.skip(tag)
          break
        default:
          cursor.skip(tag)
      }
    }
    return value
  }
}

/** A signed 64-bit integer: a number where that is exact, else its decimal text. */
function int64(low: number, high: number): number | string {
  const value = high * WORD + (low >>> 0)
  if (Number.isSafeInteger(value)) return value
  return String((BigInt(high) << 32n) | BigInt(low >>> 0))
}

function double(low: number, high: number): number {
  scratch.setInt32(0, high)
  scratch.setInt32(4, low)
  return scratch.getFloat64(0)
}
