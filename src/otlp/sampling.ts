// The weight of a sampled span: W3C tracestate, OpenTelemetry's entry `ot`, sampling threshold `th`.
// Source: OpenTelemetry specification, "TraceState: Probability Sampling" and "TraceState Handling".

/**
 * Largest weight taken from a tracestate, one in 16.8 million. The threshold could say 2^56; one such span, sampled or
 * forged, would outweigh everything ever counted.
 */
export const MAX_WEIGHT = 2 ** 24

const COMMA = 0x2c
const SEMICOLON = 0x3b
const SPACE = 0x20
const TAB = 0x09
const LETTER_O = 0x6f
const LETTER_T = 0x74
const LETTER_H = 0x68
const EQUALS = 0x3d
const COLON = 0x3a

const MAX_DIGITS = 14
const HALF = 2 ** 28

/**
 * The adjusted count 2^56 / (2^56 - T) that a tracestate (the bytes in `text` from `start` to `end`) tells, T being its
 * threshold's up to 14 lower-case hex digits padded on the right; at most MAX_WEIGHT. 1 where there is no threshold, or
 * none that can be read: its probability is unknown.
 */
export function samplingWeight(text: DataView, start: number, end: number): number {
  let from = start
  while (from < end) {
    let to = from
    while (to < end && text.getUint8(to) !== COMMA) to++
    while (from < to && (text.getUint8(from) === SPACE || text.getUint8(from) === TAB)) from++
    if (
      to - from > 3 &&
      text.getUint8(from) === LETTER_O &&
      text.getUint8(from + 1) === LETTER_T &&
      text.getUint8(from + 2) === EQUALS
    )
      return entryWeight(text, from + 3, to)
    from = to + 1
  }
  return 1
}

/** The weight that the value of the entry `ot` tells: `th:...` among its members. */
function entryWeight(text: DataView, start: number, end: number): number {
  let from = start
  let stop = end
  while (stop > start && (text.getUint8(stop - 1) === SPACE || text.getUint8(stop - 1) === TAB)) stop--
  while (from < stop) {
    let to = from
    while (to < stop && text.getUint8(to) !== SEMICOLON) to++
    if (
      to - from > 3 &&
      text.getUint8(from) === LETTER_T &&
      text.getUint8(from + 1) === LETTER_H &&
      text.getUint8(from + 2) === COLON
    )
      return thresholdWeight(text, from + 3, to)
    from = to + 1
  }
  return 1
}

function thresholdWeight(text: DataView, start: number, end: number): number {
  if (end - start > MAX_DIGITS) return 1
  // 56 bits are more than a double holds: two halves of seven digits.
  let upper = 0
  let lower = 0
  for (let digit = 0; digit < MAX_DIGITS; digit++) {
    const value = start + digit < end ? hexDigit(text.getUint8(start + digit)) : 0
    if (value < 0) return 1
    if (digit < MAX_DIGITS / 2) upper = upper * 16 + value
    else lower = lower * 16 + value
  }
  const kept = (HALF - upper) * HALF - lower
  return Math.min((HALF * HALF) / kept, MAX_WEIGHT)
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1
}
