// Queries of Prometheus: which are plain, what metric they name, and that a `where` holds for the series that the labels select.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { compileMatcher, SPAN_FIELDS } from '../../src/cohort/matching.ts'
import { vocabularyFor } from '../../src/cohort/vocabulary.ts'
import { conditionsOf } from '../../src/migration/label-conditions.ts'
import { type LabelMatcher, readPlainQuery } from '../../src/migration/promql-selector.ts'
import { settingsOf } from '../config/load-text.ts'
import { BASE_SLI, spanOf } from '../engine/span-texts.ts'

describe('reads', () => {
  const plain = { matchers: [], isIncrease: false, isSum: false, grouping: null }
  test.each<[query: string, read: unknown]>([
    ['a', { ...plain, metric: 'a' }],
    [' ( a:b_c ) # the rest\n# is said', { ...plain, metric: 'a:b_c' }],
    ['sum', { ...plain, metric: 'sum' }],
    ['rate(a[5m])', { ...plain, metric: 'a', isIncrease: true }],
    ['sum(increase(a{}[1h30m]))', { ...plain, metric: 'a', isIncrease: true, isSum: true }],
    ['sum by (x, y) (a)', { ...plain, metric: 'a', isSum: true, grouping: 'by (x, y)' }],
    ['sum(rate(a[1m])) without (z)', { ...plain, metric: 'a', isIncrease: true, isSum: true, grouping: 'without (z)' }],
    [
      `a{x="#\\"1",y=~'b|c',z!~\`\\d\`,}`,
      {
        ...plain,
        metric: 'a',
        matchers: [
          { label: 'x', operator: '=', value: '#"1' },
          { label: 'y', operator: '=~', value: 'b|c' },
          { label: 'z', operator: '!~', value: '\\d' },
        ],
      },
    ],
    ['{__name__="http.duration"}', { ...plain, metric: 'http.duration' }],
  ])('%s', (query, read) => {
    expect(readPlainQuery(query)).toEqual({ query: read })
  })

  test.each([
    'a / b',
    'a offset 5m',
    'a[5m]',
    'rate(a)',
    'histogram_quantile(0.9, a)',
    'sum(a) > 0',
    'avg(a)',
    'sum(a, b)',
    '1',
    '',
    'a{',
    'a{x="\\u0041"}',
    'a{x=1}',
    '{x="y"}',
    'rate(sum(a)[5m])',
    'rate(a[5m:1m])',
    'sum by (x',
    `${'('.repeat(5000)}a`,
    'a{x="y"',
    'a @ 5',
    '{__name__=~"a|b"}',
    `#${'#'.repeat(9000)}`,
  ])('not %s', (query) => {
    expect(readPlainQuery(query)).toHaveProperty('refused')
  })
})

describe('labels as conditions', () => {
  test.each<[sentence: string, matchers: LabelMatcher[]]>([
    ['a label that is a field of its own here', [{ label: 'severity', operator: '=', value: 'x' }]],
    ['flags in a pattern', [{ label: 'a', operator: '=~', value: '(?i)x' }]],
    ['a class of another language', [{ label: 'a', operator: '!~', value: '[[:alpha:]]' }]],
    ['a class of letters', [{ label: 'a', operator: '=~', value: '\\pL+' }]],
    ['what is no pattern', [{ label: 'a', operator: '=~', value: '(' }]],
  ])('cannot say %s', (_sentence, matchers) => {
    expect(conditionsOf(matchers)).toHaveProperty('refused')
  })

  test('hold for exactly the series that Prometheus would select', () => {
    const literal = fc.constantFrom(
      '',
      'a',
      'b',
      'ab',
      '500',
      '0500',
      '>=5',
      '!=a',
      '/a/',
      'null',
      'true',
      'a b',
      'a.b',
      '${a}',
      '$$',
      'x$',
      '~',
    )
    const pattern = fc.constantFrom(
      'a',
      'a|b',
      'a.*',
      '.*',
      '.+',
      '',
      '5..',
      '\\d+',
      '/a/?',
      'a|',
      '(?:a|b)c?',
      'a\\.b',
      '\\$\\{a\\}',
      'x\\$',
      '[$]+',
    )
    const matcher = fc.oneof(
      fc.record({ operator: fc.constantFrom('=' as const, '!=' as const), value: literal }),
      fc.record({ operator: fc.constantFrom('=~' as const, '!~' as const), value: pattern }),
    )
    const label = fc.record({
      name: fc.constantFrom('l', 'm'),
      matchers: fc.array(matcher, { minLength: 1, maxLength: 3 }),
    })
    const series = fc.record({
      l: fc.option(literal, { nil: '' }),
      m: fc.option(literal, { nil: '' }),
    })
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 2 }), series, (labels, values) => {
        const matchers = labels.flatMap(({ name, matchers: of }) => of.map((one) => ({ label: name, ...one })))
        const expected = matchers.every(({ label: name, operator, value }) => {
          const found = values[name]
          if (operator === '=') return found === value
          if (operator === '!=') return found !== value
          const fits = new RegExp(`^(?:${value})$`).test(found)
          return operator === '=~' ? fits : !fits
        })
        expect(selects(matchers, values)).toBe(expected)
      }),
      { numRuns: 1500, seed: 20261127 },
    )
  })

  test('hold for numbers as for their text', () => {
    const matchers: LabelMatcher[] = [{ label: 'l', operator: '=~', value: '5..' }]
    expect([500, 404].map((l) => selects(matchers, { l }))).toEqual([true, false])
    expect(selects([{ label: 'l', operator: '!=', value: '500' }], { l: 500 })).toBe(false)
    expect(selects([{ label: 'l', operator: '=', value: '500' }], { l: 500 })).toBe(true)
  })
})

/** Whether a record with these attributes passes, after the way through the file: written, loaded, compiled. Empty text: no such attribute. */
function selects(matchers: readonly LabelMatcher[], values: Readonly<Record<string, string | number>>): boolean {
  const conditions = conditionsOf(matchers)
  if ('refused' in conditions) throw new Error(conditions.refused)
  if (conditions.where === null) return true
  const slis = [{ name: 's', from: 'spans', where: conditions.where, bad_when: { x: 1 } }]
  const [sli] = settingsOf(stringify({ slis, slos: [] })).engine.slis
  const matcher = ('where' in sli ? sli.where : null) ?? []
  const vocabulary = vocabularyFor({ tags: [], segments: ['l', 'm'], slis: [{ ...BASE_SLI, where: matcher }] })
  const attributes = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
  return compileMatcher(matcher, vocabulary, SPAN_FIELDS)(spanOf({ attributes }, vocabulary))
}
