import { describe, expect, test } from 'vitest'
import { attributeOfField, vocabularyFor } from '../../src/cohort/vocabulary.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import type { SpanSli } from '../../src/model/slo.ts'
import { DEFAULT_TAGS } from './spans.ts'

const present = (field: string): Matcher => [[{ field, anyOf: [{ kind: 'present', present: true }] }]]

function sli(parts: Partial<SpanSli>): SpanSli {
  return {
    name: 'x',
    from: 'spans',
    where: null,
    ignoreWhen: null,
    badWhen: null,
    good: null,
    value: null,
    goodBelow: null,
    percentiles: [],
    ...parts,
  }
}

describe('the vocabulary of some settings', () => {
  test('holds the attributes of pair rules and segments, and the prefixes of prefix rules', () => {
    const vocabulary = vocabularyFor({ tags: DEFAULT_TAGS, segments: ['service.name', 'region'], slis: [] })
    expect(vocabulary.names).toEqual([
      'experiment.id',
      'experiment.variant',
      'feature_flag.key',
      'feature_flag.result.variant',
      'feature_flag.variant',
      'service.name',
      'region',
    ])
    expect(vocabulary.prefixes).toEqual(['experiment.variant_of.'])
    expect(vocabulary.spanName).toBe(false)
  })

  test('holds the attributes of where, bad_when and good, and of a value', () => {
    const slis = [
      sli({ where: present('a'), badWhen: [...present('b'), ...present('resource.c')], good: present('d') }),
      sli({ value: { kind: 'attribute', name: 'e' } }),
      sli({ value: { kind: 'duration' } }),
    ]
    expect(vocabularyFor({ tags: [], segments: [], slis }).names).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('does not take fields of the record for attributes', () => {
    const fields = ['span.kind', 'span.status', 'event.name', 'severity']
    const slis = fields.map((field) => sli({ where: present(field) }))
    const vocabulary = vocabularyFor({ tags: [], segments: [], slis })
    expect(vocabulary.names).toEqual([])
    expect(vocabulary.spanName).toBe(false)
  })

  test.each(['where', 'badWhen', 'good'] as const)('asks for the span name when %s looks at it', (part) => {
    expect(vocabularyFor({ tags: [], segments: [], slis: [sli({ [part]: present('span.name') })] }).spanName).toBe(true)
  })

  test('gives a name that is used twice one slot', () => {
    const slis = [sli({ where: present('service.name'), badWhen: present('resource.service.name') })]
    expect(vocabularyFor({ tags: [], segments: ['service.name'], slis }).names).toEqual(['service.name'])
  })
})

test.each([
  ['http.route', 'http.route'],
  ['resource.host.name', 'host.name'],
  ['span.kind', null],
  ['span.kindness', 'span.kindness'],
])('the field %s reads the attribute %s', (field, name) => {
  expect(attributeOfField(field)).toBe(name)
})
