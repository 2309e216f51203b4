// Events of spans in both encodings: which are read, and which give way where one span has too many.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLAG_EVENT_NAMES, Vocabulary } from '../../src/model/vocabulary.ts'
import { TraceDecoder } from '../../src/otlp/traces.ts'
import { TraceJsonDecoder } from '../../src/otlp/traces-json.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { MAX_EVENTS, MAX_OTHER_EVENTS } from '../../src/otlp/wanted.ts'
import { encodeTraces, type SpanEventInput, type SpanInput } from './encode.ts'
import { encodeTracesJson } from './encode-json.ts'
import { dice, messageOf, reordered, scramble } from './generate.ts'
import { rawTraces, requests } from './proto.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES, decodeEvents, expectedEvents, type RawRequest } from './spans.ts'

describe('events of spans', () => {
  const at = 1_790_000_000_500_000_000n
  const body = encodeTraces([
    {
      resource: {},
      spans: [
        {
          parentSpanId: '0102030405060708',
          events: [
            { name: 'done', timeUnixNano: at, attributes: { a: 'x' } },
            { name: 'exception', attributes: { a: 'y' } },
            { name: 'feature_flag', attributes: { a: 'z' } },
          ],
        },
        { parentSpanId: '0000000000000000' },
        {},
      ],
    },
  ])
  const json = Buffer.from(toJson('traces', body))

  test.each<[string, readonly string[] | 'all', string[]]>([
    ['that are asked for are there beside flag evaluations', ['done'], ['done x false', 'feature_flag z true']],
    [
      'are all there where it cannot be said which',
      'all',
      ['done x false', 'exception y false', 'feature_flag z true'],
    ],
    ['are left out where nobody asks', [], ['feature_flag z true']],
  ])('%s', (_sentence, events, expected) => {
    const vocabulary = new Vocabulary({ names: ['a'], events })
    for (const [decoder, bytes] of [
      [new TraceDecoder(vocabulary), body],
      [new TraceJsonDecoder(vocabulary), json],
    ] as const) {
      const found: string[][] = []
      const parents: boolean[] = []
      const times: number[] = []
      decoder.decode(bytes, (span) => {
        const own = span.events.slice(0, span.eventCount)
        found.push(own.map(({ name, attributes, isFlag }) => `${name} ${String(attributes.values[0])} ${isFlag}`))
        parents.push(span.hasParent)
        times.push(...own.filter(({ name }) => name === 'done').map(({ second, nanos }) => second + nanos / 1e9))
      })
      expect([found, parents]).toEqual([
        [expected, [], []],
        [true, false, false],
      ])
      expect(times).toEqual(expected[0].startsWith('done') ? [1_790_000_000.5] : [])
    }
  })
})

const encodings = [
  { name: 'protobuf', encode: encodeTraces, Decoder: TraceDecoder },
  { name: 'JSON', encode: encodeTracesJson, Decoder: TraceJsonDecoder },
]

