// A cursor over JSON bytes: what cursor.ts is for protobuf. It hides the grammar (RFC 8259), white space, escapes and
// nesting. Own, because JSON.parse rounds 64-bit integers written as numbers and makes an object of everything that
// nobody asked for.
import { DecodeError } from './cursor.ts'
import { jsonPath } from './json-path.ts'
import { viewOf } from './words.ts'

/** Values nested deeper than this are refused: protobuf's limit of 100 messages, each of them in an array. */
export const MAX_JSON_DEPTH = 200

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const SPACE = 0x20

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')
const ESCAPES = Buffer.from('"\\/bfnrtu')
const HEX_ESCAPE = 0x75

const NOTHING = new Uint8Array(0)
const NO_TEXT = viewOf(NOTHING)

/**
 * Reads values in place, one after the other. Objects and arrays are walked so:
 * `for (let more = cursor.enterObject(); more; more = cursor.nextMember()) ...` with every value read or skipped.
 * Throws DecodeError with the JSON path where the text is no JSON or not of the type asked for.
 */
export class JsonCursor {
  bytes: Uint8Array = NOTHING
  position = 0
  /**
   * The last string, member name or number read: the bytes in `text` from `textStart` to `textEnd`, escapes resolved.
   */
  text = NO_TEXT
  textStart = 0
  textEnd = 0
  #view = NO_TEXT
  #depth = 0
  /** Whether the string last passed has escapes in it. */
  #escaped = false

  open(bytes: Uint8Array): void {
    // A Buffer would be a second shape at every byte load.
    this.bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = viewOf(bytes)
    this.position = 0
    this.#depth = 0
  }

  close(): void {
    this.bytes = NOTHING
    this.#view = NO_TEXT
    this.text = NO_TEXT
  }

  /** The first byte of the value that comes next; 0 at the end of the text. */
  peek(): number {
    const { bytes, position } = this
    if (position < bytes.length && bytes[position] > SPACE) return bytes[position]
    return this.#peekBehindSpace()
  }

  /**
   * Enters an object; true: a member's name is in `text`, its value comes next. False: the object was empty and is
   * passed.
   */
  enterObject(): boolean {
    this.#enter(OPEN_OBJECT, 'expected an object')
    if (this.peek() !== CLOSE_OBJECT) return this.#name()
    return this.#leave()
  }

  /** After a member's value: whether there is another member, whose name is then in `text`. */
  nextMember(): boolean {
    if (!this.#more(CLOSE_OBJECT)) return this.#leave()
    this.peek()
    return this.#name()
  }

  /** Enters an array; true: an element comes next. False: the array was empty and is passed. */
  enterArray(): boolean {
    this.#enter(OPEN_ARRAY, 'expected an array')
    return this.peek() !== CLOSE_ARRAY || this.#leave()
  }

  /** After an element: whether there is another. */
  nextElement(): boolean {
    return this.#more(CLOSE_ARRAY) || this.#leave()
  }

  /** Passes a null if that is what comes next. */
  passNull(): boolean {
    if (this.peek() !== NULL[0]) return false
    this.#literal(NULL)
    return true
  }

  boolean(): boolean {
    const value = this.peek() === TRUE[0]
    if (!value && this.peek() !== FALSE[0]) this.fail('expected true or false')
    this.#literal(value ? TRUE : FALSE)
    return value
  }

  /** Reads a string into `text`. */
  string(): void {
    if (this.peek() !== QUOTE) this.fail('expected a string')
    const start = this.position + 1
    this.text = this.#view
    this.textStart = start
    this.textEnd = this.#skipString() - 1
    if (this.#escaped) this.#resolveEscapes()
  }

  /** Reads a number, or a string in its place, into `text`; a string's content is not looked at. */
  numberOrString(): void {
    if (this.peek() === QUOTE) this.string()
    else this.number()
  }

  /** Reads a number's source into `text`. */
  number(): void {
    const first = this.peek()
    if (first !== MINUS && !isDigit(first)) this.fail('expected a number')
    this.text = this.#view
    this.textStart = this.position
    this.#skipNumber()
    this.textEnd = this.position
  }

  /** Passes any value. */
  skip(): void {
    switch (this.peek()) {
      case QUOTE:
        this.#skipString()
        return
      case OPEN_OBJECT:
        for (let more = this.#enterUnread(); more; more = this.#nextUnread()) this.skip()
        return
      case OPEN_ARRAY:
        for (let more = this.enterArray(); more; more = this.nextElement()) this.skip()
        return
      case TRUE[0]:
        return this.#literal(TRUE)
      case FALSE[0]:
        return this.#literal(FALSE)
      case NULL[0]:
        return this.#literal(NULL)
      default:
        return this.#skipNumber()
    }
  }

  /** Makes sure that nothing follows the value. */
  finish(): void {
    this.peek()
    if (this.position < this.bytes.length) this.fail('expected the end of the text')
  }

  /** Refuses what stands at `position`, or at an earlier offset. */
  fail(reason: string, offset = this.position): never {
    throw new DecodeError(reason, offset, jsonPath(this.bytes, offset))
  }

  #enter(bracket: number, complaint: string): void {
    if (this.peek() !== bracket) this.fail(complaint)
    if (++this.#depth > MAX_JSON_DEPTH) this.fail('values are nested too deeply')
    this.position++
  }

  /** Passes a closing bracket. */
  #leave(): false {
    this.#depth--
    this.position++
    return false
  }

  /** Passes a comma, or stays before the closing bracket. */
  #more(close: number): boolean {
    const byte = this.peek()
    if (byte === COMMA) {
      this.position++
      return true
    }
    if (byte !== close) this.fail(close === CLOSE_OBJECT ? 'expected , or }' : 'expected , or ]')
    return false
  }

  #name(): true {
    if (this.bytes[this.position] !== QUOTE) this.fail("expected a member's name")
    this.string()
    return this.#colon()
  }

