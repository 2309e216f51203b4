// The log decoders against protobufjs and against each other, on random requests, unusual and broken ones.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLAG_EVENT_NAMES, Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countLogs, LogDecoder } from '../../src/otlp/logs.ts'
import { countLogsJson, LogJsonDecoder } from '../../src/otlp/logs-json.ts'
import { severityOfText } from '../../src/otlp/severity.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { damage, dice, messageOf, scramble } from './generate.ts'
import { decodeLogs, type PlainLog } from './plain-logs.ts'
import { rawLogs, requests } from './proto.ts'
import {
  DEFAULT_NAMES,
  DEFAULT_PREFIXES,
  expectedAttributes,
  int64,
  type Long,
  type RawKeyValue,
  text,
} from './spans.ts'

const numRuns = Number(process.env.FUZZ_RUNS ?? 150)
const seed = 20261127
const writable = requests.lookupType('ExportLogsServiceRequest')
const raw = rawLogs.lookupType('ExportLogsServiceRequest')
const vocabularies = [
  new Vocabulary({ names: DEFAULT_NAMES, prefixes: DEFAULT_PREFIXES, events: ['control'] }),
  new Vocabulary({ names: ['event.name', 'a'], events: 'all' }),
  new Vocabulary({ names: [] }),
]
const decoders = vocabularies.map((vocabulary) => new LogDecoder(vocabulary))
const jsonDecoders = vocabularies.map((vocabulary) => new LogJsonDecoder(vocabulary))
const messages = messageOf(writable).map((message) => writable.encode(writable.fromObject(message)).finish())

interface RawLog {
  traceId?: Uint8Array
  timeUnixNano?: Long
  observedTimeUnixNano?: Long
  severityNumber?: number
  severityText?: Uint8Array
  body?: RawKeyValue['value']
  attributes?: RawKeyValue[]
  eventName?: Uint8Array
}
interface RawLogRequest {
  resourceLogs?: { resource?: { attributes?: RawKeyValue[] }; scopeLogs?: { logRecords?: RawLog[] }[] }[]
}

function expectedLogs(body: Uint8Array, vocabulary: Vocabulary): PlainLog[] {
  const { resourceLogs = [] } = raw.decode(body) as RawLogRequest
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs
      .flatMap(({ logRecords }) => logRecords ?? [])
      .map((log) => ({
        ...expectedLog(log, vocabulary),
        resource: expectedAttributes(resource?.attributes, vocabulary),
      })),
  )
}

function expectedLog(log: RawLog, vocabulary: Vocabulary): Omit<PlainLog, 'resource'> {
  const time = BigInt.asUintN(64, int64(log.timeUnixNano))
  const named = expectedAttributes(log.attributes, new Vocabulary({ names: ['event.name'] })).values['event.name']
  const known = [...FLAG_EVENT_NAMES, ...(vocabulary.events === 'all' ? [] : vocabulary.events)]
  const ofBody = log.body?.value === 'stringValue' ? text(log.body.stringValue) : ''
  const names = [text(log.eventName), typeof named === 'string' ? named : '', known.includes(ofBody) ? ofBody : '']
  return {
    traceId: log.traceId?.length === 16 ? Buffer.from(log.traceId).toString('hex') : '0'.repeat(32),
    time: time === 0n ? BigInt.asUintN(64, int64(log.observedTimeUnixNano)) : time,
    severity: expectedSeverity(log),
    eventName: names.find((name) => name !== '') ?? '',
    attributes: expectedAttributes(log.attributes, vocabulary),
  }
}

function expectedSeverity({ severityNumber = 0, severityText }: RawLog): number {
  return severityNumber >= 1 && severityNumber <= 24 ? severityNumber : severityOfText(text(severityText))
}

describe('the protobuf decoder of logs', () => {
  test('finds in random requests what a full decode finds, for any vocabulary', () => {
    fc.assert(
      fc.property(messages, (body) => {
        for (const [index, vocabulary] of vocabularies.entries()) {
          const logs = decodeLogs(decoders[index], body, vocabulary)
          expect(logs).toEqual(expectedLogs(body, vocabulary))
          expect(countLogs(body)).toBe(logs.length)
        }
      }),
      { numRuns, seed },
    )
  })

  test('finds it whatever the order, the pieces and the strangers among the fields', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const body = scramble(message, writable, dice(luck))
        for (const [index, vocabulary] of vocabularies.entries())
          expect(decodeLogs(decoders[index], body, vocabulary)).toEqual(expectedLogs(body, vocabulary))
      }),
      { numRuns, seed },
    )
  })

  test('refuses broken bytes with DecodeError alone', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const broken = damage(message, dice(luck))
        for (const read of [
          ...decoders.map((decoder) => () => decoder.decode(broken, () => {})),
          () => countLogs(broken),
        ])
          try {
            read()
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
      }),
      { numRuns: 2 * numRuns, seed },
    )
  })
})

test('the JSON decoder of logs finds the same as the other for the same content', () => {
  fc.assert(
    fc.property(messages, (body) => {
      const json = Buffer.from(toJson('logs', body))
      for (const [index, vocabulary] of vocabularies.entries()) {
        const logs = decodeLogs(jsonDecoders[index], json, vocabulary)
        expect(logs).toEqual(decodeLogs(decoders[index], body, vocabulary))
        expect(countLogsJson(json)).toBe(logs.length)
      }
    }),
    { numRuns, seed },
  )
})
