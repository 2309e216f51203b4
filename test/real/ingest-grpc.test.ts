import type { ClientHttp2Session } from 'node:http2'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GrpcReceiver } from '../../src/ingest/grpc/receiver.ts'
import { encodeExportResponse, encodeStatus } from '../../src/otlp/responses.ts'
import {
  answered,
  EXPORT_TRACES,
  framed,
  type GrpcReply,
  openCall,
  openHttp2,
  type Rig,
  replyOf,
  startGrpc,
  unary,
} from './ingest-rig.ts'

let rig: Rig<GrpcReceiver>
let session: ClientHttp2Session

beforeEach(async () => {
  rig = await startGrpc()
  session = openHttp2(rig.port)
})

afterEach(async () => {
  session.destroy()
  await rig.receiver.stop(0)
  expect(rig.admission.inFlightBytes).toBe(0)
})

async function restart(options: Parameters<typeof startGrpc>[0]): Promise<void> {
  session.destroy()
  await rig.receiver.stop(0)
  rig = await startGrpc(options)
  session = openHttp2(rig.port)
}

const call = (body: Uint8Array | null, headers: Record<string, string> = {}): Promise<GrpcReply> =>
  unary(session, body, headers)

const SPANS = Buffer.alloc(5000, 'spans ')
const OK = { httpStatus: 200, status: 0 }

describe('success', () => {
  test.each<[string, Uint8Array, Record<string, string>]>([
    ['plain', framed(SPANS), {}],
    ['gzip', framed(gzipSync(SPANS), 1), { 'grpc-encoding': 'gzip' }],
    ['deflate', framed(deflateSync(SPANS), 1), { 'grpc-encoding': 'deflate' }],
    ['zstd', framed(zstdCompressSync(SPANS), 1), { 'grpc-encoding': 'zstd' }],
    ['identity by name', framed(SPANS), { 'grpc-encoding': 'identity' }],
    ['an encoding that this message does not use', framed(SPANS), { 'grpc-encoding': 'gzip' }],
    ['application/grpc+proto', framed(SPANS), { 'content-type': 'application/grpc+proto' }],
    ['a deadline far away', framed(SPANS), { 'grpc-timeout': '10S' }],
  ])('%s reaches the sink unchanged, and the answer is OK with an empty message', async (_name, body, headers) => {
    const reply = await call(body, headers)
    expect(reply).toMatchObject(OK)
    expect(reply.headers['content-type']).toBe('application/grpc')
    expect(reply.body.equals(framed(Buffer.alloc(0)))).toBe(true)
    expect(rig.sink.consumed).toHaveLength(1)
    expect(Buffer.from(rig.sink.consumed[0].body).equals(SPANS)).toBe(true)
    expect(rig.sink.consumed[0]).toMatchObject({ signal: 'traces', transport: 'grpc', encoding: 'protobuf' })
  })

  test('the three services hand on their own signal', async () => {
    for (const service of ['trace.v1.Trace', 'metrics.v1.Metrics', 'logs.v1.Logs']) {
      await call(framed(SPANS), { ':path': `/opentelemetry.proto.collector.${service}Service/Export` })
    }
    expect(rig.sink.consumed.map((request) => request.signal)).toEqual(['traces', 'metrics', 'logs'])
  })

  test('partial success is OK with a message that says what was refused', async () => {
    rig.sink.answer = () => ({ kind: 'accepted', refused: 2, message: '2 spans came too late' })
    const reply = await call(framed(SPANS))
    expect(reply).toMatchObject(OK)
    const expected = encodeExportResponse('traces', 'protobuf', { refused: 2, message: '2 spans came too late' })
    expect(reply.body.equals(framed(expected))).toBe(true)
  })

  test('an empty message is a success', async () => {
    expect(await call(framed(Buffer.alloc(0)))).toMatchObject(OK)
    expect(rig.sink.consumed).toEqual([])
  })

  test('a message may come a byte at a time', async () => {
    const stream = openCall(session)
    const reply = replyOf(stream)
    for (const byte of framed(Buffer.from('spans'))) stream.write(Buffer.of(byte))
    stream.end()
    expect(await reply).toMatchObject(OK)
    expect(Buffer.from(rig.sink.consumed[0].body).toString()).toBe('spans')
  })

  test('200 calls at once on one connection are answered, each its own', async () => {
    rig.sink.answer = async () => {
      const refused = rig.sink.consumed.length
      await new Promise((resolve) => setImmediate(resolve))
      return { kind: 'accepted', refused, message: '' }
    }
    const replies = await Promise.all(Array.from({ length: 200 }, () => call(framed(SPANS))))
    expect(replies.every((reply) => reply.status === 0)).toBe(true)
    expect(new Set(replies.map((reply) => reply.body.toString('hex'))).size).toBe(200)
    expect(answered(rig.counters)).toEqual(['traces 0 x200'])
  })
})

