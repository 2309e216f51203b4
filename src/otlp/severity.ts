// The severity of a log record that has no number, from its text.
import { SEVERITY_NUMBERS } from '../model/log.ts'

/** Names that other logging systems have for the severities of OpenTelemetry. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  WARNING: 'WARN',
  CRITICAL: 'FATAL',
  ERR: 'ERROR',
  INFORMATION: 'INFO',
}
const MOST_DIGIT = 4

/** SeverityNumber of a text such as "ERROR", "error" or "ERROR2"; 0: it names none. */
export function severityOfText(text: string): number {
  const parts = /^([A-Za-z]+)([1-4]?)$/.exec(text)
  if (parts === null) return 0
  const name = parts[1].toUpperCase()
  const number = SEVERITY_NUMBERS[OTHER_NAMES[name] ?? name]
  return number === undefined ? 0 : number + Math.min(MOST_DIGIT, Number(parts[2] || 1)) - 1
}
