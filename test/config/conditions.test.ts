import { describe, expect, it } from 'vitest'
import { parseMatcher } from '../../src/config/conditions.ts'
import type { Test } from '../../src/model/matcher.ts'
import { problemsOf } from './load-text.ts'

const equal = (operand: string | number | boolean, negated = false): Test => ({ kind: 'equal', operand, negated })

const VALUES: readonly (readonly [sentence: string, raw: unknown, tests: readonly Test[]])[] = [
  ['text is equality', 'GET', [equal('GET')]],
  ['a number is equality', 500, [equal(500)]],
  ['a truth value is equality', true, [equal(true)]],
  ['text with a comparison sign inside is equality', 'a>=5', [equal('a>=5')]],
  ['>= compares', '>=500', [{ kind: 'order', operator: '>=', operand: 500 }]],
  ['> compares, spaces allowed', '> -1.5', [{ kind: 'order', operator: '>', operand: -1.5 }]],
  ['<= compares', '<=1e3', [{ kind: 'order', operator: '<=', operand: 1000 }]],
  ['< compares', '<0', [{ kind: 'order', operator: '<', operand: 0 }]],
  ['!= a number is negated equality', '!=500', [equal(500, true)]],
  ['!= text is negated equality', '!= ERROR', [equal('ERROR', true)]],
  ['!= nothing differs from empty text', '!=', [equal('', true)]],
  ['slashes hold a pattern', '/^GET \\//', [{ kind: 'pattern', pattern: /^GET \// }]],
  ['a single slash is text', '/', [equal('/')]],
  ['a path that does not end in a slash is text', '/health', [equal('/health')]],
  ['presence', { present: true }, [{ kind: 'present', present: true }]],
  ['absence', { present: false }, [{ kind: 'present', present: false }]],
  [
    'a list is any of its values',
    ['a', '>5', { present: false }],
    [equal('a'), { kind: 'order', operator: '>', operand: 5 }, { kind: 'present', present: false }],
  ],
]

describe('a condition', () => {
  it.each(VALUES)('%s', (_sentence, raw, tests) => {
    expect(parseMatcher({ field: raw })).toEqual({ matcher: [[{ field: 'field', anyOf: tests }]], mistakes: [] })
  })

  it('asks all keys of a map and any map of a list', () => {
    const { matcher } = parseMatcher([{ a: 1, 'resource.b': 2 }, { c: 3 }])
    expect(matcher.map((all) => all.map(({ field }) => field))).toEqual([['a', 'resource.b'], ['c']])
  })

  const MISTAKES: readonly (readonly [sentence: string, condition: string, problem: string])[] = [
    [
      'a misspelt span kind',
      'span.kind: [SERVER, CLEINT]',
      '["span.kind"][1]: found "CLEINT", expected one of UNSPECIFIED, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER (did you mean CLIENT?)',
    ],
    [
      'a span status in small letters',
      'span.status: error',
      '["span.status"]: found "error", expected one of UNSET, OK, ERROR (did you mean ERROR?)',
    ],
    [
      'a negated unknown status',
      'span.status: "!=EROR"',
      '["span.status"]: found "!=EROR", expected one of UNSET, OK, ERROR (did you mean "!=ERROR"?)',
    ],
    ['an ordered status', 'span.status: ">1"', '["span.status"]: found ">1", expected one of UNSET, OK, ERROR'],
    [
      'a misspelt field of the record',
      'span.knd: SERVER',
      '["span.knd"]: found "SERVER", expected an attribute or one of span.name, span.kind, span.status, span.root, event.name, severity (did you mean span.kind?)',
    ],
    [
      'a broken pattern',
      'x: "/(/"',
      '.x: found "/(/", expected a regular expression between the slashes (Invalid regular expression: /(/: Unterminated group)',
    ],
    ['an empty pattern', 'x: "//"', '.x: found "//", expected a pattern between the slashes'],
    ['a comparison with text', 'x: ">=high"', '.x: found ">=high", expected a number after >='],
    ['an empty list', 'x: []', '.x: found an empty list, expected at least one value'],
    [
      'a value that was forgotten',
      'x: ',
      '.x: found nothing, expected a value, a comparison such as ">=500", a pattern such as "/^GET /", {present: true}, or a list of these',
    ],
    ['another map', 'x: {absent: true}', '.x: found a map, expected {present: true} or {present: false}'],
    ['no condition', '', ': found an empty map, expected at least one condition; leave the key out to have none'],
  ]

  it.each(MISTAKES)('refuses %s', (_sentence, condition, problem) => {
    const lines = problemsOf(`slis: [{name: a, bad_when: {${condition}}}]`)
    expect(lines).toHaveLength(1)
    expect(lines[0].replace(/^cohortd\.yaml:1:\d+: slis\[0\]\.bad_when/, '')).toBe(problem)
  })
})
