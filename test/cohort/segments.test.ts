import { describe, expect, test } from 'vitest'
import { MAX_SEGMENT_LENGTH, SegmentReader } from '../../src/cohort/segments.ts'
import { vocabularyFor } from '../../src/cohort/vocabulary.ts'
import { segmentValues } from '../../src/model/observation.ts'
import { type SpanText, spanOf } from './spans.ts'

function read(segments: string[], ...texts: SpanText[]): string[][] {
  const vocabulary = vocabularyFor({ tags: [], segments, slis: [] })
  const reader = new SegmentReader(segments, vocabulary)
  return texts.map((text) => segmentValues(reader.read(spanOf(text, vocabulary)), segments.length))
}

describe('the segments of a span', () => {
  const table: [string, SpanText, string][] = [
    ['come from the resource', { resource: { 'service.name': 'shop' } }, 'shop'],
    ['come from the record first', { span: { 'service.name': 'own' }, resource: { 'service.name': 'shop' } }, 'own'],
    ['are unknown where nobody tells', {}, 'unknown'],
    ['are unknown where the value cannot be compared', { resource: { 'service.name': null } }, 'unknown'],
    ['are unknown where the value is empty', { resource: { 'service.name': '' } }, 'unknown'],
    [
      'are unknown where the record has a value that cannot be compared',
      { span: { 'service.name': null }, resource: { 'service.name': 'shop' } },
      'unknown',
    ],
    ['may be numbers', { resource: { 'service.name': 0 } }, '0'],
    ['may be booleans', { resource: { 'service.name': false } }, 'false'],
    ['lose NUL characters', { resource: { 'service.name': 'a\u0000b\u0000' } }, 'a\uFFFDb\uFFFD'],
    ['keep the longest value', { resource: { 'service.name': 'x'.repeat(256) } }, 'x'.repeat(256)],
    ['are cut where they are longer', { resource: { 'service.name': 'x'.repeat(257) } }, 'x'.repeat(256)],
    [
      'are not cut through a surrogate pair',
      { resource: { 'service.name': `${'x'.repeat(MAX_SEGMENT_LENGTH - 1)}😀y` } },
      'x'.repeat(MAX_SEGMENT_LENGTH - 1),
    ],
  ]
  test.each(table)('%s', (_sentence, text, expected) => {
    expect(read(['service.name'], text)).toEqual([[expected]])
  })

  test('are read anew for every span', () => {
    const shop = { resource: { 'service.name': 'shop' } }
    const cart = { resource: { 'service.name': 'cart' } }
    expect(read(['service.name'], {}, shop, shop, cart, {}, shop)).toEqual(
      ['unknown', 'shop', 'shop', 'cart', 'unknown', 'shop'].map((value) => [value]),
    )
  })

  test('are joined in the order of the configuration, a NUL inside a value notwithstanding', () => {
    const eu = { span: { region: 'e\u0000u' }, resource: { 'service.name': 'shop' } }
    const us = { span: { region: 'us' }, resource: { 'service.name': 'shop' } }
    expect(read(['region', 'service.name'], eu, us, { span: { region: 'us' } })).toEqual([
      ['e\uFFFDu', 'shop'],
      ['us', 'shop'],
      ['us', 'unknown'],
    ])
  })

  test('are none where none are configured', () => {
    expect(read([], { resource: { 'service.name': 'shop' } })).toEqual([[]])
  })
})
