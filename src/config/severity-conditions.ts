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

/** The numbers that a name or a number stands for. */
interface Range {
  readonly from: number
  readonly to: number
}

export function severityEquality(operand: string | number | boolean, negated: boolean, report: Report): Test {
  return { kind: 'range', ...rangeOf(String(operand), report), negated }
}

/** Above a name is above all of its numbers. */
export function severityOrder(operator: Order['operator'], bound: string, report: Report): Test {
  const { from, to } = rangeOf(bound, report)
  return { kind: 'order', operator, operand: operator === '>' || operator === '<=' ? to : from }
}

function rangeOf(text: string, report: Report): Range {
  const first = SEVERITY_NUMBERS[text]
  if (first !== undefined) return { from: first, to: first + NUMBERS_A_NAME - 1 }
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= GREATEST) return { from: number, to: number }
  report(PHRASE, nearest(text.toUpperCase(), NAMES))
  return { from: 0, to: 0 }
}
