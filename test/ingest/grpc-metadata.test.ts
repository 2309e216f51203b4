import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHealthRequest } from '../../src/ingest/grpc/health.ts'
import {
  binaryHeader,
  isGrpcProtobuf,
  percentEncoded,
  shortMessage,
  timeoutMs,
} from '../../src/ingest/grpc/metadata.ts'
import { methodOf, signalOfService } from '../../src/ingest/grpc/methods.ts'
import { protocolOf } from '../../src/ingest/grpc/preface.ts'

test.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['10S', 10_000],
  ['250m', 250],
  ['99999999u', 99_999.999],
  ['1000000n', 1],
  ['0S', 0],
  [undefined, Number.POSITIVE_INFINITY],
  ['', null],
  ['1', null],
  ['S', null],
  ['-1S', null],
  ['1.5S', null],
  ['1s', null],
  ['123456789S', null],
])('grpc-timeout %j is %j ms', (header, ms) => {
  const got = timeoutMs(header)
  if (ms === null || got === null) expect(got).toBe(ms)
  else if (ms === Number.POSITIVE_INFINITY) expect(got).toBe(ms)
  else expect(got).toBeCloseTo(ms, 6)
})

test('a repeated grpc-timeout is refused', () => {
  expect(timeoutMs(['1S', '2S'])).toBeNull()
})

test.each([
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc;charset=utf-8', true],
  ['Application/GRPC', true],
  ['application/grpc+json', false],
  ['application/grpc-web', false],
  ['application/json', false],
  [undefined, false],
])('content-type %j is gRPC with protobuf: %j', (type, yes) => {
  expect(isGrpcProtobuf(type)).toBe(yes)
})

test('a status message goes through a header and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (message) => {
      const encoded = percentEncoded(message)
      expect(encoded).toMatch(/^[\x20-\x7e]*$/)
      expect(decodeURIComponent(encoded)).toBe(message)
    }),
  )
})

test('printable ASCII stays readable, and a lone surrogate is no failure', () => {
  expect(percentEncoded('100% of 5 spans,\nüber')).toBe('100%25 of 5 spans,%0A%C3%BCber')
  expect(percentEncoded('\ud800')).toBe('%EF%BF%BD')
})

test('a long message is cut to what a header may carry', () => {
  expect(percentEncoded(shortMessage('界'.repeat(10_000))).length).toBeLessThan(3000)
  expect(shortMessage('short')).toBe('short')
})

test('a binary header is base64 without padding', () => {
  expect(binaryHeader(Uint8Array.of(8))).toBe('CA')
  expect(binaryHeader(new Uint8Array([9, 8, 7, 6]).subarray(1, 2))).toBe('CA')
})

test.each([
  ['', ''],
  ['0a00', ''],
  ['0a0178', 'x'],
  ['0a02', null],
  ['1201ff', null],
  ['0a017800', null],
])('HealthCheckRequest %s asks for %j', (hex, service) => {
  expect(decodeHealthRequest(Buffer.from(hex, 'hex'))).toBe(service)
})

test('methods are found by their whole path only', () => {
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
  expect(methodOf(path)).toEqual({ kind: 'export', signal: 'logs' })
  expect(methodOf(`${path}/`)).toBeNull()
  expect(methodOf('/grpc.health.v1.Health/Check')).toEqual({ kind: 'health' })
  expect(methodOf('/grpc.health.v1.Health/Watch')).toBeNull()
  expect(signalOfService('opentelemetry.proto.collector.trace.v1.TraceService')).toBe('traces')
  expect(signalOfService('')).toBeNull()
})

test.each([
  ['PRI * HTTP/2.0', 'http2'],
  ['POST /v1/traces HTTP/1.1', 'http1'],
  ['GET / HTTP/1.1', 'http1'],
  ['\x16\x03\x01\x02\x00', 'tls'],
  ['SSH-2.0-OpenSSH', 'unknown'],
  ['PR', null],
  ['', null],
])('a connection that begins with %j speaks %j', (start, protocol) => {
  expect(protocolOf(Buffer.from(start, 'latin1'))).toBe(protocol)
})