test('in used memory, each body stays as it is until its own answer', async () => {
  await restart({ borrowedBodies: true, settings: { maxInFlightBytes: 10_000_000 } })
  rig.sink.answer = async () => {
    const { body } = rig.sink.consumed[rig.sink.consumed.length - 1]
    await new Promise((resolve) => setImmediate(resolve))
    const refused = body.every((byte) => byte === body[0]) ? body[0] : -1
    return { kind: 'accepted', refused, message: '' }
  }
  for (let round = 0; round < 3; round++) {
    const sent = Array.from({ length: 100 }, (_, i) => i + 1)
    const replies = await Promise.all(sent.map((i) => call(framed(Buffer.alloc(100 + 500 * i, i)))))
    const told = replies.map((reply) => reply.body.at(-1))
    expect(told).toEqual(sent)
  }
})

describe('refusals', () => {
  const bomb = gzipSync(Buffer.alloc(100_001))
  test.each<[string, Uint8Array | null, Record<string, string>, number, RegExp, string[]]>([
    [
      'an unknown method',
      framed(SPANS),
      { ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Import' },
      12,
      /no method .*Import/,
      [],
    ],
    ['an unknown service', framed(SPANS), { ':path': '/shop.v1.Cart/Get' }, 12, /no method/, []],
    ['Health/Watch', framed(Buffer.alloc(0)), { ':path': '/grpc.health.v1.Health/Watch' }, 12, /no method/, []],
    ['no message', null, {}, 13, /no message/, []],
    ['half a prefix', Buffer.from([0, 0]), {}, 13, /ends within/, []],
    ['half a message', framed(SPANS).subarray(0, 1000), {}, 13, /ends within/, []],
    [
      'two messages',
      Buffer.concat([framed(SPANS), framed(SPANS)]),
      {},
      13,
      /more than one message/,
      ['traces grpc malformed'],
    ],
    ['unknown flags', framed(SPANS, 2), {}, 13, /flags/, ['traces grpc malformed']],
    [
      'the compressed flag without an encoding',
      framed(gzipSync(SPANS), 1),
      {},
      13,
      /no grpc-encoding/,
      ['traces grpc malformed'],
    ],
    [
      'broken gzip',
      framed(SPANS, 1),
      { 'grpc-encoding': 'gzip' },
      13,
      /gzip data are broken/,
      ['traces grpc malformed'],
    ],
    ['an unknown encoding', framed(SPANS, 1), { 'grpc-encoding': 'snappy' }, 12, /snappy/, ['traces grpc malformed']],
    ['too large a message', framed(Buffer.alloc(100_001)), {}, 8, /100001 bytes.*100000/, ['traces grpc malformed']],
    ['a bomb', framed(bomb, 1), { 'grpc-encoding': 'gzip' }, 8, /larger than/, ['traces grpc malformed']],
    [
      'a deadline that is none',
      framed(SPANS),
      { 'grpc-timeout': 'soon' },
      13,
      /grpc-timeout/,
      ['traces grpc malformed'],
    ],
    ['a deadline that has passed', framed(SPANS), { 'grpc-timeout': '0m' }, 4, /deadline/, []],
  ])('%s', async (_name, body, headers, status, message, ledger) => {
    const reply = await call(body, headers)
    expect(reply).toMatchObject({ httpStatus: 200, status })
    expect(reply.message).toMatch(message)
    expect(rig.sink.consumed).toEqual([])
    expect(rig.sink.refusals).toEqual(ledger)
    expect(rig.counters.rows().map((row) => row.code)).toEqual([String(status)])
    expect(await call(framed(SPANS))).toMatchObject(OK)
  })

  test('what is no gRPC is refused by HTTP status', async () => {
    expect(await call(framed(SPANS), { 'content-type': 'application/json' })).toMatchObject({
      httpStatus: 415,
      status: null,
    })
    expect(await call(null, { ':method': 'GET' })).toMatchObject({ httpStatus: 405, status: null })
    expect(await call(null, { ':method': 'HEAD' })).toMatchObject({ httpStatus: 405 })
    expect(answered(rig.counters)).toEqual(['- 405 x2', '- 415 x1'])
  })

  test('an unknown encoding is told which are taken', async () => {
    const reply = await call(framed(SPANS, 1), { 'grpc-encoding': 'snappy' })
    expect(reply.headers['grpc-accept-encoding']).toBe('gzip,deflate,zstd,identity')
  })

  test('a signal that is not taken yet is UNIMPLEMENTED and says so', async () => {
    rig.sink.inactive = ['metrics']
    const reply = await call(framed(SPANS), {
      ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    })
    expect(reply).toMatchObject({ status: 12, message: 'this version of cohortd does not take metrics yet' })
    expect(rig.sink.refusals).toEqual([])
  })

  test('undecodable data are INVALID_ARGUMENT with a BadRequest', async () => {
    const message = 'field 7 is cut short, “naïve”'
    rig.sink.answer = () => ({ kind: 'malformed', message })
    const reply = await call(framed(SPANS))
    expect(reply).toMatchObject({ status: 3, message })
    const badRequest = { field: 'body', description: message }
    const details = String(reply.headers['grpc-status-details-bin'])
    expect(details).not.toContain('=')
    expect(Buffer.from(details, 'base64').equals(encodeStatus('protobuf', { code: 3, message, badRequest }))).toBe(true)
  })

  test('a sink that cannot take more is UNAVAILABLE with RetryInfo', async () => {
    rig.sink.answer = () => ({ kind: 'unavailable', message: 'queue full', retryAfterSeconds: 7 })
    const reply = await call(framed(SPANS))
    expect(reply.status).toBe(14)
    const expected = encodeStatus('protobuf', { code: 14, message: 'queue full', retryAfterSeconds: 7 })
    expect(Buffer.from(String(reply.headers['grpc-status-details-bin']), 'base64').equals(expected)).toBe(true)
  })

  test('too large a message is final: no RetryInfo goes with it', async () => {
    const reply = await call(framed(Buffer.alloc(100_001)))
    expect(reply.headers['grpc-status-details-bin']).toBeUndefined()
  })

  test('a failing sink is INTERNAL for one call only', async () => {
    rig.sink.answer = () => Promise.reject(new Error('bug'))
    expect(await call(framed(SPANS))).toMatchObject({ status: 13 })
    expect(rig.warnings).toHaveLength(1)
  })

  test('refused bodies do not eat up the window of the connection', async () => {
    for (let i = 0; i < 60; i++) {
      const reply = await call(framed(Buffer.alloc(200_000)))
      expect(reply.status).toBe(8)
    }
    expect(await call(framed(SPANS))).toMatchObject(OK)
  })

  test('the length alone is enough to refuse: the answer does not wait for the body', async () => {
    const stream = openCall(session)
    stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]))
    expect(await replyOf(stream)).toMatchObject({ status: 8 })
  })
})

