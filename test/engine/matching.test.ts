import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileMatcher, SPAN_FIELDS } from '../../src/cohort/matching.ts'
import { vocabularyFor } from '../../src/cohort/vocabulary.ts'
import type { AttributeValue } from '../../src/model/attributes.ts'
import { type Matcher, SPAN_KINDS, SPAN_STATUSES, type Test } from '../../src/model/matcher.ts'
import { BASE_SLI, type SpanText, spanOf } from './span-texts.ts'

const equal = (operand: string | number | boolean): Test => ({ kind: 'equal', operand, negated: false })
const not = (operand: string | number | boolean): Test => ({ kind: 'equal', operand, negated: true })
const order = (operator: '<' | '<=' | '>' | '>=', operand: number): Test => ({ kind: 'order', operator, operand })
const pattern = (pattern: RegExp): Test => ({ kind: 'pattern', pattern })
const present = (present: boolean): Test => ({ kind: 'present', present })

function matches(matcher: Matcher, text: SpanText): boolean {
  const slis = [{ ...BASE_SLI, where: matcher }]
  const vocabulary = vocabularyFor({ tags: [], segments: Object.keys(text.attributes ?? {}), slis })
  return compileMatcher(matcher, vocabulary, SPAN_FIELDS)(spanOf(text, vocabulary))
}

/** Whether an attribute of this value (undefined: missing) passes. */
function passes(value: AttributeValue | undefined, ...anyOf: Test[]): boolean {
  return matches([[{ field: 'a', anyOf }]], value === undefined ? {} : { attributes: { a: value } })
}

describe('equality compares', () => {
  const table: [string, AttributeValue | undefined, string | number | boolean, boolean][] = [
    ['a number with an equal number', 500, 500, true],
    ['a number with another', 500, 501, false],
    ['a number with text that is that number', 500, '500', true],
    ['a number with text that is it in another way', 500, '5e2', true],
    ['a number with text that is none', 500, 'x', false],
    ['a number with empty text', 0, '', false],
    ['a number with a boolean', 1, true, false],
    ['not-a-number with itself', Number.NaN, Number.NaN, false],
    ['text with equal text', 'GET', 'GET', true],
    ['text with text of other case', 'get', 'GET', false],
    ['text with text, even where both are numbers', '200.0', '200', false],
    ['text that is a number with that number', '200.0', 200, true],
    ['text that is a number with another', '200', 201, false],
    ['text that is no number with a number', '0x10', 16, false],
    ['empty text with zero', '', 0, false],
    ['blank text with zero', ' ', 0, false],
    ['empty text with empty text', '', '', true],
    ['a boolean with that boolean', true, true, true],
    ['a boolean with the other', true, false, false],
    ['a boolean with its text', false, 'false', true],
    ['a boolean with other text', true, 'TRUE', false],
    ['a boolean with a number', true, 1, false],
    ['text with the boolean that it spells', 'true', true, true],
    ['what cannot be compared with anything', null, 'null', false],
    ['a missing value with anything', undefined, 'undefined', false],
    ['texts of big integers digit by digit', '9007199254740993', '9007199254740992', false],
    ['a big integer with the number that its digits are read as', '9007199254740993', Number('9007199254740993'), true],
    ['a big integer with a smaller number', '9007199254740993', Number.MAX_SAFE_INTEGER, false],
    ['the largest number with text of a big integer next to it', Number.MAX_SAFE_INTEGER, '9007199254740992', false],
  ]
  test.each(table)('%s', (_sentence, value, operand, expected) => {
    expect(passes(value, equal(operand))).toBe(expected)
    const isComparable = value !== undefined && value !== null
    expect(passes(value, not(operand))).toBe(isComparable && !expected)
  })
})

