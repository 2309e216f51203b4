// Spans written as no library writes them: what protobuf's rules make of fields that repeat, move or reach too far.
import { describe, expect, test } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countSpans, TraceDecoder } from '../../src/otlp/traces.ts'
import { ProtobufWriter } from '../../src/otlp/writer.ts'
import { DEFAULT_NAMES, decodeAll, type PlainSpan } from './spans.ts'

type Write = (message: ProtobufWriter) => ProtobufWriter

const vocabulary = new Vocabulary({ names: DEFAULT_NAMES })
const decoder = new TraceDecoder(vocabulary)

const request = (write: Write) => new ProtobufWriter().message(1, (resourceSpans) => void write(resourceSpans)).finish()
const spanBody = (write: Write) =>
  request((resourceSpans) => resourceSpans.message(2, (scope) => scope.message(2, (span) => void write(span))))
const one = (write: Write): PlainSpan => decodeAll(decoder, spanBody(write), vocabulary)[0]
const attribute = (key: string, value: Write) => (keyValue: ProtobufWriter) =>
  keyValue.string(1, key).message(2, (any) => void value(any))
const text =
  (value: string): Write =>
  (any) =>
    any.string(1, value)

test('the resource may follow its spans and come in pieces', () => {
  const piece = (key: string, value: string) => (resource: ProtobufWriter) =>
    resource.message(1, (keyValue) => void attribute(key, text(value))(keyValue))
  const body = request((resourceSpans) =>
    resourceSpans
      .message(2, (scope) => scope.message(2, () => {}))
      .message(1, piece('service.name', 'first'))
      .message(2, (scope) => scope.message(2, () => {}).message(2, () => {}))
      .message(1, piece('experiment.id', 'e'))
      .message(1, piece('service.name', 'second')),
  )
  const resources = decodeAll(decoder, body, vocabulary).map((span) => span.resource.values)
  const merged = { 'service.name': 'first', 'experiment.id': 'e' }
  expect(resources).toEqual([merged, merged, merged])
})

test('of a scalar given twice the later counts, a status in pieces is one status', () => {
  const span = one((message) =>
    message
      .integer(6, 1)
      .integer(6, 2)
      .fixed64(8, 1n)
      .fixed64(8, 2n)
      .string(3, 'ot=th:8')
      .string(3, 'ot=th:c')
      .bytes(1, new Uint8Array(16).fill(1))
      .message(15, (status) => void status.integer(3, 2))
      .message(15, (status) => void status.string(2, 'why')),
  )
  expect(span).toMatchObject({ kind: 2, end: 2n, weight: 4, traceId: '01'.repeat(16), status: 2 })
  expect(one((message) => message.bytes(1, new Uint8Array(16).fill(1)).bytes(1, new Uint8Array(8))).traceId).toBe(
    '0'.repeat(32),
  )
})

describe('an attribute', () => {
  const read = (write: Write) => one((span) => span.message(9, (keyValue) => void write(keyValue))).attributes.values
  const cases: [string, Write, Record<string, unknown>][] = [
    [
      'value first',
      (kv) => kv.message(2, (any) => void any.integer(3, 1)).string(1, 'experiment.id'),
      { 'experiment.id': 1 },
    ],
    ['a second key counts', (kv) => attribute('x', text('v'))(kv).string(1, 'experiment.id'), { 'experiment.id': 'v' }],
    ['a first key does not', (kv) => attribute('experiment.id', text('v'))(kv).string(1, 'x'), {}],
    [
      'a value in pieces: the last member counts, an empty piece changes nothing',
      (kv) =>
        attribute(
          'experiment.id',
          text('v'),
        )(kv)
          .message(2, (any) => void any.integer(3, 5))
          .message(2, () => {}),
      { 'experiment.id': 5 },
    ],
    ['a key alone', (kv) => kv.string(1, 'experiment.id'), { 'experiment.id': null }],
    [
      'a text and then an array',
      (kv) => attribute('experiment.id', (any) => any.string(1, 'v').message(5, () => {}))(kv),
      { 'experiment.id': null },
    ],
    [
      'an array and then a text',
      (kv) => attribute('experiment.id', (any) => any.message(5, () => {}).string(1, 'v'))(kv),
      { 'experiment.id': 'v' },
    ],
    [
      'an unknown field of the value',
      (kv) => attribute('experiment.id', (any) => any.string(1, 'v').integer(8, 3))(kv),
      { 'experiment.id': 'v' },
    ],
    ['a key of another wire type is none', (kv) => kv.integer(1, 5).message(2, (any) => void any.integer(3, 1)), {}],
  ]
  test.each(cases)('%s', (_, write, values) => {
    expect(read(write)).toEqual(values)
  })
})

test("of an event's names the last counts", () => {
  const event = (...names: string[]) =>
    one((span) =>
      span.message(11, (message) => {
        for (const name of names) message.string(2, name)
      }),
    )
  expect(event('exception', 'feature_flag').flagEvents.length).toBe(1)
  expect(event('feature_flag', 'exception').flagEvents.length).toBe(0)
})

describe('what reaches out of its message is refused', () => {
  // A whole attribute, whose span ends within it. What it sticks out by is a field of its own: nobody else would
  // notice.
  const keyValue = new ProtobufWriter()
  attribute('experiment.id', text('\u0018\u0001'))(keyValue)
  const whole = new ProtobufWriter().bytes(9, keyValue.finish()).finish()
  test.each([1, 2, 3, 5, whole.length - 2])('an attribute whose span ends after %i bytes', (length) => {
    const span = new Uint8Array([0x12, length, ...whole])
    const body = new ProtobufWriter().message(1, (resource) => void resource.bytes(2, span)).finish()
    expect(() => decodeAll(decoder, body, vocabulary)).toThrow(DecodeError)
  })
  test('a span that its scope cannot hold, when counting too', () => {
    const scope = new ProtobufWriter().bytes(2, new Uint8Array([0x12, 9, 0, 0])).finish()
    const body = new ProtobufWriter().bytes(1, scope).bytes(1, new Uint8Array(20)).finish()
    expect(() => countSpans(body)).toThrow('a length reaches past its message')
  })
})
