// Matchers compiled to functions on a record: names become slots, operands are parsed, kinds and statuses become tables once. How values
// of different types compare is decided here alone.
//
//   compileMatcher(matcher, vocabulary, SPAN_FIELDS)(span)       does it match?
//   compileMatcher(matcher, vocabulary, RESOURCE_FIELDS)(span)   does its resource?
import type { AttributedRecord, AttributeValue } from '../model/attributes.ts'
import {
  type Condition,
  type Matcher,
  RESOURCE_FIELD_PREFIX,
  SPAN_KINDS,
  SPAN_STATUSES,
  type Test,
} from '../model/matcher.ts'
import type { SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { attributeOfField } from './vocabulary.ts'

export type Predicate<R> = (record: R) => boolean
type Value = AttributeValue | undefined
export type ValuePredicate = (value: Value) => boolean

/** How the fields of a kind of record that are no attributes are read; null: such a record does not have the field. */
export type RecordFields<R> = (field: string, passes: ValuePredicate) => Predicate<R> | null

// ------------------------------------------------------------------------------------------------- matchers

/** The matcher as a function on records decoded with the vocabulary. */
export function compileMatcher<R extends AttributedRecord>(
  matcher: Matcher,
  vocabulary: Vocabulary,
  fields: RecordFields<R>,
): Predicate<R> {
  const alternatives = matcher.map((conditions) =>
    allOf(conditions.map((condition) => compileCondition(condition, vocabulary, fields))),
  )
  if (alternatives.length === 1) return alternatives[0]
  return (record) => {
    for (let at = 0; at < alternatives.length; at++) if (alternatives[at](record)) return true
    return false
  }
}

function allOf<R>(predicates: readonly Predicate<R>[]): Predicate<R> {
  if (predicates.length === 1) return predicates[0]
  return (record) => {
    for (let at = 0; at < predicates.length; at++) if (!predicates[at](record)) return false
    return true
  }
}

function compileCondition<R extends AttributedRecord>(
  { field, anyOf }: Condition,
  vocabulary: Vocabulary,
  fields: RecordFields<R>,
): Predicate<R> {
  const passes = compileTests(anyOf)
  const name = attributeOfField(field)
  if (name === null) {
    const missing = passes(undefined)
    return fields(field, passes) ?? (() => missing)
  }
  const slot = vocabulary.slot(name)
  if (field.startsWith(RESOURCE_FIELD_PREFIX)) return (record) => passes(record.resource.values[slot])
  return (record) => {
    const own = record.attributes.values[slot]
    return passes(own === undefined ? record.resource.values[slot] : own)
  }
}

// --------------------------------------------------------------------------------------------------- fields

/** Fields of spans. */
export const SPAN_FIELDS: RecordFields<SpanRecord> = (field, passes) => {
  const missing = passes(undefined)
  switch (field) {
    case 'span.name':
      return (span) => (span.name === '' ? missing : passes(span.name))
    case 'span.kind': {
      const byKind = SPAN_KINDS.map(passes)
      return (span) => byKind[span.kind] ?? missing
    }
    case 'span.status': {
      const byStatus = SPAN_STATUSES.map(passes)
      return (span) => byStatus[span.status] ?? missing
    }
    case 'span.root': {
      const [ofChild, ofRoot] = [passes(false), passes(true)]
      return (span) => (span.hasParent ? ofChild : ofRoot)
    }
    default:
      return null
  }
}

/** What log records and span events have in common. */
export interface EventView extends AttributedRecord {
  /** Empty: it has no name. */
  readonly eventName: string
  /** SeverityNumber of OTLP; 0: none. */
  readonly severity: number
}

/** Fields of log records and span events. */
export const EVENT_FIELDS: RecordFields<EventView> = (field, passes) => {
  const missing = passes(undefined)
  if (field === 'event.name') return (event) => (event.eventName === '' ? missing : passes(event.eventName))
  if (field === 'severity') return (event) => (event.severity === 0 ? missing : passes(event.severity))
  return null
}

/** Data points have attributes alone. */
export const POINT_FIELDS: RecordFields<AttributedRecord> = () => null

// ---------------------------------------------------------------------------------------------------- tests

function compileTests(tests: readonly Test[]): ValuePredicate {
  const predicates = tests.map(compileTest)
  if (predicates.length === 1) return predicates[0]
  return (value) => {
    for (let at = 0; at < predicates.length; at++) if (predicates[at](value)) return true
    return false
  }
}

/** A value that is there but cannot be compared (null) passes a test for presence and no other, "!=" neither. */
function compileTest(test: Test): ValuePredicate {
  switch (test.kind) {
    case 'present':
      return (value) => (value !== undefined) === test.present
    case 'order':
      return compileOrder(test.operator, test.operand)
    case 'pattern':
      return compilePattern(test.pattern)
    case 'range': {
      const holds = (value: Value): boolean => numberOf(value) >= test.from && numberOf(value) <= test.to
      return test.negated ? (value) => isComparable(value) && !holds(value) : holds
    }
    case 'equal': {
      const equals = compileEqual(test.operand)
      return test.negated ? (value) => isComparable(value) && !equals(value) : equals
    }
  }
}

function isComparable(value: Value): value is string | number | boolean {
  return value !== undefined && value !== null
}

function compileEqual(operand: string | number | boolean): ValuePredicate {
  const text = String(operand)
  const asksNumber = typeof operand === 'number'
  const number = numberOf(operand)
  return (value) => {
    if (typeof value === 'string') return asksNumber ? numberOf(value) === number : value === text
    if (typeof value === 'number') return value === number
    return typeof value === 'boolean' && !asksNumber && String(value) === text
  }
}

function compileOrder(operator: '<' | '<=' | '>' | '>=', operand: number): ValuePredicate {
  switch (operator) {
    case '<':
      return (value) => numberOf(value) < operand
    case '<=':
      return (value) => numberOf(value) <= operand
    case '>':
      return (value) => numberOf(value) > operand
    case '>=':
      return (value) => numberOf(value) >= operand
  }
}

function compilePattern(pattern: RegExp): ValuePredicate {
  // A pattern with g or y would remember where it stopped in the text before.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return (value) => isComparable(value) && stateless.test(String(value))
}

// -------------------------------------------------------------------------------------------------- numbers

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

/**
 * The number that a value is, its text being one counts; NaN where it is none, which compares with nothing. An integer beyond
 * 2^53 is text and rounds here. Against a smaller integer that changes no comparison, and a larger operand was rounded alike
 * when the configuration was read, so that equal digits stay equal; text with text is compared digit by digit.
 */
export function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : Number.NaN
}
