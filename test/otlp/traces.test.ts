// Spans in both encodings: one table, so that what holds for protobuf holds for JSON.
import { describe, expect, test } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countSpans, TraceDecoder } from '../../src/otlp/traces.ts'
import { countSpansJson, TraceJsonDecoder } from '../../src/otlp/traces-json.ts'
import { MAX_EVENTS, MAX_PREFIXED } from '../../src/otlp/wanted.ts'
import {
  type AttributesInput,
  encodeTraces,
  type ResourceSpansInput,
  type SpanInput,
  type ValueInput,
} from './encode.ts'
import { encodeTracesJson } from './encode-json.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES, decodeAll, type PlainSpan } from './spans.ts'
import { typicalResourceSpans } from './typical.ts'

const vocabulary = new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES })

const encodings = [
  { name: 'protobuf', encode: encodeTraces, Decoder: TraceDecoder, count: countSpans },
  { name: 'JSON', encode: encodeTracesJson, Decoder: TraceJsonDecoder, count: countSpansJson },
]

describe.each(encodings)('spans in $name', ({ encode, Decoder, count }) => {
  const decoder = new Decoder(vocabulary)
  const all = (input: ResourceSpansInput[]) => decodeAll(decoder, encode(input), vocabulary)
  const one = (span: SpanInput): PlainSpan => all([{ spans: [span] }])[0]
  const attributesOf = (attributes: AttributesInput) => one({ attributes }).attributes

  test('the typical span', () => {
    const [first, second] = all(typicalResourceSpans(2))
    expect(first).toEqual({
      traceId: 'aaaaaaaaaaaaaaaa9e3779b97f4a7c15',
      name: '',
      kind: 2,
      status: 2,
      start: 1_790_000_000_000_000_000n,
      end: 1_790_000_000_020_000_000n,
      weight: 1,
      attributes: {
        values: {
          'http.response.status_code': 500,
          'feature_flag.key': 'checkout-redesign',
          'feature_flag.result.variant': 'treatment',
        },
        prefixed: [],
      },
      resource: { values: { 'service.name': 'checkout' }, prefixed: [] },
      flagEvents: [],
    })
    expect([second.status, second.attributes.values['feature_flag.result.variant']]).toEqual([0, 'control'])
  })

  test('nothing of a span stays for the next', () => {
    const full: SpanInput = {
      traceId: 'ab'.repeat(16),
      traceState: 'ot=th:8',
      kind: 2,
      startTimeUnixNano: 5n,
      endTimeUnixNano: 6n,
      status: { code: 2 },
      attributes: { 'experiment.id': 'a', 'experiment.variant_of.b': 'c' },
      events: [{ name: 'feature_flag', attributes: { 'feature_flag.key': 'd' } }],
    }
    const [before, after] = all([{ resource: { 'service.name': 'x' }, spans: [full] }, { spans: [{}] }])
    expect([before.weight, before.flagEvents.length, before.attributes.prefixed.length]).toEqual([2, 1, 1])
    expect(after).toEqual(one({}))
    expect(after).toMatchObject({
      traceId: '0'.repeat(32),
      weight: 1,
      start: 0n,
      flagEvents: [],
      resource: { values: {} },
    })
  })

  test('each span has the resource it stands under', () => {
    const spans = all([
      { resource: { 'service.name': 'a' }, scopes: [{ name: 's', spans: [{}, {}] }, { spans: [{}] }] },
      { resource: { 'service.name': 'b' }, spans: [{}] },
      { spans: [{}] },
    ])
    expect(spans.map((span) => span.resource.values['service.name'])).toEqual(['a', 'a', 'a', 'b', undefined])
  })

  const values: [string, ValueInput, unknown][] = [
    ['text', 'treatment', 'treatment'],
    ['empty text', '', ''],
    ['text beyond ASCII', 'größe \u{1f600}', 'größe \u{1f600}'],
    ['text with quotes and line breaks', 'a"b\\c\n\t\u0001/', 'a"b\\c\n\t\u0001/'],
    ['long text', 'x'.repeat(300), 'x'.repeat(300)],
    ['a boolean', true, true],
    ['false', false, false],
    ['an integer', 200, 200],
    ['a negative integer', -1, -1],
    ['the largest exact integer', 9_007_199_254_740_991n, 9_007_199_254_740_991],
    ['an integer beyond', 9_007_199_254_740_993n, '9007199254740993'],
    ['the least integer', -(2n ** 63n), '-9223372036854775808'],
    ['a double', 0.25, 0.25],
    ['a whole double', { double: 3 }, 3],
    ['not a number', Number.NaN, Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['bytes', new Uint8Array([1, 2]), null],
    ['an array', ['a', 1], null],
    ['a map', { map: { 'experiment.id': 'inner' } }, null],
    ['nothing', null, null],
  ]
  test.each(values)('a value that is %s', (_, input, value) => {
    expect(attributesOf({ 'experiment.id': input }).values).toEqual({ 'experiment.id': value })
  })

  test('of equal keys the first counts', () => {
    const pairs = [
      ['experiment.id', null],
      ['experiment.id', 'b'],
      ['experiment.variant_of.x', 'c'],
      ['experiment.variant_of.y', 'd'],
      ['experiment.variant_of.x', 'e'],
    ] as const
    expect(attributesOf(pairs)).toEqual({
      values: { 'experiment.id': null },
      prefixed: [
        ['experiment.variant_of.', 'x', 'c'],
        ['experiment.variant_of.', 'y', 'd'],
      ],
    })
  })

  test('keys are compared whole', () => {
    const near = ['experiment.ie', 'experiment.i', 'experiment.idx', 'Experiment.id', 'experiment.variant_of', '']
    expect(attributesOf(near.map((key) => [key, 1] as const))).toEqual({ values: {}, prefixed: [] })
  })

  test('an attribute may be asked for by name and by prefix, and by several prefixes', () => {
    const both = new Vocabulary({ names: ['a.b.c'], prefixes: ['a.', 'a.b.', 'x'] })
    const [span] = decodeAll(new Decoder(both), encode([{ spans: [{ attributes: { 'a.b.c': 1 } }] }]), both)
    const prefixed = [
      ['a.', 'b.c', 1],
      ['a.b.', 'c', 1],
    ]
    expect(span.attributes).toEqual({ values: { 'a.b.c': 1 }, prefixed })
  })

  test('flag events of both conventions are read, others are not', () => {
    const attributes = { 'feature_flag.key': 'k', 'feature_flag.variant': 'v' }
    const names = ['exception', 'feature_flag', 'feature_flag.evaluation', 'feature_flag.evaluatio', undefined]
    const events = names.map((name) => (name === undefined ? { attributes } : { name, attributes }))
    expect(one({ events }).flagEvents).toEqual([
      { values: attributes, prefixed: [] },
      { values: attributes, prefixed: [] },
    ])
  })

  test('what one span may bring is bounded', () => {
    const attributes = Array.from({ length: MAX_PREFIXED + 9 }, (_, at) => [`experiment.variant_of.${at}`, 1] as const)
    const events = Array.from({ length: MAX_EVENTS + 9 }, () => ({ name: 'feature_flag' }))
    const span = one({ attributes, events })
    expect([span.attributes.prefixed.length, span.flagEvents.length]).toEqual([MAX_PREFIXED, MAX_EVENTS])
  })

  test.each(['', 'ab', 'ab'.repeat(15), 'ab'.repeat(17)])('the trace id %j is none', (traceId) => {
    expect(one({ traceId }).traceId).toBe('0'.repeat(32))
  })

  test('the name comes only where it is asked for', () => {
    const named = new Vocabulary({ names: [], spanName: true })
    const body = encode([{ spans: [{ name: 'GET /' }] }])
    expect(decodeAll(new Decoder(named), body, named)[0].name).toBe('GET /')
    expect(one({ name: 'GET /' }).name).toBe('')
  })

  test('times are exact to the nanosecond', () => {
    const span = one({ startTimeUnixNano: 1_790_000_000_123_456_789n, endTimeUnixNano: 2n ** 64n - 1n })
    expect([span.start, span.end]).toEqual([1_790_000_000_123_456_789n, 2n ** 64n - 1n])
  })

  test('the tracestate gives the weight', () => {
    expect(one({ traceState: 'vendor=x,ot=rv:00000000000000;th:fd70a4' }).weight).toBeCloseTo(100, 3)
  })

  test('an empty request has no spans', () => {
    expect([all([]), all([{}]), all([{ scopes: [{ spans: [] }] }])]).toEqual([[], [], []])
  })

  test('counting finds as many as decoding', () => {
    for (const input of [[], [{}], typicalResourceSpans(7), [...typicalResourceSpans(1), ...typicalResourceSpans(3)]]) {
      expect(count(encode(input))).toBe(all(input).length)
    }
  })

  test('after a refusal the next request is read as if nothing had been', () => {
    const body = encode(typicalResourceSpans(2))
    expect(() => decodeAll(decoder, body.subarray(0, body.length - 1), vocabulary)).toThrow(DecodeError)
    expect(all(typicalResourceSpans(2)).length).toBe(2)
  })

  test('an error of the sink is passed on, and the decoder stays usable', () => {
    const body = encode(typicalResourceSpans(2))
    const angry = () => {
      throw new TypeError('sink')
    }
    expect(() => decoder.decode(body, angry)).toThrow(TypeError)
    expect(decodeAll(decoder, body, vocabulary).length).toBe(2)
  })
})
