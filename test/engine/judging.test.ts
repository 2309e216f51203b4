import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { vocabularyFor } from '../../src/cohort/vocabulary.ts'
import { spanJudges } from '../../src/engine/judging.ts'
import type { Matcher, Test } from '../../src/model/matcher.ts'
import { BAD, GOOD, NO_EVENT, Observation } from '../../src/model/observation.ts'
import type { SpanSli } from '../../src/model/slo.ts'
import { BASE_SLI, type SpanText, spanOf } from './span-texts.ts'

const equal = (operand: string | boolean): Test => ({ kind: 'equal', operand, negated: false })

/** What an SLI makes of a span: its outcome and value. */
function judge(parts: Partial<SpanSli>, text: SpanText): { outcome: number; value: number } {
  const sli = { ...BASE_SLI, ...parts }
  const vocabulary = vocabularyFor({ tags: [], segments: [], slis: [sli] })
  const into = new Observation(3)
  into.outcomes.fill(77)
  into.values.fill(77)
  spanJudges([sli], vocabulary)[0]!(spanOf(text, vocabulary), into, 1)
  expect([into.outcomes[0], into.outcomes[2], into.values[0], into.values[2]]).toEqual([77, 77, 77, 77])
  return { outcome: into.outcomes[1], value: into.values[1] }
}

const server: Matcher = [[{ field: 'span.kind', anyOf: [equal('SERVER')] }]]
const failed: Matcher = [[{ field: 'span.status', anyOf: [equal('ERROR')] }]]
const paid: Matcher = [[{ field: 'paid', anyOf: [equal(true)] }]]
const duration = { kind: 'duration' } as const
const cost = { kind: 'attribute', name: 'cost' } as const

describe('an SLI without a value', () => {
  test('has no event where its where does not match', () => {
    expect(judge({ where: server, badWhen: failed }, { kind: 3, status: 2 })).toEqual({ outcome: NO_EVENT, value: NaN })
  })

  test('has a good event where nothing says that it is bad', () => {
    expect(judge({}, {})).toEqual({ outcome: GOOD, value: NaN })
    expect(judge({ where: server, badWhen: failed }, { kind: 2, status: 1 })).toEqual({ outcome: GOOD, value: NaN })
  })

  test('has a bad event where bad_when matches', () => {
    expect(judge({ where: server, badWhen: failed }, { kind: 2, status: 2 }).outcome).toBe(BAD)
  })

  test('has a bad event where good does not match', () => {
    expect(judge({ good: paid }, { attributes: { paid: false } }).outcome).toBe(BAD)
    expect(judge({ good: paid }, {}).outcome).toBe(BAD)
    expect(judge({ good: paid }, { attributes: { paid: true } }).outcome).toBe(GOOD)
  })

  test('has a bad event where bad_when matches, though good does too', () => {
    expect(judge({ good: paid, badWhen: failed }, { status: 2, attributes: { paid: true } }).outcome).toBe(BAD)
  })
})

