// What a plain scalar means in YAML 1.2's core schema (section 10.3.2).
import type { ScalarValue } from './located.ts'

/** Null, a boolean, a number, or else the text itself. */
export function coreScalar(text: string): ScalarValue {
  if (/^(?:~|null|Null|NULL)?$/.test(text)) return null
  if (/^(?:true|True|TRUE)$/.test(text)) return true
  if (/^(?:false|False|FALSE)$/.test(text)) return false
  return coreNumber(text) ?? text
}

/** The number that the text is, or null. */
export function coreNumber(text: string): number | null {
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text)
  if (/^0o[0-7]+$/.test(text) || /^0x[\dA-Fa-f]+$/.test(text)) return Number(text)
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  return /^\.(?:nan|NaN|NAN)$/.test(text) ? Number.NaN : null
}
