// The severity of a log record: its number, and where it has none, what its text says. Hides which numbers and texts are known.
import { SEVERITY_NUMBERS } from '../model/log.ts'

/** Names that other logging systems have for the severities of OpenTelemetry. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  WARNING: 'WARN',
  CRITICAL: 'FATAL',
  ERR: 'ERROR',
  INFORMATION: 'INFO',
}
const MOST_DIGIT = 4
const MAX_NUMBER = 24

const NAMES = [...Object.keys(SEVERITY_NUMBERS), ...Object.keys(OTHER_NAMES)]
/** A text of more bytes names no severity: the longest name and a digit. */
export const MAX_SEVERITY_TEXT = Math.max(...NAMES.map((name) => name.length)) + 1

/** SeverityNumber of a number on the wire; 0: it is none of 1 to 24. */
export function severityOfNumber(number: number): number {
  return number >= 1 && number <= MAX_NUMBER ? number : 0
}

/** SeverityNumber of a text such as "ERROR", "error" or "ERROR2"; 0: it names none. */
export function severityOfText(text: string): number {
  const parts = /^([A-Za-z]+)([1-4]?)$/.exec(text)
  if (parts === null) return 0
  const name = parts[1].toUpperCase()
  const number = SEVERITY_NUMBERS[OTHER_NAMES[name] ?? name]
  return number === undefined ? 0 : number + Math.min(MOST_DIGIT, Number(parts[2] || 1)) - 1
}
