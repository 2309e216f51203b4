// Conditions on the severity of a log record, by the names of OpenTelemetry: each stands for four numbers, ERROR for 17 to 20.
import { SEVERITY_NUMBERS } from '../model/log.ts'
import type { Test } from '../model/matcher.ts'
import { nearest } from './suggest.ts'

const NAMES = Object.keys(SEVERITY_NUMBERS)
const NUMBERS_A_NAME = 4
const GREATEST = 24
const PHRASE = `one of ${NAMES.join(', ')}, or a number from 1 to ${GREATEST}`

type Report = (expected: string, suggestion: string | null) => void
type Order = Extract<Test, { kind: 'order' }>

/** A pattern would be tried on the number, and find nothing that was meant. */
export function severityPattern(report: Report): Test {
  report(`${PHRASE}; several stand in a list`, null)
  return { kind: 'range', from: 0, to: 0, negated: false }
}

/** The numbers that a name or a number stands for. */
interface Range {
  readonly from: number
  readonly to: number
}

export function severityEquality(operand: string | number | boolean, negated: boolean, report: Report): Test {
  return { kind: 'range', ...rangeOf(String(operand), negated ? '!=' : '', report), negated }
}

/** Above a name is above all of its numbers. */
export function severityOrder(operator: Order['operator'], bound: string, report: Report): Test {
  const { from, to } = rangeOf(bound, operator, report)
  return { kind: 'order', operator, operand: operator === '>' || operator === '<=' ? to : from }
}

/** Says what was probably meant with the sign that stood before it. */
function rangeOf(text: string, sign: string, report: Report): Range {
  const first = SEVERITY_NUMBERS[text]
  if (first !== undefined) return { from: first, to: first + NUMBERS_A_NAME - 1 }
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= GREATEST) return { from: number, to: number }
  const meant = nameMeant(text.toUpperCase())
  report(PHRASE, meant === null || sign === '' ? meant : JSON.stringify(`${sign}${meant}`))
  return { from: 0, to: 0 }
}

/** WARNING and ERR are names elsewhere. */
function nameMeant(word: string): string | null {
  const alike = word.length < 3 ? undefined : NAMES.find((name) => name.startsWith(word) || word.startsWith(name))
  return alike ?? nearest(word, NAMES)
}
