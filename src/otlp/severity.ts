// The severity of a log record: its number, else what its text says.
import { GREATEST_SEVERITY, SEVERITY_NUMBERS } from '../model/log.ts'

/** Names that other logging systems have for the severities of OpenTelemetry. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  WARNING: 'WARN',
  CRITICAL: 'FATAL',
  ERR: 'ERROR',
  INFORMATION: 'INFO',
}
const MOST_DIGIT = 4

/** SeverityNumber of a record that has this number and text; a number that there is not counts as none. */
export function severityOf(number: number, text: string): number {
  if (number >= 1 && number <= GREATEST_SEVERITY) return number
  return text === '' ? 0 : severityOfText(text)
}

/** SeverityNumber of a text such as "ERROR", "error" or "ERROR2"; 0: it names none. */
export function severityOfText(text: string): number {
  const parts = /^([A-Za-z]+)([1-4]?)$/.exec(text)
  if (parts === null) return 0
  const name = parts[1].toUpperCase()
  const number = SEVERITY_NUMBERS[OTHER_NAMES[name] ?? name]
  return number === undefined ? 0 : number + Math.min(MOST_DIGIT, Number(parts[2] || 1)) - 1
}