  /** As enterObject and nextMember, for members whose names do not matter. */
  #enterUnread(): boolean {
    this.#enter(OPEN_OBJECT, 'expected an object')
    return this.peek() === CLOSE_OBJECT ? this.#leave() : this.#skipName()
  }

  #nextUnread(): boolean {
    return this.#more(CLOSE_OBJECT) ? this.#skipName() : this.#leave()
  }

  #skipName(): true {
    if (this.peek() !== QUOTE) this.fail("expected a member's name")
    this.#skipString()
    return this.#colon()
  }

  #colon(): true {
    if (this.peek() !== COLON) this.fail('expected :')
    this.position++
    return true
  }

  #peekBehindSpace(): number {
    const { bytes } = this
    let { position } = this
    while (position < bytes.length && isSpace(bytes[position])) position++
    this.position = position
    return position < bytes.length ? bytes[position] : 0
  }

  #literal(word: Uint8Array): void {
    const { bytes, position } = this
    for (let at = 0; at < word.length; at++) if (bytes[position + at] !== word[at]) this.fail('expected a value')
    this.position = position + word.length
  }

  /** Passes a string and returns the position behind it. */
  #skipString(): number {
    const { bytes } = this
    this.#escaped = false
    let at = this.#plainEnd(this.position + 1)
    while (at < bytes.length && bytes[at] !== QUOTE) {
      if (bytes[at] !== BACKSLASH) this.fail('a control character in a string', at)
      this.#escaped = true
      at = this.#plainEnd(this.#skipEscape(at + 1))
    }
    if (at >= bytes.length) this.fail('a string without an end')
    this.position = at + 1
    return at + 1
  }

  /** The first quote, backslash or control character from `start` on; the end of the text if there is none. */
  #plainEnd(start: number): number {
    const view = this.#view
    const length = view.byteLength
    let at = start
    // Four bytes at a time: a byte's highest bit in `stops` is set if it is one of those (or, behind one of those, by a
    // borrow).
    for (; at + 4 <= length; at += 4) {
      const word = view.getInt32(at, true)
      const quotes = word ^ 0x22222222
      const backslashes = word ^ 0x5c5c5c5c
      const stops =
        (((quotes - 0x01010101) & ~quotes) |
          ((backslashes - 0x01010101) & ~backslashes) |
          ((word - 0x20202020) & ~word)) &
        0x80808080
      if (stops !== 0) return at + ((31 - Math.clz32(stops & -stops)) >> 3)
    }
    while (at < length && !isStop(view.getUint8(at))) at++
    return at
  }

  #skipEscape(at: number): number {
    const letter = this.bytes[at]
    if (!ESCAPES.includes(letter ?? 0)) this.fail('an unknown escape in a string', at - 1)
    if (letter !== HEX_ESCAPE) return at + 1
    for (let digit = at + 1; digit <= at + 4; digit++) {
      if (!isHexDigit(this.bytes[digit])) this.fail('an unknown escape in a string', at - 1)
    }
    return at + 5
  }

  /** Rewrites the string just read without escapes; half a surrogate pair becomes U+FFFD. */
  #resolveEscapes(): void {
    const source = Buffer.from(this.bytes.subarray(this.textStart - 1, this.textEnd + 1)).toString('utf8')
    this.text = viewOf(Buffer.from(String(JSON.parse(source)), 'utf8'))
    this.textStart = 0
    this.textEnd = this.text.byteLength
  }

  #skipNumber(): void {
    const { bytes } = this
    const start = this.position
    let at = start
    if (bytes[at] === MINUS) at++
    if (bytes[at] === ZERO) at++
    else at = this.#skipDigits(at)
    if (bytes[at] === POINT) at = this.#skipDigits(at + 1)
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++
      at = this.#skipDigits(at)
    }
    this.position = at
  }

  #skipDigits(from: number): number {
    const { bytes } = this
    let at = from
    while (at < bytes.length && isDigit(bytes[at])) at++
    if (at === from) this.fail('expected a value')
    return at
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isStop(byte: number): boolean {
  return byte === QUOTE || byte === BACKSLASH || byte < SPACE
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}