describe('a duration', () => {
  const below300ms = { value: duration, goodBelow: 0.3 }
  const start = [1_790_000_000, 900_000_000] as const
  const table: [string, Partial<SpanSli>, SpanText, { outcome: number; value: number }][] = [
    [
      'one nanosecond under the threshold is good',
      below300ms,
      { start, end: [1_790_000_001, 199_999_999] },
      { outcome: GOOD, value: 0.299999999 },
    ],
    [
      'at the threshold is bad, over the end of a second too',
      below300ms,
      { start, end: [1_790_000_001, 200_000_000] },
      { outcome: BAD, value: 0.3 },
    ],
    [
      'that ends before it starts counts as 0 s, and is good',
      below300ms,
      { start, end: [1_790_000_000, 899_999_999] },
      { outcome: GOOD, value: 0 },
    ],
    [
      'that ends before it starts is bad where its status says so',
      { ...below300ms, badWhen: failed },
      { start, end: [1_789_999_990, 0], status: 2 },
      { outcome: BAD, value: 0 },
    ],
    [
      'is recorded for bad events too',
      { ...below300ms, badWhen: failed },
      { start, end: [1_790_000_001, 0], status: 2 },
      { outcome: BAD, value: 0.1 },
    ],
    [
      'without a threshold is good however long',
      { value: duration },
      { start: [0, 0], end: [1_790_000_000, 0] },
      { outcome: GOOD, value: 1_790_000_000 },
    ],
    [
      'is not recorded where where does not match',
      { ...below300ms, where: server },
      { start, end: [1_790_000_001, 0] },
      { outcome: NO_EVENT, value: NaN },
    ],
  ]
  test.each(table)('%s', (_sentence, sli, text, expected) => {
    expect(judge(sli, text)).toEqual(expected)
  })

  test('is compared without a rounding error, wherever it starts', () => {
    const nanos = fc.integer({ min: 0, max: 999_999_999 })
    fc.assert(
      fc.property(
        nanos,
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: -2, max: 2 }),
        (at, thresholdMs, off) => {
          const length = thresholdMs * 1_000_000 + off
          const end = at + length
          const text: SpanText = {
            start: [1_790_000_000, at],
            end: [1_790_000_000 + Math.floor(end / 1e9), end % 1e9],
          }
          const { outcome, value } = judge({ value: duration, goodBelow: thresholdMs / 1000 }, text)
          expect(outcome).toBe(off < 0 ? GOOD : BAD)
          expect(value).toBe(length / 1e9)
        },
      ),
    )
  })
})

describe('the value of an attribute', () => {
  const table: [string, SpanText, { outcome: number; value: number }][] = [
    ['below is good', { attributes: { cost: 0.69 } }, { outcome: GOOD, value: 0.69 }],
    ['at the threshold is bad', { attributes: { cost: 0.7 } }, { outcome: BAD, value: 0.7 }],
    ['may be negative', { attributes: { cost: -1 } }, { outcome: GOOD, value: -1 }],
    ['may be text that is a number', { attributes: { cost: '0.5' } }, { outcome: GOOD, value: 0.5 }],
    ['may be on the resource', { resource: { cost: 9 } }, { outcome: BAD, value: 9 }],
    ['makes no event where it is missing', {}, { outcome: NO_EVENT, value: NaN }],
    ['makes no event where it is no number', { attributes: { cost: 'low' } }, { outcome: NO_EVENT, value: NaN }],
    ['makes no event where it is a boolean', { attributes: { cost: true } }, { outcome: NO_EVENT, value: NaN }],
    ['makes no event where it is empty', { attributes: { cost: '' } }, { outcome: NO_EVENT, value: NaN }],
    ['makes no event where it cannot be compared', { attributes: { cost: null } }, { outcome: NO_EVENT, value: NaN }],
    ['makes no event where it is not a number', { attributes: { cost: NaN } }, { outcome: NO_EVENT, value: NaN }],
    ['makes no event where it is infinite', { attributes: { cost: Infinity } }, { outcome: NO_EVENT, value: NaN }],
    [
      'makes no event where its text is too large',
      { attributes: { cost: '1e999' } },
      { outcome: NO_EVENT, value: NaN },
    ],
    [
      'makes no event on the record where that is no number, whatever the resource has',
      { attributes: { cost: 'low' }, resource: { cost: 0.1 } },
      { outcome: NO_EVENT, value: NaN },
    ],
  ]
  test.each(table)('%s', (_sentence, text, expected) => {
    expect(judge({ value: cost, goodBelow: 0.7 }, text)).toEqual(expected)
  })

  test('that is missing makes no event, though bad_when matches', () => {
    expect(judge({ value: cost, badWhen: failed }, { status: 2 }).outcome).toBe(NO_EVENT)
  })

  test('is recorded where another condition makes the event bad', () => {
    expect(judge({ value: cost, goodBelow: 0.7, good: paid }, { attributes: { cost: 0.1 } })).toEqual({
      outcome: BAD,
      value: 0.1,
    })
  })
})
