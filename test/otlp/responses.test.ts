// What senders are told: bodies that protobufjs reads, and the numbers that decide whether they try again.
import { describe, expect, test } from 'vitest'
import { SIGNALS } from '../../src/model/signal.ts'
import { encodeExportResponse, encodeStatus, MAX_MESSAGE_LENGTH } from '../../src/otlp/responses.ts'
import { grpcCodeOf, httpStatusOf, isRetryable, type RefusalKind, refusalOfOutcome } from '../../src/otlp/status.ts'
import { answers } from './proto.ts'

const RESPONSES = {
  traces: ['ExportTraceServiceResponse', 'rejectedSpans'],
  metrics: ['ExportMetricsServiceResponse', 'rejectedDataPoints'],
  logs: ['ExportLogsServiceResponse', 'rejectedLogRecords'],
} as const

function read(type: string, bytes: Uint8Array): unknown {
  const message = answers.lookupType(type)
  return message.toObject(message.decode(bytes), { longs: String })
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString())
}

describe.each(SIGNALS)('the answer to %s', (signal) => {
  const [type, rejected] = RESPONSES[signal]
  test('full success is an empty message', () => {
    expect(encodeExportResponse(signal, 'protobuf', { refused: 0, message: '' }).length).toBe(0)
    expect(Buffer.from(encodeExportResponse(signal, 'json', { refused: 0, message: '' })).toString()).toBe('{}')
  })
  test('partial success says how many and why', () => {
    const result = { refused: 2 ** 40, message: 'späte' }
    const partialSuccess = { [rejected]: '1099511627776', errorMessage: 'späte' }
    expect(read(type, encodeExportResponse(signal, 'protobuf', result))).toEqual({ partialSuccess })
    expect(json(encodeExportResponse(signal, 'json', result))).toEqual({ partialSuccess })
  })
  test('a warning rejects nothing', () => {
    const result = { refused: 0, message: 'careful' }
    const partialSuccess = { errorMessage: 'careful' }
    expect(read(type, encodeExportResponse(signal, 'protobuf', result))).toEqual({ partialSuccess })
    expect(json(encodeExportResponse(signal, 'json', result))).toEqual({ partialSuccess })
  })
})

describe('google.rpc.Status', () => {
  test('code and message', () => {
    const content = { code: 3, message: 'no such field' }
    expect(read('Status', encodeStatus('protobuf', content))).toEqual(content)
    expect(json(encodeStatus('json', content))).toEqual(content)
  })

  test.each([
    [0, {}, '0s'],
    [5, { seconds: '5' }, '5s'],
    [1.5, { seconds: '1', nanos: 500_000_000 }, '1.500s'],
    [0.02, { nanos: 20_000_000 }, '0.020s'],
    [-1, {}, '0s'],
  ])('a delay of %f s', (retryAfterSeconds, duration, text) => {
    const content = { code: 14, message: 'busy', retryAfterSeconds }
    const status = read('Status', encodeStatus('protobuf', content)) as {
      details: { typeUrl: string; value: Uint8Array }[]
    }
    expect(status.details.map((detail) => detail.typeUrl)).toEqual(['type.googleapis.com/google.rpc.RetryInfo'])
    expect(read('RetryInfo', status.details[0].value)).toEqual({ retryDelay: duration })
    expect(json(encodeStatus('json', content))).toMatchObject({
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: text }],
    })
  })

  test('a violation', () => {
    const violation = { field: 'resourceSpans', description: 'expected an array' }
    const content = { code: 3, message: 'bad', badRequest: violation }
    const status = read('Status', encodeStatus('protobuf', content)) as {
      details: { typeUrl: string; value: Uint8Array }[]
    }
    expect(read('BadRequest', status.details[0].value)).toEqual({ fieldViolations: [violation] })
    expect(json(encodeStatus('json', content))).toMatchObject({
      details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [violation] }],
    })
  })

  test('a message is cut, never through a character', () => {
    const long = '\u{1f600}'.repeat(MAX_MESSAGE_LENGTH)
    for (const encoding of ['protobuf', 'json'] as const) {
      const bytes = encodeStatus(encoding, { code: 3, message: `x${long}` })
      const text =
        encoding === 'json'
          ? (json(bytes) as { message: string }).message
          : (read('Status', bytes) as { message: string }).message
      expect(text.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH)
      expect(text.endsWith('…')).toBe(true)
      expect(text.isWellFormed()).toBe(true)
    }
  })
})

describe('wire statuses', () => {
  const table: [RefusalKind, number, number][] = [
    ['malformed', 3, 400],
    ['too_large', 8, 413],
    ['unsupported_media', 3, 415],
    ['unsupported_encoding', 12, 415],
    ['wrong_method', 12, 405],
    ['unknown_path', 12, 404],
    ['signal_not_active', 12, 404],
    ['unauthorized', 16, 401],
    ['overload', 14, 503],
    ['shutting_down', 14, 503],
    ['timeout', 4, 503],
    ['internal', 13, 500],
  ]
  // The specification's own lists of what a client tries again.
  const retriedCodes = [1, 4, 10, 11, 14, 15]
  const retriedStatuses = [429, 502, 503, 504]
  test.each(table)('%s is gRPC %i and HTTP %i, and both say the same about retrying', (kind, code, status) => {
    expect([grpcCodeOf(kind), httpStatusOf(kind)]).toEqual([code, status])
    expect([retriedCodes.includes(code), retriedStatuses.includes(status)]).toEqual([
      isRetryable(kind),
      isRetryable(kind),
    ])
  })

  test('outcomes', () => {
    expect(refusalOfOutcome({ kind: 'accepted', refused: 3, message: 'late' })).toBeNull()
    expect(refusalOfOutcome({ kind: 'malformed', message: '' })).toBe('malformed')
    expect(refusalOfOutcome({ kind: 'unavailable', message: '', retryAfterSeconds: 1 })).toBe('overload')
  })
})
