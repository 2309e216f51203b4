// Protobuf to OTLP/JSON: nothing lost on the way, for all three signals.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { SIGNALS } from '../../src/model/signal.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { MAX_MESSAGE_DEPTH, toJson } from '../../src/otlp/transcode.ts'
import { ProtobufWriter } from '../../src/otlp/writer.ts'
import { encodeTraces, type ValueInput } from './encode.ts'
import { tracesAsJson } from './encode-json.ts'
import { damage, dice, messageOf, scramble } from './generate.ts'
import { REFUSED_BY_US_ALONE, requests } from './proto.ts'
import { typicalResourceSpans } from './typical.ts'

const numRuns = Number(process.env.FUZZ_RUNS ?? 150)
vi.setConfig({ testTimeout: 20_000 + 20 * numRuns })
const seed = 20261123

const TYPES = {
  traces: requests.lookupType('ExportTraceServiceRequest'),
  metrics: requests.lookupType('ExportMetricsServiceRequest'),
  logs: requests.lookupType('ExportLogsServiceRequest'),
}

describe.each(SIGNALS)('%s', (signal) => {
  const type = TYPES[signal]
  const canonical = (bytes: Uint8Array) => Buffer.from(type.encode(type.decode(bytes)).finish()).toString('hex')

  test('the JSON, read and encoded by protobufjs, is the message again', () => {
    fc.assert(
      fc.property(messageOf(type), fc.nat(), (message, luck) => {
        const body = scramble(type.encode(type.fromObject(message)).finish(), type, dice(luck))
        const text = toJson(signal, body)
        expect(text).not.toContain('\n')
        const again = type.encode(type.fromObject(withBase64Ids(JSON.parse(text)) as object)).finish()
        expect(canonical(again)).toBe(canonical(body))
      }),
      { numRuns, seed },
    )
  })

  test('broken bytes give DecodeError, or JSON', () => {
    fc.assert(
      fc.property(messageOf(type), fc.nat(), (message, luck) => {
        const body = damage(type.encode(type.fromObject(message)).finish(), dice(luck))
        try {
          JSON.parse(toJson(signal, body))
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error
          if (error.reason !== REFUSED_BY_US_ALONE) expect(() => type.decode(body)).toThrow()
        }
      }),
      { numRuns, seed, endOnFailure: true },
    )
  })

  test('an empty request is an empty object', () => {
    expect(toJson(signal, new Uint8Array(0))).toBe('{}')
  })
})

test('a request of spans comes out as a sender would write it', () => {
  expect(JSON.parse(toJson('traces', encodeTraces(typicalResourceSpans(3))))).toEqual(
    tracesAsJson(typicalResourceSpans(3)),
  )
})

test('64-bit numbers are texts, ids are hexadecimal, bytes are base64, what JSON has no number for is a text', () => {
  const attributes = {
    a: 2n ** 63n - 1n,
    b: new Uint8Array([255, 254]),
    c: Number.NaN,
    d: { double: -0 },
    e: [true, null],
  }
  const body = encodeTraces([
    { spans: [{ spanId: 'ABcd', endTimeUnixNano: 2n ** 64n - 1n, flags: 0xffffffff, attributes }] },
  ])
  expect(JSON.parse(toJson('traces', body)).resourceSpans[0].scopeSpans[0].spans[0]).toEqual({
    spanId: 'abcd',
    endTimeUnixNano: '18446744073709551615',
    flags: 4294967295,
    attributes: [
      { key: 'a', value: { intValue: '9223372036854775807' } },
      { key: 'b', value: { bytesValue: '//4=' } },
      { key: 'c', value: { doubleValue: 'NaN' } },
      { key: 'd', value: { doubleValue: '-0' } },
      { key: 'e', value: { arrayValue: { values: [{ boolValue: true }, {}] } } },
    ],
  })
})

test('of the members of a oneof the last counts', () => {
  const value = (write: (any: ProtobufWriter) => void) =>
    new ProtobufWriter()
      .message(1, (resourceLogs) => {
        resourceLogs.message(2, (scopeLogs) => {
          scopeLogs.message(2, (record) => {
            record.message(5, write)
          })
        })
      })
      .finish()
  const array = (any: ProtobufWriter) => any.message(5, (list) => list.message(1, (item) => item.integer(3, 1)))
  const body = value((any) => void array(array(any.string(1, 'a')).integer(2, true)))
  expect(JSON.parse(toJson('logs', body)).resourceLogs[0].scopeLogs[0].logRecords[0]).toEqual({
    body: { arrayValue: { values: [{ intValue: '1' }] } },
  })
})

test('packed and unpacked numbers are the same list', () => {
  const packed = new ProtobufWriter().raw(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])).finish()
  const point = (write: (writer: ProtobufWriter) => void) =>
    new ProtobufWriter()
      .message(1, (resource) => {
        resource.message(2, (scope) => {
          scope.message(2, (metric) => {
            metric.message(9, (histogram) => {
              histogram.message(1, write)
            })
          })
        })
      })
      .finish()
  const unpacked = point((writer) => void writer.fixed64(6, 1).fixed64(6, 2))
  expect(
    toJson(
      'metrics',
      point((writer) => void writer.bytes(6, packed)),
    ),
  ).toBe(toJson('metrics', unpacked))
  expect(toJson('metrics', unpacked)).toContain('"bucketCounts":["1","2"]')
})

test('nesting is bounded', () => {
  let value: ValueInput = 1
  for (let depth = 0; depth < MAX_MESSAGE_DEPTH; depth++) value = [value]
  const body = encodeTraces([{ resource: { deep: value } }])
  expect(() => toJson('traces', body)).toThrow('nested too deeply')
})

/** protobufjs has base64 for all bytes, OTLP has hexadecimal for ids. */
function withBase64Ids(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBase64Ids)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [
      name,
      /^(trace|span|parentSpan)Id$/.test(name) && typeof inner === 'string'
        ? Buffer.from(inner, 'hex').toString('base64')
        : withBase64Ids(inner),
    ]),
  )
}