describe('order compares', () => {
  const table: [string, AttributeValue | undefined, Test, boolean][] = [
    ['a number above', 501, order('>', 500), true],
    ['a number at the bound, strictly', 500, order('>', 500), false],
    ['a number at the bound, not strictly', 500, order('>=', 500), true],
    ['a number below', 499.5, order('<', 500), true],
    ['a number below the lower bound', 499, order('>=', 500), false],
    ['a number at the upper bound', 500, order('<=', 500), true],
    ['a number above the upper bound', 501, order('<=', 500), false],
    ['a number at the upper bound, strictly', 500, order('<', 500), false],
    ['text that is a number as that number, not letter by letter', '1000', order('>', 9), true],
    ['text that is a negative decimal', '-1.5', order('<', -1), true],
    ['text that is no number never', 'abc', order('>', 0), false],
    ['text that is no number never, from below', 'abc', order('<', 0), false],
    ['empty text never', '', order('<=', 0), false],
    ['a number with a unit never', '300ms', order('>', 0), false],
    ['the text Infinity never', 'Infinity', order('>', 0), false],
    ['not-a-number never', Number.NaN, order('<=', 0), false],
    ['a boolean never', true, order('>', 0), false],
    ['what cannot be compared never', null, order('<=', 0), false],
    ['a missing value never', undefined, order('<=', 0), false],
    ['a big integer with the largest number', '9007199254740993', order('>', Number.MAX_SAFE_INTEGER), true],
    ['a big negative integer with the smallest', '-9007199254740993', order('<', -Number.MAX_SAFE_INTEGER), true],
    ['a very long number as a number', `1${'0'.repeat(400)}`, order('>', 1e300), true],
  ]
  test.each(table)('%s', (_sentence, value, condition, expected) => {
    expect(passes(value, condition)).toBe(expected)
  })
})

describe('a pattern', () => {
  const table: [string, AttributeValue | undefined, RegExp, boolean][] = [
    ['matches text anywhere', '/api/cart', /cart/, true],
    ['matches text as it is anchored', '/api/cart', /^cart/, false],
    ["matches a number's text", 503, /^5\d\d$/, true],
    ["matches a boolean's text", true, /^t/, true],
    ['does not match what cannot be compared', null, /./, false],
    ['does not match a missing value', undefined, /.*/, false],
  ]
  test.each(table)('%s', (_sentence, value, expression, expected) => {
    expect(passes(value, pattern(expression))).toBe(expected)
  })

  test('remembers nothing from span to span, whatever its flags', () => {
    const matcher: Matcher = [[{ field: 'a', anyOf: [pattern(/x/gy)] }]]
    const vocabulary = vocabularyFor({ tags: [], segments: [], slis: [{ ...BASE_SLI, where: matcher }] })
    const predicate = compileMatcher(matcher, vocabulary, SPAN_FIELDS)
    const span = spanOf({ attributes: { a: 'ax' } }, vocabulary)
    expect([predicate(span), predicate(span), predicate(span)]).toEqual([true, true, true])
  })
})

describe('presence', () => {
  test.each([
    ['text', 'x'],
    ['empty text', ''],
    ['false', false],
    ['a value that cannot be compared', null],
  ])('%s is there', (_sentence, value) => {
    expect([passes(value, present(true)), passes(value, present(false))]).toEqual([true, false])
  })

  test('a missing value passes present: false and nothing else', () => {
    const tests = [present(true), equal('x'), not('x'), order('<', 1), pattern(/(?:)/)]
    expect(tests.map((each) => passes(undefined, each))).toEqual(tests.map(() => false))
    expect(passes(undefined, present(false))).toBe(true)
    expect(passes(undefined, equal('x'), present(false))).toBe(true)
  })
})

describe('a matcher', () => {
  const a = { field: 'a', anyOf: [equal(1)] }
  const b = { field: 'b', anyOf: [equal(2)] }
  const both = { attributes: { a: 1, b: 2 } }
  const onlyA = { attributes: { a: 1, b: 3 } }
  const onlyB = { attributes: { a: 3, b: 2 } }

  test('asks all conditions of a map', () => {
    expect([both, onlyA, onlyB].map((span) => matches([[a, b]], span))).toEqual([true, false, false])
  })

  test('asks any map of a list', () => {
    expect([both, onlyA, onlyB, {}].map((span) => matches([[a], [b]], span))).toEqual([true, true, true, false])
    expect(matches([[a, b], [{ field: 'b', anyOf: [equal(3)] }]], onlyA)).toBe(true)
  })

  test('asks any value of a list', () => {
    expect(['GET', 'PUT', 'POST'].map((value) => passes(value, equal('GET'), equal('POST')))).toEqual([
      true,
      false,
      true,
    ])
  })

  test('without alternatives never matches', () => {
    expect(matches([], both)).toBe(false)
  })

  test('without conditions always matches', () => {
    expect(matches([[]], {})).toBe(true)
  })
})

