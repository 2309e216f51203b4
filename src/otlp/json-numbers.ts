// Numbers of OTLP/JSON out of their source text: 64-bit integers come as decimal strings or as numbers, and must not be
// rounded.
import { nanosWithin, wholeSeconds } from './time.ts'

/** A moment, filled in by readNanoseconds. */
export interface Moment {
  second: number
  nanos: number
}

const ZERO = 0x30
const MINUS = 0x2d
const MAX_UINT64 = 2n ** 64n - 1n
const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n
/** Longer numerals, and larger exponents, are no 64-bit integers that anybody writes. */
const MAX_NUMERAL = 40

/** Reads an unsigned 64-bit count of nanoseconds, exactly. False where the text is none. */
export function readNanoseconds(text: DataView, start: number, end: number, into: Moment): boolean {
  const split = Math.max(start, end - 9)
  // 19 digits are always below 2^64.
  if (end - start <= 19) {
    const second = digits(text, start, split)
    const nanos = digits(text, split, end)
    if (second >= 0 && nanos >= 0 && end > start) {
      into.second = second
      into.nanos = nanos
      return true
    }
  }
  const value = exactInteger(text, start, end)
  if (value === null || value < 0n || value > MAX_UINT64) return false
  const low = Number(BigInt.asIntN(32, value))
  into.second = wholeSeconds(low, Number(BigInt.asIntN(32, value >> 32n)))
  into.nanos = nanosWithin(low, into.second)
  return true
}

/** A signed 64-bit integer: a number where that is exact, else its decimal text. Null where the text is none. */
export function readInteger(text: DataView, start: number, end: number): number | string | null {
  if (end - start <= 16) {
    const negative = end > start && text.getUint8(start) === MINUS
    const from = negative ? start + 1 : start
    const value = from < end && end - from <= 15 ? digits(text, from, end) : -1
    // Never -0: an integer has one zero.
    if (value >= 0) return negative && value > 0 ? -value : value
  }
  const value = exactInteger(text, start, end)
  if (value === null || value < MIN_INT64 || value > MAX_INT64) return null
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) ? rounded : String(value)
}

/** An unsigned 64-bit integer, rounded where a double cannot hold it; -1 where it is below 0 or beyond. Null where the text is no integer. */
export function readCount(text: DataView, start: number, end: number): number | null {
  // Up to 15 digits are exact.
  const short = end > start && end - start <= 15 ? digits(text, start, end) : -1
  if (short >= 0) return short
  const value = exactInteger(text, start, end)
  if (value === null) return null
  return value < 0n || value > MAX_UINT64 ? -1 : Number(value)
}

/** A double: a numeral, `NaN`, `Infinity` or `-Infinity`. Null where the text is none of them. */
export function readDouble(text: DataView, start: number, end: number): number | null {
  const source = latin1(text, start, end)
  if (source === 'NaN') return Number.NaN
  if (source === 'Infinity') return Number.POSITIVE_INFINITY
  if (source === '-Infinity') return Number.NEGATIVE_INFINITY
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(source) ? Number(source) : null
}

/** The value of up to 15 decimal digits; -1 where there is anything else. No digits are 0. */
function digits(text: DataView, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = text.getUint8(at) - ZERO
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** A whole number in any form that JSON has for it: 12, 12.0, 1.2e1. */
function exactInteger(text: DataView, start: number, end: number): bigint | null {
  if (end - start > MAX_NUMERAL) return null
  const source = latin1(text, start, end)
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source)
  if (parts === null) return null
  const [, sign, whole, fraction = '', exponent = '0'] = parts
  const shift = Number(exponent) - fraction.length
  const mantissa = BigInt(`${sign}${whole}${fraction}`)
  if (mantissa === 0n) return 0n
  if (Math.abs(shift) > MAX_NUMERAL) return null
  if (shift >= 0) return mantissa * 10n ** BigInt(shift)
  const unit = 10n ** BigInt(-shift)
  return mantissa % unit === 0n ? mantissa / unit : null
}

function latin1(text: DataView, start: number, end: number): string {
  return Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('latin1')
}
