import { describe, expect, test } from 'vitest'
import { MAX_TAGS, newTagList, TagResolver } from '../../src/cohort/tags.ts'
import { vocabularyFor } from '../../src/cohort/vocabulary.ts'
import { MAX_NAME_LENGTH } from '../../src/model/tag-names.ts'
import { DEFAULT_TAGS, type SpanText, spanOf } from './spans.ts'

const vocabulary = vocabularyFor({ tags: DEFAULT_TAGS, segments: [], slis: [] })

function resolve(text: SpanText): { tags: string[]; unusable: number } {
  const resolver = new TagResolver({ tags: DEFAULT_TAGS }, vocabulary)
  const into = newTagList()
  const span = spanOf(text, vocabulary)
  resolver.resolve(span, into, span.events, span.eventCount)
  const tags = into.experiments.slice(0, into.count).map((experiment, at) => `${experiment}=${into.variants[at]}`)
  return { tags, unusable: resolver.unusable }
}

const long = 'x'.repeat(MAX_NAME_LENGTH + 1)

describe('tags of a span', () => {
  const table: [string, SpanText, string[]][] = [
    ['a pair of attributes is a tag', { span: { 'experiment.id': 'e', 'experiment.variant': 'v' } }, ['e=v']],
    ['a key with the prefix is a tag', { span: { 'experiment.variant_of.e': 'v' } }, ['e=v']],
    [
      'a flag with the current variant attribute is a tag',
      { span: { 'feature_flag.key': 'e', 'feature_flag.result.variant': 'v' } },
      ['e=v'],
    ],
    [
      'a flag with the legacy variant attribute is a tag',
      { span: { 'feature_flag.key': 'e', 'feature_flag.variant': 'v' } },
      ['e=v'],
    ],
    [
      'of several variant attributes the first present counts',
      { span: { 'feature_flag.key': 'e', 'feature_flag.variant': 'old', 'feature_flag.result.variant': 'new' } },
      ['e=new'],
    ],
    [
      'an empty variant attribute is passed over for the next',
      { span: { 'feature_flag.key': 'e', 'feature_flag.variant': 'old', 'feature_flag.result.variant': '' } },
      ['e=old'],
    ],
    ['an experiment without a variant is no tag', { span: { 'experiment.id': 'e' } }, []],
    ['a variant without an experiment is no tag', { span: { 'experiment.variant': 'v' } }, []],
    ['an empty experiment is no tag', { span: { 'experiment.id': '', 'experiment.variant': 'v' } }, []],
    ['an empty variant is no tag', { span: { 'experiment.id': 'e', 'experiment.variant': '' } }, []],
    ['a key that is the prefix alone is no tag', { span: { 'experiment.variant_of.': 'v' } }, []],
    ['a number becomes its text', { span: { 'experiment.id': 7, 'experiment.variant': 1.5 } }, ['7=1.5']],
    ['zero and false are values', { span: { 'experiment.id': 0, 'experiment.variant': false } }, ['0=false']],
    ['a value that cannot be compared is no tag', { span: { 'experiment.id': null, 'experiment.variant': 'v' } }, []],
    ['a variant that cannot be compared is no tag', { span: { 'experiment.variant_of.e': null } }, []],
    [
      'a span may belong to several experiments, in the order of the rules',
      {
        span: {
          'experiment.variant_of.d': '4',
          'experiment.variant_of.c': '3',
          'feature_flag.key': 'b',
          'feature_flag.variant': '2',
          'experiment.id': 'a',
          'experiment.variant': '1',
        },
      },
      ['a=1', 'b=2', 'd=4', 'c=3'],
    ],
    [
      'for one experiment the first pair found counts',
      { span: { 'experiment.id': 'e', 'experiment.variant': 'first', 'experiment.variant_of.e': 'second' } },
      ['e=first'],
    ],
    [
      'tags on the span do not hide those of its flag events',
      {
        span: { 'experiment.id': 'a', 'experiment.variant': '1' },
        events: [
          { 'feature_flag.key': 'b', 'feature_flag.result.variant': '2' },
          { 'feature_flag.key': 'c', 'feature_flag.variant': '3' },
        ],
      },
      ['a=1', 'b=2', 'c=3'],
    ],
    [
      'the span counts before its flag events for the same experiment',
      {
        span: { 'experiment.variant_of.e': 'span' },
        events: [{ 'feature_flag.key': 'e', 'feature_flag.variant': 'event' }],
      },
      ['e=span'],
    ],
    [
      'a pair is not put together from a span and its event',
      { span: { 'feature_flag.key': 'e' }, events: [{ 'feature_flag.variant': 'v' }] },
      [],
    ],
    [
      'the resource counts when span and events name none',
      { span: { 'experiment.id': 'half' }, events: [{}], resource: { 'experiment.variant_of.e': 'canary' } },
      ['e=canary'],
    ],
    [
      'tags on the span hide those of the resource',
      { span: { 'experiment.variant_of.a': '1' }, resource: { 'experiment.variant_of.b': '2' } },
      ['a=1'],
    ],
    [
      'tags on a flag event hide those of the resource',
      { events: [{ 'experiment.variant_of.a': '1' }], resource: { 'experiment.variant_of.b': '2' } },
      ['a=1'],
    ],
    ['_other_ is a variant like any', { span: { 'experiment.variant_of.e': '_other_' } }, ['e=_other_']],
  ]
  test.each(table)('%s', (_sentence, text, expected) => {
    expect(resolve(text)).toEqual({ tags: expected, unusable: 0 })
  })

  test('a name that is too long is no tag and is counted', () => {
    expect(resolve({ span: { 'experiment.id': long, 'experiment.variant': 'v' } })).toEqual({ tags: [], unusable: 1 })
    expect(resolve({ span: { 'experiment.variant_of.e': long } })).toEqual({ tags: [], unusable: 1 })
    const longest = 'x'.repeat(MAX_NAME_LENGTH)
    expect(resolve({ span: { 'experiment.variant_of.e': longest } })).toEqual({ tags: [`e=${longest}`], unusable: 0 })
  })

  test('an item has a bounded number of tags; those past it are counted', () => {
    const names = Array.from({ length: MAX_TAGS + 3 }, (_, at) => [`experiment.variant_of.e${at}`, 'v'] as const)
    const { tags, unusable } = resolve({ span: Object.fromEntries(names) })
    expect(tags.length).toBe(MAX_TAGS)
    expect(unusable).toBe(3)
  })

  test('a list that is used again holds only the tags of the last span', () => {
    const resolver = new TagResolver({ tags: DEFAULT_TAGS }, vocabulary)
    const into = newTagList()
    resolver.resolve(
      spanOf({ span: { 'experiment.variant_of.a': '1', 'experiment.variant_of.b': '2' } }, vocabulary),
      into,
    )
    expect(into.count).toBe(2)
    resolver.resolve(spanOf({ span: { 'experiment.variant_of.b': '3' } }, vocabulary), into)
    expect([into.count, into.experiments[0], into.variants[0]]).toEqual([1, 'b', '3'])
    resolver.resolve(spanOf({}, vocabulary), into)
    expect(into.count).toBe(0)
  })
})
