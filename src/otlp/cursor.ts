// A cursor over protobuf bytes: the decoders' only way of reading the wire format. It hides varints, wire types and
// bounds.
//
// The idea. A full decode makes an object for every message, a string for every key and value, and throws nearly all of
// it away: of the twelve attributes of a span one or two decide its cohort and its outcome. A request is therefore
// never decoded into anything. One cursor walks over its bytes; whoever reads compares a tag, takes the field or skips
// it by its length, and fills one reused record. Skipping costs a few nanoseconds whatever the field holds, so the cost
// follows what was asked for, not what was sent. Nothing is allocated until a wanted text is seen for the first time.
//
//     body   [tag len [tag len [tag len [...]]] tag len [...]]
//                      ^position             ^end of the message being read
//
// Nesting needs no stack here: `enter` narrows `end` to the submessage and returns the outer end, which the caller
// keeps in a local variable and gives back to `leave`. A length is checked against `end`, so no submessage can reach
// out of its parent, and a loop `while (position < end)` ends: every field consumes a byte at least.
//
// 64-bit values come as two signed 32-bit words (`low`, `high`): a BigInt would allocate, a double would round. Signed,
// because such a word stays a small integer in the engine where an unsigned one may become a boxed double.
//
// What a conforming reader must accept is accepted: fields in any order and repeated, unknown fields of any wire type,
// a known field with another wire type (it counts as unknown), varints longer than needed up to ten bytes (bits above
// 64 fall away), and groups, which are skipped with their end tag matched. Refused with DecodeError: a field number 0,
// wire types 6 and 7, a tag or length of more than 32 bits or five bytes, an end of group that nothing began, groups
// nested deeper than MAX_GROUP_DEPTH, and every length or value that reaches past its message.
//
// Not taken: generated code per vocabulary (fast, but it needs `eval`), and reading into an index of offsets first (a
// second pass over every byte).
import { viewOf } from './words.ts'

/** The bytes are not what they claim to be. `offset` is the byte in the request where that was noticed. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly reason: string
  readonly offset: number

  constructor(reason: string, offset: number, place?: string) {
    super(`${reason} at ${place === undefined ? '' : `${place}, `}byte ${offset}`)
    this.reason = reason
    this.offset = offset
  }
}

/** Wire types: the low three bits of a tag, above which stands the field number. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
const START_GROUP = 3
const END_GROUP = 4
export const FIXED32 = 5

/** Protobuf's own limit for nesting. */
export const MAX_GROUP_DEPTH = 100

const NOTHING = new Uint8Array(0)
const NO_VIEW = viewOf(NOTHING)

/** Reads one message at a time, in place. Methods that read throw DecodeError where the message ends too early. */
export class Cursor {
  bytes: Uint8Array = NOTHING
  /** The same bytes, for readers of text (words.ts). */
  view = NO_VIEW
  /** The next byte to read. */
  position = 0
  /** Where the message being read ends. */
  end = 0
  /** The words of the last 64-bit value read, signed. */
  low = 0
  high = 0

  /** Begins with the whole of `bytes` as the message. */
  open(bytes: Uint8Array): void {
    // A Buffer would be a second shape at every byte load.
    this.bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = viewOf(bytes)
    this.position = 0
    this.end = bytes.length
  }

  /** Lets go of the bytes. */
  close(): void {
    this.bytes = NOTHING
    this.view = NO_VIEW
    this.position = 0
    this.end = 0
  }

  /** The next field's tag: number * 8 + wire type. */
  tag(): number {
    const { position } = this
    const tag = position < this.end ? this.bytes[position] : 0
    if (tag < 8 || tag > 0x7f) return this.#longTag()
    this.position = position + 1
    return tag
  }

  /** A varint's low 32 bits, signed: int32, enum, bool. */
  int32(): number {
    const { position } = this
    if (position < this.end) {
      const byte = this.bytes[position]
      if (byte < 0x80) {
        this.position = position + 1
        return byte
      }
    }
    this.varint()
    return this.low
  }

