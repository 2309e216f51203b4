// Matchers and SLIs compiled to functions on a span: names become slots, operands are parsed, kinds and statuses become
// tables once. How values of different types compare is decided here alone.
//
//   compileMatcher(matcher, vocabulary)(span)                 does it match?
//   compileSli(sli, vocabulary)(span, observation, index)     fills outcomes[index] and values[index]
import { attributeOfField } from '../cohort/vocabulary.ts'
import {
  type Condition,
  type Matcher,
  RESOURCE_FIELD_PREFIX,
  SPAN_KINDS,
  SPAN_STATUSES,
  type Test,
} from '../model/matcher.ts'
import { BAD, GOOD, NO_EVENT, type Observation } from '../model/observation.ts'
import type { Sli, SliValue } from '../model/slo.ts'
import type { AttributeValue, SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'

export type SpanPredicate = (span: SpanRecord) => boolean

/** Judges a span by one SLI: fills outcomes[index], and values[index] with what was measured (NaN where nothing was). */
export type SliJudge = (span: SpanRecord, into: Observation, index: number) => void

type Value = AttributeValue | undefined
type ValuePredicate = (value: Value) => boolean

// ------------------------------------------------------------------------------------------------- matchers

/** The matcher as a function on spans decoded with the vocabulary. */
export function compileMatcher(matcher: Matcher, vocabulary: Vocabulary): SpanPredicate {
  const alternatives = matcher.map((conditions) =>
    allOf(conditions.map((condition) => compileCondition(condition, vocabulary))),
  )
  if (alternatives.length === 1) return alternatives[0]
  return (span) => {
    for (let at = 0; at < alternatives.length; at++) if (alternatives[at](span)) return true
    return false
  }
}

function allOf(predicates: readonly SpanPredicate[]): SpanPredicate {
  if (predicates.length === 1) return predicates[0]
  return (span) => {
    for (let at = 0; at < predicates.length; at++) if (!predicates[at](span)) return false
    return true
  }
}

function compileCondition({ field, anyOf }: Condition, vocabulary: Vocabulary): SpanPredicate {
  const passes = compileTests(anyOf)
  const name = attributeOfField(field)
  if (name === null) return compileRecordField(field, passes)
  const slot = vocabulary.slot(name)
  if (field.startsWith(RESOURCE_FIELD_PREFIX)) return (span) => passes(span.resource.values[slot])
  return (span) => {
    const own = span.attributes.values[slot]
    return passes(own === undefined ? span.resource.values[slot] : own)
  }
}

/** Fields of the record itself. Those that only other records have are missing on a span. */
function compileRecordField(field: string, passes: ValuePredicate): SpanPredicate {
  const missing = passes(undefined)
  if (field === 'span.name') return (span) => (span.name === '' ? missing : passes(span.name))
  if (field === 'span.kind') {
    const byKind = SPAN_KINDS.map(passes)
    return (span) => byKind[span.kind] ?? missing
  }
  if (field === 'span.status') {
    const byStatus = SPAN_STATUSES.map(passes)
    return (span) => byStatus[span.status] ?? missing
  }
  return () => missing
}

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
  const number = asksNumber || isLongInteger(text) ? operand : numberOf(text)
  return (value) => {
    if (typeof value === 'string') return asksNumber ? compare(value, operand) === 0 : value === text
    if (typeof value === 'number') return compare(value, number) === 0
    return typeof value === 'boolean' && !asksNumber && String(value) === text
  }
}

function compileOrder(operator: '<' | '<=' | '>' | '>=', operand: number): ValuePredicate {
  switch (operator) {
    case '<':
      return (value) => compare(value, operand) < 0
    case '<=':
      return (value) => compare(value, operand) <= 0
    case '>':
      return (value) => compare(value, operand) > 0
    case '>=':
      return (value) => compare(value, operand) >= 0
  }
}

function compilePattern(pattern: RegExp): ValuePredicate {
  // A pattern with g or y would remember where it stopped in the text before.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return (value) => isComparable(value) && stateless.test(String(value))
}

// -------------------------------------------------------------------------------------------------- numbers

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i
/** As long as anybody counts; beyond it texts are compared as floating-point numbers. */
const INTEGER = /^[+-]?\d{1,40}$/
/** Decimal integers up to this length are exact as numbers. */
const EXACT_LENGTH = 15

/** The number that a value is, its text being one counts; NaN where it is none. */
function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : Number.NaN
}

/** Negative, 0 or positive as a is below, equal to or above b; NaN where one is no number. Exact where both are integers. */
function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return order(a, b)
  if ((isLongInteger(a) && isInteger(b)) || (isLongInteger(b) && isInteger(a))) return order(BigInt(a), BigInt(b))
  return order(numberOf(a), numberOf(b))
}

function order<N extends number | bigint>(a: N, b: N): number {
  if (a < b) return -1
  if (a > b) return 1
  return a === b ? 0 : Number.NaN
}

function isLongInteger(value: Value): value is string {
  return typeof value === 'string' && value.length > EXACT_LENGTH && INTEGER.test(value)
}

function isInteger(value: Value): value is string | number {
  return typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && INTEGER.test(value)
}

// ----------------------------------------------------------------------------------------------------- SLIs

/** The SLI as a function on spans decoded with the vocabulary. */
export function compileSli(sli: Sli, vocabulary: Vocabulary): SliJudge {
  const measure = sli.value === null ? null : compileValue(sli.value, sli.goodBelow, vocabulary)
  const where = sli.where === null ? null : compileMatcher(sli.where, vocabulary)
  const bad = sli.badWhen === null ? null : compileMatcher(sli.badWhen, vocabulary)
  const good = sli.good === null ? null : compileMatcher(sli.good, vocabulary)
  return (span, into, index) => {
    into.values[index] = Number.NaN
    into.outcomes[index] = NO_EVENT
    if (where !== null && !where(span)) return
    const measured = measure === null ? GOOD : measure(span, into, index)
    if (measured === NO_EVENT) return
    const isBad = measured === BAD || (bad !== null && bad(span)) || (good !== null && !good(span))
    into.outcomes[index] = isBad ? BAD : GOOD
  }
}

/** Fills values[index] and tells whether that is good: BAD where it is not strictly below, NO_EVENT where there is none. */
type Measure = (span: SpanRecord, into: Observation, index: number) => number

function compileValue(value: SliValue, goodBelow: number | null, vocabulary: Vocabulary): Measure {
  return value.kind === 'duration' ? durationBelow(goodBelow) : attributeBelow(vocabulary.slot(value.name), goodBelow)
}

/** Compares whole nanoseconds, so that 300 ms is not below 300 ms whatever seconds it began at. */
function durationBelow(goodBelow: number | null): Measure {
  const limitNanos = goodBelow === null ? Infinity : Math.round(goodBelow * 1e9)
  return (span, into, index) => {
    const nanos = durationNanos(span)
    into.values[index] = nanos / 1e9
    return nanos < limitNanos ? GOOD : BAD
  }
}

/** End minus start, 0 where the end is before the start; exact up to 104 days. */
function durationNanos(span: SpanRecord): number {
  return Math.max(0, (span.endSecond - span.startSecond) * 1e9 + (span.endNanos - span.startNanos))
}

function attributeBelow(slot: number, goodBelow: number | null): Measure {
  return (span, into, index) => {
    const own = span.attributes.values[slot]
    const value = own === undefined ? span.resource.values[slot] : own
    const measured = numberOf(value)
    if (!Number.isFinite(measured)) return NO_EVENT
    into.values[index] = measured
    return goodBelow === null || measured < goodBelow ? GOOD : BAD
  }
}
