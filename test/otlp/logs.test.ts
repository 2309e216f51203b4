// The log decoders against protobufjs and against each other, on random requests, unusual and broken ones.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { FLAG_EVENT_NAMES, Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { countLogs, LogDecoder } from '../../src/otlp/logs.ts'
import { countLogsJson, LogJsonDecoder } from '../../src/otlp/logs-json.ts'
import { severityOfText } from '../../src/otlp/severity.ts'
import { toJson } from '../../src/otlp/transcode.ts'
import { attempt } from './attempt.ts'
import { damage, dice, messageOf, reordered, scramble } from './generate.ts'
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
vi.setConfig({ testTimeout: 20_000 + 20 * numRuns })
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
const PROTOBUF = { decoders, count: countLogs }
const JSON_TEXT = { decoders: jsonDecoders, count: countLogsJson }
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

  test('refuses broken bytes with DecodeError alone, and reads of others what a full decode finds', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const roll = dice(luck)
        judgeBytes(damage(roll(2) === 0 ? message : scramble(message, writable, roll), roll))
      }),
      // Shrinking the bytes would only break them elsewhere.
      { numRuns: 2 * numRuns, seed, endOnFailure: true },
    )
  })

  test('refuses or reads any short bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), judgeBytes), { numRuns, seed })
  })
})

describe('the JSON decoder of logs', () => {
  test('finds the same as the other for the same content, whatever the order and the strangers in either', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const body = scramble(message, writable, dice(luck))
        const text = toJson('logs', body)
        const otherwise = JSON.stringify(reordered(JSON.parse(text), dice(luck)), null, luck % 3)
        for (const [index, vocabulary] of vocabularies.entries()) {
          const logs = decodeLogs(decoders[index], body, vocabulary)
          expect(countLogs(body)).toBe(logs.length)
          for (const json of [Buffer.from(text), Buffer.from(otherwise)]) {
            expect(decodeLogs(jsonDecoders[index], json, vocabulary)).toEqual(logs)
            expect(countLogsJson(json)).toBe(logs.length)
          }
        }
      }),
      { numRuns, seed },
    )
  })

  test('refuses broken text with DecodeError alone, and what it takes is JSON', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, luck) => {
        const broken = damage(Buffer.from(toJson('logs', message)), dice(luck))
        if (judged(broken, JSON_TEXT).some((logs) => !(logs instanceof DecodeError)))
          expect(() => JSON.parse(Buffer.from(broken).toString())).not.toThrow()
      }),
      { numRuns: 2 * numRuns, seed, endOnFailure: true },
    )
  })

  test('after a refusal the next request is read as if nothing had been', () => {
    const text = Buffer.from(
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":17,"eventName":"x"},{}]}]}]}',
    )
    const [decoder, vocabulary] = [jsonDecoders[0], vocabularies[0]]
    const logs = decodeLogs(decoder, text, vocabulary)
    for (let end = 0; end < text.length; end++)
      expect(() => decodeLogs(decoder, text.subarray(0, end), vocabulary)).toThrow(DecodeError)
    expect(decodeLogs(decoder, text, vocabulary)).toEqual(logs)
    expect(logs.map(({ severity, eventName }) => [severity, eventName])).toEqual([
      [17, 'x'],
      [0, ''],
    ])
  })
})

function judgeBytes(body: Uint8Array): void {
  for (const [index, logs] of judged(body, PROTOBUF).entries()) {
    if (logs instanceof DecodeError || !isWhole(body)) continue
    expect(logs).toEqual(expectedLogs(body, vocabularies[index]))
  }
}

/** Whether a full decode takes it: what a selective one passes over may be broken. */
function isWhole(body: Uint8Array): boolean {
  try {
    raw.decode(body)
    return true
  } catch {
    return false
  }
}

/** What each vocabulary's decoder finds or refuses with; where it finds records, they are as many as are counted. */
function judged(body: Uint8Array, codec: typeof PROTOBUF | typeof JSON_TEXT): (PlainLog[] | DecodeError)[] {
  const count = attempt(() => codec.count(body))
  const found = codec.decoders.map((decoder, index) => attempt(() => decodeLogs(decoder, body, vocabularies[index])))
  for (const logs of found) if (!(logs instanceof DecodeError)) expect(logs.length).toBe(count)
  return found
}
