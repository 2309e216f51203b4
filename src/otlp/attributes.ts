// A KeyValue in protobuf: its key matched as bytes, its value read only if somebody wants it.
// Hides opentelemetry/proto/common/v1/common.proto.
import type { AttributeSet, AttributeValue } from '../model/attributes.ts'
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

  /**
   * Reads the KeyValue that comes next, behind its `tag`, and those that follow it directly under the same tag. This is
   * the hottest loop of all: it keeps its place in locals and touches the cursor only for what is wanted.
   */
  read(tag: number, into: AttributeSet): void {
    const cursor = this.#cursor
    const { bytes, end } = cursor
    let { position } = cursor
    for (;;) {
      const keyStart = position + 3
      const keyEnd = position + 2 < end ? keyStart + bytes[position + 2] : end
      const stop = position + 1 + bytes[position]
      // As nearly always: a key, a value, nothing more, and every length a single byte.
      if (
        keyEnd + 1 < stop &&
        stop <= end &&
        bytes[keyEnd] === VALUE &&
        bytes[position + 1] === KEY &&
        keyEnd + 2 + bytes[keyEnd + 1] === stop &&
        ((bytes[position] | bytes[position + 2] | bytes[keyEnd + 1]) & 0x80) === 0
      ) {
        if (this.#wanted.maybe(keyEnd - keyStart)) {
          cursor.position = keyEnd + 2
          cursor.end = stop
          this.#readValue(into, keyStart, keyEnd)
        }
        position = stop
      } else {
        cursor.position = position
        cursor.end = end
        const outer = cursor.enter()
        this.#readAnyOrder(into)
        cursor.leave(outer)
        position = cursor.position
      }
      if (position >= end || bytes[position] !== tag) break
      position++
    }
    cursor.position = position
    cursor.end = end
  }

  /** Reads the value that the cursor stands at, if its key is wanted. */
  #readValue(into: AttributeSet, keyStart: number, keyEnd: number): void {
    const { view } = this.#cursor
    const slot = this.#wanted.slot(view, keyStart, keyEnd)
    const prefixed = this.#wanted.prefixed(view, keyStart, keyEnd)
    if (slot < 0 && !prefixed) return
    const value = this.#value(null)
    this.#wanted.put(into, slot, value)
    if (prefixed) this.#wanted.putPrefixed(into, { view, start: keyStart, end: keyEnd }, value)
  }

  /** As protobuf allows it: the last key counts, the values are one message in pieces. */
  #readAnyOrder(into: AttributeSet): void {
    const cursor = this.#cursor
    const { view, position } = cursor
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
    const slot = this.#wanted.slot(view, start, end)
    const prefixed = this.#wanted.prefixed(view, start, end)
    if (slot < 0 && !prefixed) return
    cursor.position = position
    const value = this.#valueInPieces()
    this.#wanted.put(into, slot, value)
    if (prefixed) this.#wanted.putPrefixed(into, { view, start, end }, value)
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
          value = this.#strings.text(cursor.view, cursor.position, end)
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