describe('a field', () => {
  const is = (field: string, test: Test, text: SpanText): boolean => matches([[{ field, anyOf: [test] }]], text)

  test('is looked up on the record first, then on its resource', () => {
    expect(is('a', equal('own'), { attributes: { a: 'own' }, resource: { a: 'shared' } })).toBe(true)
    expect(is('a', equal('shared'), { attributes: { a: 'own' }, resource: { a: 'shared' } })).toBe(false)
    expect(is('a', equal('shared'), { resource: { a: 'shared' } })).toBe(true)
    expect(is('a', equal('shared'), { attributes: { a: null }, resource: { a: 'shared' } })).toBe(false)
  })

  test('of the resource is looked up there alone', () => {
    expect(is('resource.a', equal('own'), { attributes: { a: 'own' }, resource: { a: 'shared' } })).toBe(false)
    expect(is('resource.a', equal('shared'), { attributes: { a: 'own' }, resource: { a: 'shared' } })).toBe(true)
    expect(is('resource.a', present(false), { attributes: { a: 'own' } })).toBe(true)
  })

  test('span.kind is compared by name', () => {
    for (const [kind, name] of SPAN_KINDS.entries()) {
      expect(SPAN_KINDS.filter((other) => is('span.kind', equal(other), { kind }))).toEqual([name])
    }
    expect(is('span.kind', pattern(/^SER/), { kind: 2 })).toBe(true)
    expect(is('span.kind', not('SERVER'), { kind: 3 })).toBe(true)
  })

  test('span.kind is missing where it is no kind that we know', () => {
    expect([is('span.kind', not('SERVER'), { kind: 9 }), is('span.kind', present(false), { kind: 9 })]).toEqual([
      false,
      true,
    ])
  })

  test('span.status is compared by name', () => {
    for (const [status, name] of SPAN_STATUSES.entries()) {
      expect(SPAN_STATUSES.filter((other) => is('span.status', equal(other), { status }))).toEqual([name])
    }
  })

  test('span.name is text, and missing where it is empty', () => {
    expect(is('span.name', pattern(/^GET /), { name: 'GET /cart' })).toBe(true)
    expect(is('span.name', not('x'), { name: '' })).toBe(false)
    expect(is('span.name', present(true), { name: 'x' })).toBe(true)
  })

  test.each(['event.name', 'severity'])('%s is missing on a span', (field) => {
    expect([is(field, not('x'), {}), is(field, present(false), {})]).toEqual([false, true])
  })
})

test('numbers compare as numbers do, in whatever form they come', () => {
  const decimal = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  fc.assert(
    fc.property(decimal, decimal, (value, operand) => {
      for (const form of [value, String(value)]) {
        expect(passes(form, order('<', operand))).toBe(value < operand)
        expect(passes(form, order('>=', operand))).toBe(value >= operand)
        expect(passes(form, equal(operand))).toBe(value === operand)
      }
      expect(passes(value, equal(String(operand)))).toBe(value === operand)
      expect(passes(value, equal(String(value)))).toBe(true)
    }),
  )
})

test('integers of any size compare exactly with those that are exact as numbers', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), fc.maxSafeInteger(), (value, operand) => {
      expect(passes(String(value), order('>', operand))).toBe(value > BigInt(operand))
      expect(passes(String(value), order('<=', operand))).toBe(value <= BigInt(operand))
      expect(passes(String(value), equal(operand))).toBe(value === BigInt(operand))
      expect(passes(operand, equal(String(value)))).toBe(value === BigInt(operand))
    }),
  )
})