  /** A varint of up to 64 bits, into `low` and `high`. */
  varint(): void {
    const { bytes, end } = this
    let { position } = this
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (position >= end) this.fail('a value reaches past its message')
      const byte = bytes[position++]
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.position = position
        this.low = low
        this.high = 0
        return
      }
    }
    this.position = position
    this.#varintRest(low)
  }

  /** From the fifth byte on, whose seven bits go to both words. */
  #varintRest(first: number): void {
    const { bytes, end } = this
    let { position } = this
    let low = first
    let high = 0
    for (let shift = 28; shift < 70; shift += 7) {
      if (position >= end) this.fail('a value reaches past its message')
      const byte = bytes[position++]
      const bits = byte & 0x7f
      if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        this.position = position
        this.low = low
        this.high = high
        return
      }
    }
    this.fail('a varint is longer than ten bytes')
  }

  /** A fixed64, sfixed64 or double, into `low` and `high`. */
  fixed64(): void {
    const { bytes, position: at } = this
    if (at + 8 > this.end) this.fail('a value reaches past its message')
    this.low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    this.high = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24)
    this.position = at + 8
  }

  /** A fixed32, sfixed32 or float's bits, signed. */
  fixed32(): number {
    const { bytes, position: at } = this
    if (at + 4 > this.end) this.fail('a value reaches past its message')
    this.position = at + 4
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  }

  /**
   * The length of the text, bytes or submessage that begins at `position` after this call; it fits into the message.
   */
  length(): number {
    const { position } = this
    const byte = position < this.end ? this.bytes[position] : 0x80
    if (byte > 0x7f || position + 1 + byte > this.end) return this.#longLength()
    this.position = position + 1
    return byte
  }

  /** Narrows the cursor to the submessage that comes next. Returns what `leave` wants. */
  enter(): number {
    const length = this.length()
    const outer = this.end
    this.end = this.position + length
    return outer
  }

  /** Leaves the submessage, read to its end or not. */
  leave(outer: number): void {
    this.position = this.end
    this.end = outer
  }

  /** Passes over the value that belongs to `tag`. */
  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        return this.varint()
      case FIXED64:
        return this.#advance(8)
      case LENGTH_DELIMITED: {
        const length = this.length()
        this.position += length
        return
      }
      case START_GROUP:
        return this.#skipGroup(tag)
      case FIXED32:
        return this.#advance(4)
      case END_GROUP:
        return this.fail('an end of group without its start')
      default:
        return this.fail(`unknown wire type ${tag & 7}`)
    }
  }

  fail(reason: string): never {
    throw new DecodeError(reason, this.position)
  }

  #advance(count: number): void {
    if (this.position + count > this.end) this.fail('a value reaches past its message')
    this.position += count
  }

  #longTag(): number {
    this.#varintOfFiveBytes('a tag of more than 32 bits')
    const tag = this.low >>> 0
    if (tag < 8) this.fail('field number 0')
    return tag
  }

  #longLength(): number {
    this.#varintOfFiveBytes('a length reaches past its message')
    const length = this.low >>> 0
    if (length > this.end - this.position) this.fail('a length reaches past its message')
    return length
  }

  /** Tags and lengths are varints of 32 bits: more bytes than five are refused even if they were padding. */
  #varintOfFiveBytes(complaint: string): void {
    const { position } = this
    this.varint()
    if (this.high !== 0 || this.position - position > 5) this.fail(complaint)
  }

  /** Groups nest by tags, not lengths; the numbers of those still open are kept here. */
  #skipGroup(tag: number): void {
    const open = [tag >>> 3]
    while (open.length > 0) {
      const inner = this.tag()
      const wireType = inner & 7
      if (wireType === START_GROUP) {
        if (open.push(inner >>> 3) > MAX_GROUP_DEPTH) this.fail('groups are nested too deeply')
      } else if (wireType !== END_GROUP) this.skip(inner)
      else if (open.pop() !== inner >>> 3) this.fail('an end of group that does not match its start')
    }
  }
}
