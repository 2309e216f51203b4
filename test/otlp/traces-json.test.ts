// What is peculiar to OTLP/JSON: how things may be written, and refusals that say where.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { JsonCursor, MAX_JSON_DEPTH } from '../../src/otlp/json-cursor.ts'
import { TraceDecoder } from '../../src/otlp/traces.ts'
import { countSpansJson, TraceJsonDecoder } from '../../src/otlp/traces-json.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { encodeTracesJson } from './encode-json.ts'
import { damage, dice, messageOf, reordered, scramble } from './generate.ts'
import { requests } from './proto.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES, decodeAll, type PlainSpan } from './spans.ts'
import { typicalResourceSpans } from './typical.ts'

const numRuns = Number(process.env.FUZZ_RUNS ?? 200)
vi.setConfig({ testTimeout: 20_000 + 20 * numRuns })
const seed = 20261123

const vocabulary = new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES, spanName: true })
const decoder = new TraceJsonDecoder(vocabulary)
const all = (text: string) => decodeAll(decoder, Buffer.from(text), vocabulary)
/** The span of which these are the members. */
const one = (members: string): PlainSpan => all(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${members}}]}]}]}`)[0]
const valueOf = (anyValue: string) =>
  one(`"attributes":[{"key":"experiment.id","value":${anyValue}}]`).attributes.values['experiment.id']

describe('members in any order', () => {
  test('the resource behind its spans', () => {
    const text = `{"resourceSpans":[
      {"scopeSpans":[{"spans":[{},{}]}],"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]}},
      {"scopeSpans":[{"spans":[{}]}]}]}`
    expect(all(text).map((span) => span.resource.values['service.name'])).toEqual(['a', 'a', undefined])
  })
  test('the value before its key', () => {
    expect(one('"attributes":[{"value":{"intValue":"7"},"key":"experiment.id"}]').attributes.values).toEqual({
      'experiment.id': 7,
    })
  })
  test("an event's attributes before its name", () => {
    const event = '{"attributes":[{"key":"feature_flag.key","value":{"stringValue":"k"}}],"name":"feature_flag"}'
    expect(one(`"events":[${event}]`).flagEvents[0].values).toEqual({ 'feature_flag.key': 'k' })
  })
})

describe('spellings', () => {
  test.each([
    ['a string', '"1790000000123456789"'],
    ['a number beyond 2^53', '1790000000123456789'],
    ['a number with an exponent', '1.790000000123456789e18'],
    ['a string with a fraction of nothing', '"1790000000123456789.000"'],
  ])('nanoseconds as %s are exact', (_, nanos) => {
    expect(one(`"endTimeUnixNano":${nanos}`).end).toBe(1_790_000_000_123_456_789n)
  })
  test.each([
    ['"5"', 5n],
    ['0', 0n],
    ['"0999999999"', 999_999_999n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ])('%s nanoseconds', (nanos, value) => {
    expect(one(`"startTimeUnixNano":${nanos}`).start).toBe(value)
  })
  test.each([
    ['{"intValue":9007199254740993}', '9007199254740993'],
    ['{"intValue":"-9007199254740993"}', '-9007199254740993'],
    ['{"intValue":-0}', 0],
    ['{"intValue":2.00e2}', 200],
    ['{"intValue":"200"}', 200],
    ['{"doubleValue":"0.25"}', 0.25],
    ['{"doubleValue":1e-3}', 0.001],
    ['{"doubleValue":"-Infinity"}', Number.NEGATIVE_INFINITY],
    ['{"doubleValue":"NaN"}', Number.NaN],
    ['{"stringValue":"a\\u0062\\ud83d\\ude00\\n"}', 'ab\u{1f600}\n'],
    ['{"stringValue":"\\ud83d"}', '\ufffd'],
    ['{"unknown":[1,{"a":null}],"stringValue":"x"}', 'x'],
    ['{"stringValue":"x","boolValue":null}', 'x'],
    ['{"stringValue":null}', null],
    ['{"string_value":"x"}', null],
    ['{}', null],
    ['null', null],
  ])('the value %s', (source, value) => {
    expect(valueOf(source)).toEqual(value)
  })
  test('ids in capitals', () => {
    expect(one('"traceId":"ABCDEF0123456789abcdef0123456789"').traceId).toBe('abcdef0123456789abcdef0123456789')
  })
  test('names with escapes in them', () => {
    expect(one('"\\u006bind":3').kind).toBe(3)
    expect(
      one('"attributes":[{"k\\u0065y":"experiment\\u002eid","value":{"boolValue":true}}]').attributes.values,
    ).toEqual({ 'experiment.id': true })
  })
  test('snake_case names are unknown names', () => {
    expect(one('"trace_id":"abcdef0123456789abcdef0123456789","start_time_unix_nano":"5"')).toEqual(one(''))
  })
  test('null is the default, everywhere', () => {
    const members = [
      'traceId',
      'traceState',
      'name',
      'kind',
      'startTimeUnixNano',
      'endTimeUnixNano',
      'attributes',
      'events',
      'status',
    ]
    expect(one(members.map((member) => `"${member}":null`).join())).toEqual(one(''))
    expect(
      one('"status":{"code":null},"attributes":[{"key":null,"value":null}],"events":[{"name":null,"attributes":null}]'),
    ).toEqual(one(''))
    const empty = ['{"resourceSpans":null}', '{"resourceSpans":[{"resource":null,"scopeSpans":null}]}']
    for (const text of [
      ...empty,
      '{"resourceSpans":[{"resource":{"attributes":null},"scopeSpans":[{"scope":null,"spans":null}]}]}',
    ]) {
      expect(all(text)).toEqual([])
    }
  })
})

describe('refusals', () => {
  const inSpan = (members: string) => `{"resourceSpans":[{},{"scopeSpans":[{"spans":[{},{${members}}]}]}]}`
  const span = 'resourceSpans[1].scopeSpans[0].spans[1]'
  test.each([
    ['', 'expected an object at $'],
    ['[]', 'expected an object at $'],
    ['null', 'expected an object at $'],
    ['{"resourceSpans":{}}', 'expected an array at resourceSpans,'],
    ['{"resourceSpans":[{"scopeSpans":7}]}', 'expected an array at resourceSpans[0].scopeSpans,'],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":["x"]}]}]}',
      'expected an object at resourceSpans[0].scopeSpans[0].spans[0],',
    ],
    ['{"resourceSpans":[null]}', 'expected an object at resourceSpans[0],'],
    ['{"resourceSpans":[{"resource":[]}]}', 'expected an object at resourceSpans[0].resource,'],
    ['{"resourceSpans":[{"resource":{},"resource":{}}]}', 'resource is given twice at resourceSpans[0].resource,'],
    ['{"resourceSpans":[{"scopeSpans":[],"scopeSpans":[]}]}', 'scopeSpans is given twice'],
    [inSpan('"kind":"SPAN_KIND_SERVER"'), `expected a number at ${span}.kind,`],
    [inSpan('"kind":2.5'), `expected a 32-bit integer at ${span}.kind,`],
    [inSpan('"kind":4294967296'), `expected a 32-bit integer at ${span}.kind,`],
    [inSpan('"status":{"code":"2"}'), `expected a number at ${span}.status.code,`],
    [inSpan('"status":2'), `expected an object at ${span}.status,`],
    [inSpan('"name":5'), `expected a string at ${span}.name,`],
    [inSpan('"traceId":"zbcdef0123456789abcdef0123456789"'), `expected hexadecimal digits at ${span}.traceId,`],
    [inSpan('"traceState":{}'), `expected a string at ${span}.traceState,`],
    [inSpan('"startTimeUnixNano":"-1"'), `expected a 64-bit count of nanoseconds at ${span}.startTimeUnixNano,`],
    [inSpan('"startTimeUnixNano":18446744073709551616'), `expected a 64-bit count of nanoseconds at ${span}`],
    [inSpan('"endTimeUnixNano":"now"'), `expected a 64-bit count of nanoseconds at ${span}.endTimeUnixNano,`],
    [inSpan('"endTimeUnixNano":1.5'), 'expected a 64-bit count of nanoseconds'],
    [inSpan('"endTimeUnixNano":""'), 'expected a 64-bit count of nanoseconds'],
    [inSpan('"endTimeUnixNano":"1e999999999"'), 'expected a 64-bit count of nanoseconds'],
    [inSpan('"endTimeUnixNano":true'), 'expected a number'],
    [inSpan('"attributes":{}'), `expected an array at ${span}.attributes,`],
    [inSpan('"attributes":[{"key":7}]'), `expected a string at ${span}.attributes[0].key,`],
    [
      inSpan('"attributes":[{},{"key":"experiment.id","value":{"intValue":"1.5"}}]'),
      `expected a 64-bit integer at ${span}.attributes[1].value.intValue,`,
    ],
    [
      inSpan('"attributes":[{"key":"experiment.id","value":{"intValue":"9223372036854775808"}}]'),
      'expected a 64-bit integer',
    ],
    [inSpan('"attributes":[{"key":"experiment.id","value":{"boolValue":"true"}}]'), 'expected true or false'],
    [inSpan('"attributes":[{"key":"experiment.id","value":{"doubleValue":"x"}}]'), 'expected a number'],
    [inSpan('"attributes":[{"key":"experiment.id","value":"x"}]'), 'expected an object'],
    [inSpan('"events":[{"name":[]}]'), `expected a string at ${span}.events[0].name,`],
    [inSpan('"what\\"ever":{"a b":[1,2,x]}'), `expected a value at ${span}.what\\"ever.a b[2],`],
    ['{"a":"\u001f"}', 'a control character in a string at a,'],
    ['{"a', 'a string without an end at $'],
    ['{} {}', 'expected the end of the text'],
  ])('%s', (text, message) => {
    expect(() => all(text)).toThrow(DecodeError)
    expect(() => all(text)).toThrow(message)
  })

  test('an empty path and a long name stay short', () => {
    expect(() => all(`{"${'n'.repeat(5000)}":x}`)).toThrow(/^expected a value at n{40}…, byte 5004$/)
  })

  test('nesting is bounded, in parts that nobody reads too', () => {
    const nested = (depth: number) => `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
    expect(all(nested(MAX_JSON_DEPTH))).toEqual([])
    expect(() => all(nested(MAX_JSON_DEPTH + 1))).toThrow('nested too deeply')
    expect(() => all(`{"x":${'['.repeat(1_000_000)}`)).toThrow('nested too deeply')
  })

  test('counting refuses the same structures', () => {
    for (const text of [
      '',
      '{"resourceSpans":{}}',
      '{"resourceSpans":[{"scopeSpans":[{"spans":["x"]}]}]}',
      '{"resourceSpans":[]}x',
    ]) {
      expect(() => countSpansJson(Buffer.from(text))).toThrow(DecodeError)
    }
  })
})

test('what is JSON is what JSON.parse takes', () => {
  const tokens = '{|}|[|]|,|:|"a"|"\\u00e9"|"\\x"|"|1|-|0|.5|e+1|true|nul|null| |\n|\u0001'.split('|')
  const part = fc.constantFrom(...tokens)
  const cursor = new JsonCursor()
  const accepts = (read: () => unknown) => {
    try {
      read()
      return true
    } catch {
      return false
    }
  }
  const judge = (text: string) => {
    const ours = accepts(() => {
      cursor.open(Buffer.from(text))
      cursor.skip()
      cursor.finish()
    })
    expect([text, ours]).toEqual([text, accepts(() => JSON.parse(text))])
  }
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      judge,
    ),
    { numRuns: 10 * numRuns, seed },
  )
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.nat(127), (text, at, code) => {
      judge(text)
      const cut = at % (text.length + 1)
      judge(text.slice(0, cut) + String.fromCharCode(code) + text.slice(cut + (at % 2)))
    }),
    { numRuns, seed },
  )
})

const request = requests.lookupType('ExportTraceServiceRequest')
const messages = messageOf(request).map((message) => request.encode(request.fromObject(message)).finish())

test('equal content gives equal spans in both encodings', () => {
  const protobuf = new TraceDecoder(vocabulary)
  fc.assert(
    fc.property(messages, fc.nat(), (message, luck) => {
      const body = scramble(message, request, dice(luck))
      const spans = decodeAll(protobuf, body, vocabulary)
      const text = toJson('traces', body)
      expect(all(text)).toEqual(spans)
      const otherwise = JSON.stringify(reordered(JSON.parse(text), dice(luck)), null, luck % 3)
      expect(all(otherwise)).toEqual(spans)
      expect(countSpansJson(Buffer.from(otherwise))).toBe(spans.length)
    }),
    { numRuns, seed },
  )
})

test('broken text is refused with DecodeError alone, and what is taken is JSON', () => {
  const typical = Buffer.from(encodeTracesJson(typicalResourceSpans(2)))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.constant(typical),
        messages.map((message) => Buffer.from(toJson('traces', message))),
      ),
      fc.nat(),
      (text, luck) => {
        const broken = damage(text, dice(luck))
        try {
          const spans = decodeAll(decoder, broken, vocabulary)
          expect(() => JSON.parse(Buffer.from(broken).toString())).not.toThrow()
          expect(countSpansJson(broken)).toBe(spans.length)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      },
    ),
    { numRuns: 2 * numRuns, seed, endOnFailure: true },
  )
})
