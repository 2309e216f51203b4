// The protobuf decoder against protobufjs: equal where both accept, and they disagree about what to accept only where
// the rules below say so. FUZZ_RUNS sets the number of messages.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countSpans, TraceDecoder } from '../../src/otlp/traces.ts'
import { attempt } from './attempt.ts'
import { damage, dice, messageOf, scramble } from './generate.ts'
import { outlineOfTraces, REFUSED_BY_US_ALONE, rawTraces, requests } from './proto.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES, decodeAll, expectedSpans, type PlainSpan, type RawRequest } from './spans.ts'

const numRuns = Number(process.env.FUZZ_RUNS ?? 200)
vi.setConfig({ testTimeout: 20_000 + 20 * numRuns })
const seed = 20261123

const writable = requests.lookupType('ExportTraceServiceRequest')
const raw = rawTraces.lookupType('ExportTraceServiceRequest')

const vocabularies = [
  new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES, spanName: true }),
  new Vocabulary({ names: [] }),
  new Vocabulary({ names: ['service.name', 'a', ''], prefixes: ['', 'experiment.', 'experiment.variant_of.'] }),
]
const decoders = vocabularies.map((vocabulary) => new TraceDecoder(vocabulary))
const outlines = vocabularies.map((vocabulary) =>
  outlineOfTraces(vocabulary.names.length > 0).lookupType('ExportTraceServiceRequest'),
)

const messages = messageOf(writable).map((message) => writable.encode(writable.fromObject(message)).finish())

describe('the protobuf trace decoder', () => {
  test('finds in random requests what a full decode finds, for any vocabulary', () => {
    fc.assert(
      fc.property(messages, (body) => {
        for (const [index, vocabulary] of vocabularies.entries()) {
          const spans = decodeAll(decoders[index], body, vocabulary)
          expect(spans).toEqual(expected(body, vocabulary))
          expect(countSpans(body)).toBe(spans.length)
        }
      }),
      { numRuns, seed },
    )
  })

  test('finds it whatever the order, the pieces and the strangers among the fields', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const body = scramble(message, writable, dice(luck))
        for (const [index, vocabulary] of vocabularies.entries()) {
          expect(decodeAll(decoders[index], body, vocabulary)).toEqual(expected(body, vocabulary))
        }
      }),
      { numRuns, seed },
    )
  })

  test('refuses broken bytes with DecodeError alone, accepts all that a full decode accepts and nothing broken on its way', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const roll = dice(luck)
        judge(damage(roll(2) === 0 ? message : scramble(message, writable, roll), roll))
      }),
      // Shrinking the bytes would only break them elsewhere.
      { numRuns: 2 * numRuns, seed, endOnFailure: true },
    )
  })

  test('refuses or reads any short bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), judge), { numRuns, seed })
  })
})

function judge(body: Uint8Array): void {
  for (const [index, vocabulary] of vocabularies.entries()) {
    const ours = attempt(() => decodeAll(decoders[index], body, vocabulary))
    const count = attempt(() => countSpans(body))
    if (ours instanceof DecodeError) {
      if (ours.reason !== REFUSED_BY_US_ALONE) expect(() => raw.decode(body)).toThrow()
      expect(ours.offset).toBeLessThanOrEqual(body.length)
      continue
    }
    // Nothing on the way to what was read may be broken; what was passed over may be.
    expect(() => outlines[index].decode(body)).not.toThrow()
    expect(count).toBe(ours.length)
    const theirs = decodedByOracle(body)
    if (theirs !== null) expect(ours).toEqual(expectedSpans(theirs, vocabulary))
  }
}

function expected(body: Uint8Array, vocabulary: Vocabulary): PlainSpan[] {
  return expectedSpans(raw.decode(body) as RawRequest, vocabulary)
}

function decodedByOracle(body: Uint8Array): RawRequest | null {
  try {
    return raw.decode(body) as RawRequest
  } catch {
    return null
  }
}