describe.each(encodings)('events of a span in $name', ({ encode, Decoder }) => {
  const vocabulary = new Vocabulary({ names: ['a'], events: ['done'] })
  const decoder = new Decoder(vocabulary)
  /** The value of `a` of each event of each span. */
  const kept = (...spans: readonly (readonly SpanEventInput[])[]): string[][] => {
    const found: string[][] = []
    decoder.decode(encode([{ spans: spans.map((events): SpanInput => ({ events })) }]), (span) => {
      const events = span.events.slice(0, span.eventCount)
      expect(events.filter(({ isFlag }) => !isFlag).length).toBe(span.otherEventCount)
      for (const event of events) expect(event.isFlag).toBe(FLAG_EVENT_NAMES.includes(event.name))
      found.push(events.map(({ attributes }) => String(attributes.values[0])))
    })
    return found
  }
  const some = (count: number, name: string): SpanEventInput[] =>
    Array.from({ length: count }, (_, at) => ({ name, attributes: { a: `${name} ${at}` } }))
  const flags = (count: number) => some(count, 'feature_flag')
  const others = (count: number) => some(count, 'done')
  const labels = (events: readonly SpanEventInput[]) =>
    events.map(({ attributes }) => Object.values(attributes ?? {})[0])
  const orders: [string, (flags: SpanEventInput[], others: SpanEventInput[]) => SpanEventInput[]][] = [
    ['flag evaluations first', (ours, theirs) => [...ours, ...theirs]],
    ['the others first', (ours, theirs) => [...theirs, ...ours]],
    [
      'both by turns',
      (ours, theirs) =>
        Array.from({ length: Math.max(ours.length, theirs.length) }, (_, at) => [
          ...theirs.slice(at, at + 1),
          ...ours.slice(at, at + 1),
        ]).flat(),
    ],
    [
      'the others around',
      (ours, theirs) => [...theirs.slice(0, theirs.length / 2), ...ours, ...theirs.slice(theirs.length / 2)],
    ],
  ]
  const full = MAX_EVENTS
  const cases: [flagCount: number, otherCount: number, keptFlags: number, keptOthers: number][] = [
    [0, full, 0, MAX_OTHER_EVENTS],
    [1, full, 1, MAX_OTHER_EVENTS],
    [full - MAX_OTHER_EVENTS, full, full - MAX_OTHER_EVENTS, MAX_OTHER_EVENTS],
    [full - MAX_OTHER_EVENTS + 1, full, full - MAX_OTHER_EVENTS + 1, MAX_OTHER_EVENTS - 1],
    [full - 1, full, full - 1, 1],
    [full, full, full, 0],
    [full + 9, full, full, 0],
    [full + 9, 3, full, 0],
  ]

  describe.each(orders)('%s', (_order, order) => {
    test.each(cases)(
      'of %i flag evaluations and %i others, %i and %i have room',
      (flagCount, otherCount, keptFlags, keptOthers) => {
        const ours = flags(flagCount)
        const theirs = others(otherCount)
        const stay = new Set([...ours.slice(0, keptFlags), ...theirs.slice(0, keptOthers)])
        const all = order(ours, theirs)
        expect(kept(all)).toEqual([labels(all.filter((event) => stay.has(event)))])
      },
    )
  })

  const nameless: [string, SpanEventInput][] = [
    ['no name', { attributes: { a: 'x' } }],
    ['an empty name', { name: '', attributes: { a: 'x' } }],
    ['nothing at all', {}],
  ]
  test.each(nameless)(
    'an event with %s is there, unnamed, where every event is asked for, and nowhere else',
    (_, event) => {
      const found = (events: readonly string[] | 'all'): string[] => {
        const names: string[] = []
        const own = new Vocabulary({ names: ['a', 'event.name'], events })
        new Decoder(own).decode(encode([{ spans: [{ events: [event, { name: 'done' }] }] }]), (span) => {
          for (const { name, isFlag } of span.events.slice(0, span.eventCount)) names.push(`${name} ${isFlag}`)
        })
        return names
      }
      expect(found('all')).toEqual([' false', 'done false'])
      expect(found(['done'])).toEqual(['done false'])
      expect(found(['', 'done'])).toEqual(['done false'])
      expect(found([])).toEqual([])
    },
  )

  test('what gave way leaves nothing to the next span', () => {
    const crowded = [...others(MAX_OTHER_EVENTS), ...flags(full)]
    const quiet: SpanEventInput[] = [{ name: 'done' }, ...flags(1), { name: 'feature_flag' }]
    expect(kept(crowded, quiet, others(2))).toEqual([
      labels(flags(full)),
      ['undefined', 'feature_flag 0', 'undefined'],
      labels(others(2)),
    ])
  })
})

test('events of random spans are those that a full decode finds, in both encodings and any order', () => {
  const numRuns = Number(process.env.FUZZ_RUNS ?? 100)
  const request = requests.lookupType('ExportTraceServiceRequest')
  const raw = rawTraces.lookupType('ExportTraceServiceRequest')
  const messages = messageOf(request).map((message) => request.encode(request.fromObject(message)).finish())
  const codecs = [
    new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES, events: 'all' }),
    new Vocabulary({ names: ['a'], events: ['GET /', ''] }),
    new Vocabulary({ names: [], events: 'all' }),
    new Vocabulary({ names: ['a'] }),
    new Vocabulary({ names: [] }),
  ].map((vocabulary) => ({
    vocabulary,
    protobuf: new TraceDecoder(vocabulary),
    json: new TraceJsonDecoder(vocabulary),
  }))
  fc.assert(
    fc.property(messages, fc.nat(), (message, luck) => {
      const body = scramble(message, request, dice(luck))
      const text = Buffer.from(JSON.stringify(reordered(JSON.parse(toJson('traces', body)), dice(luck))))
      for (const { vocabulary, protobuf, json } of codecs) {
        const expected = expectedEvents(raw.decode(body) as RawRequest, vocabulary)
        expect(decodeEvents(protobuf, body, vocabulary)).toEqual(expected)
        expect(decodeEvents(json, text, vocabulary)).toEqual(expected)
      }
    }),
    { numRuns, seed: 20261128 },
  )
}, 60_000)