describe('health', () => {
  const CHECK = { ':path': '/grpc.health.v1.Health/Check' }
  const ask = (service: string): Promise<GrpcReply> =>
    call(framed(Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)])), CHECK)

  test('the server and its services are serving', async () => {
    expect((await call(framed(Buffer.alloc(0)), CHECK)).body.toString('hex')).toBe('00000000020801')
    const reply = await ask('opentelemetry.proto.collector.trace.v1.TraceService')
    expect(reply.body.toString('hex')).toBe('00000000020801')
  })

  test('unknown services, and signals that are not taken, are NOT_FOUND', async () => {
    rig.sink.inactive = ['logs']
    expect(await ask('shop.v1.Cart')).toMatchObject({ status: 5 })
    expect(await ask('opentelemetry.proto.collector.logs.v1.LogsService')).toMatchObject({ status: 5 })
  })

  test('what is no HealthCheckRequest is refused', async () => {
    expect(await call(framed(Buffer.from('ffff', 'hex')), CHECK)).toMatchObject({ status: 3 })
    expect(await call(framed(Buffer.alloc(2000)), CHECK)).toMatchObject({ status: 8 })
  })
})

describe('overload and leaving', () => {
  test('calls beyond the budget are refused before their bytes come, and fit again afterwards', async () => {
    await restart({ settings: { maxInFlightBytes: 50_000 } })
    const held = rig.sink.hold()
    const first = call(framed(Buffer.alloc(40_000)))
    await held.arrived
    const second = await call(framed(Buffer.alloc(20_000)))
    expect(second.status).toBe(14)
    expect(second.headers['grpc-status-details-bin']).toBeDefined()
    expect(rig.sink.refusals).toEqual(['traces grpc overload'])
    held.release()
    expect(await first).toMatchObject(OK)
    expect(await call(framed(Buffer.alloc(20_000)))).toMatchObject(OK)
  })

  test('a cancelled call is not counted and gives its share back', async () => {
    const stream = openCall(session)
    const reply = replyOf(stream)
    stream.write(framed(SPANS).subarray(0, 100))
    await expect.poll(() => rig.admission.inFlightBytes).toBe(5000)
    stream.close(8)
    await expect(reply).rejects.toThrow(/closed without an answer/)
    await expect.poll(() => rig.admission.inFlightBytes).toBe(0)
    expect(rig.sink.consumed).toEqual([])
    expect(rig.sink.refusals).toEqual([])
  })

  test('a lost connection gives the shares of its calls back', async () => {
    openCall(session)
      .on('error', () => undefined)
      .write(framed(SPANS).subarray(0, 100))
    await expect.poll(() => rig.admission.inFlightBytes).toBe(5000)
    session.destroy()
    await expect.poll(() => rig.admission.inFlightBytes).toBe(0)
    expect(answered(rig.counters)).toEqual(['traces aborted x1'])
    expect(rig.sink.refusals).toEqual([])
  })
})

test('the path of Export is the one of the OTLP protocol', () => {
  expect(EXPORT_TRACES).toBe('/opentelemetry.proto.collector.trace.v1.TraceService/Export')
})
