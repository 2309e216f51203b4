// The log decoders against protobufjs and against each other, on random requests, unusual and broken ones.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../src/model/log.ts'
import { FLAG_EVENT_NAMES, Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countLogs, LogDecoder } from '../../src/otlp/logs.ts'
import { countLogsJson, LogJsonDecoder } from '../../src/otlp/logs-json.ts'
import { severityOfText } from '../../src/otlp/severity.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { damage, dice, messageOf, scramble } from './generate.ts'
import { rawLogs, requests } from './proto.ts'
import {
  DEFAULT_NAMES,
  DEFAULT_PREFIXES,
  expectedAttributes,
  int64,
  type Long,
  type PlainAttributes,
  plainAttributes,
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

interface PlainLog {
  readonly traceId: string
  readonly time: bigint
  readonly severity: number
  readonly eventName: string
  readonly attributes: PlainAttributes
  readonly resource: PlainAttributes
}

function decodeLogs(
  decoder: { decode(body: Uint8Array, sink: (record: LogRecord) => void): number },
  body: Uint8Array,
  vocabulary: Vocabulary,
): PlainLog[] {
  const logs: PlainLog[] = []
  const count = decoder.decode(body, (record) =>
    logs.push({
      traceId: [...record.traceId].map((word) => word.toString(16).padStart(8, '0')).join(''),
      time: BigInt(record.second) * 1_000_000_000n + BigInt(record.nanos),
      severity: record.severity,
      eventName: record.eventName,
      attributes: plainAttributes(record.attributes, vocabulary),
      resource: plainAttributes(record.resource, vocabulary),
    }),
  )
  if (count !== logs.length) throw new Error(`decode returned ${count} for ${logs.length} records`)
  return logs
}

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
    severity: (log.severityNumber ?? 0) || severityOfText(text(log.severityText)),
    eventName: names.find((name) => name !== '') ?? '',
    attributes: expectedAttributes(log.attributes, vocabulary),
  }
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

describe('the name of an event', () => {
  const nameOf = (record: object): string => {
    const [log] = decodeLogs(
      jsonDecoders[0],
      Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] })),
      vocabularies[0],
    )
    return log.eventName
  }
  const attribute = (value: string) => ({ attributes: [{ key: 'event.name', value: { stringValue: value } }] })
  test.each<[string, object, string]>([
    ['is the field', { eventName: 'a', ...attribute('b'), body: { stringValue: 'control' } }, 'a'],
    ['else the attribute', { ...attribute('b'), body: { stringValue: 'control' } }, 'b'],
    ['else a body that is asked for', { body: { stringValue: 'control' } }, 'control'],
    [
      'else a body that tells of a flag evaluation',
      { body: { stringValue: 'feature_flag.evaluation' } },
      'feature_flag.evaluation',
    ],
    ['and no other text', { body: { stringValue: 'user 17 logged in' } }, ''],
  ])('%s', (_sentence, record, expected) => {
    expect(nameOf(record)).toBe(expected)
  })
})

describe('the severity of a text', () => {
  test.each([
    ['ERROR', 17],
    ['error', 17],
    ['ERROR3', 19],
    ['Warning', 13],
    ['CRITICAL', 21],
    ['FATAL4', 24],
    ['ERROR5', 0],
    ['', 0],
    ['whatever', 0],
  ])('%s is %i', (given, expected) => {
    expect(severityOfText(given)).toBe(expected)
  })
})
