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
function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : Number.NaN
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
