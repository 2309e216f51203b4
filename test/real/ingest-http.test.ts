import { Agent } from 'node:http'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpReceiver } from '../../src/ingest/http/receiver.ts'
import { encodeStatus } from '../../src/otlp/responses.ts'
import {
  answered,
  type HttpAnswer,
  type HttpSent,
  JSON_TYPE,
  PROTOBUF,
  RawClient,
  type Rig,
  sendHttp,
  startHttp,
} from './ingest-rig.ts'

let rig: Rig<HttpReceiver>
let agent: Agent

beforeEach(async () => {
  agent = new Agent({ keepAlive: true })
  rig = await startHttp({ settings: { corsOrigins: ['https://*.example.com'] } })
})

afterEach(async () => {
  agent.destroy()
  await rig.receiver.stop(0)
  expect(rig.admission.inFlightBytes).toBe(0)
})

const send = (sent: HttpSent): Promise<HttpAnswer> => sendHttp({ port: rig.port, agent }, sent)

const SPANS = Buffer.alloc(5000, 'spans ')

describe('success', () => {
  test.each<[string, HttpSent]>([
    ['plain protobuf', { body: SPANS }],
    ['gzip', { body: gzipSync(SPANS), headers: { ...PROTOBUF, 'content-encoding': 'gzip' } }],
    ['deflate', { body: deflateSync(SPANS), headers: { ...PROTOBUF, 'content-encoding': 'deflate' } }],
    ['zstd', { body: zstdCompressSync(SPANS), headers: { ...PROTOBUF, 'content-encoding': 'zstd' } }],
    ['identity by name', { body: SPANS, headers: { ...PROTOBUF, 'content-encoding': 'identity' } }],
    ['a media type with parameters', { body: SPANS, headers: { 'content-type': 'Application/X-Protobuf; v=1' } }],
    ['chunks without a length', { body: SPANS, headers: { ...PROTOBUF, 'transfer-encoding': 'chunked' } }],
  ])('%s reaches the sink unchanged, and the answer is 200 with an empty message', async (_name, sent) => {
    const answer = await send(sent)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/x-protobuf')
    expect(answer.body).toHaveLength(0)
    expect(rig.sink.consumed).toHaveLength(1)
    expect(Buffer.from(rig.sink.consumed[0].body).equals(SPANS)).toBe(true)
    expect(rig.sink.consumed[0]).toMatchObject({ signal: 'traces', transport: 'http', encoding: 'protobuf' })
  })

  test.each(['traces', 'metrics', 'logs'] as const)('JSON %s are answered in JSON', async (signal) => {
    const answer = await send({
      path: `/v1/${signal}`,
      body: '{"a":1}',
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(answer.body.toString()).toBe('{}')
    expect(rig.sink.consumed[0]).toMatchObject({ signal, encoding: 'json' })
  })

  test('partial success is a 200 that says what was refused', async () => {
    rig.sink.answer = () => ({ kind: 'accepted', refused: 2, message: '2 spans came too late' })
    const answer = await send({ body: '{"a":1}', headers: JSON_TYPE })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '2', errorMessage: '2 spans came too late' },
    })
  })

  test('an empty body is a success', async () => {
    expect((await send({})).status).toBe(200)
    expect((await send({ headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' } })).body.toString()).toBe('{}')
    expect(rig.sink.consumed).toEqual([])
  })

  test('one connection carries many requests', async () => {
    for (let i = 0; i < 5; i++) await send({ body: SPANS })
    expect(rig.sink.consumed).toHaveLength(5)
    expect(answered(rig.counters)).toEqual(['traces 200 x5'])
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
  })

  test('a sink that answers later answers each its own', async () => {
    rig.sink.answer = async () => {
      const refused = rig.sink.consumed.length
      await new Promise((resolve) => setImmediate(resolve))
      return { kind: 'accepted', refused, message: 'some' }
    }
    const answers = await Promise.all(Array.from({ length: 20 }, () => send({ body: '{"a":1}', headers: JSON_TYPE })))
    const told = answers.map((answer) => Number(JSON.parse(answer.body.toString()).partialSuccess.rejectedSpans))
    expect(told.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })
})

describe('refusals', () => {
  const BIG = Buffer.alloc(100_001)
  test.each<[string, HttpSent, number, RegExp, string[]]>([
    [
      'an unknown path',
      { path: '/v1/trace' },
      404,
      /\/v1\/trace: .*POST \/v1\/traces, \/v1\/metrics or \/v1\/logs/,
      [],
    ],
    ['the root, by a browser', { path: '/', method: 'GET', headers: {} }, 404, /OTLP\/gRPC.*9464/, []],
    ['another method', { method: 'PUT', body: 'x' }, 405, /POST only/, []],
    [
      'an unknown media type',
      { headers: { 'content-type': 'text/plain' }, body: 'x' },
      415,
      /text\/plain/,
      ['traces http malformed'],
    ],
    ['no media type', { headers: {}, body: 'x' }, 415, /no Content-Type/, ['traces http malformed']],
    [
      'an unknown encoding',
      { headers: { ...PROTOBUF, 'content-encoding': 'br' }, body: 'x' },
      415,
      /gzip, deflate, zstd/,
      ['traces http malformed'],
    ],
    [
      'broken gzip',
      { headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body: 'no gzip' },
      400,
      /gzip data are broken/,
      ['traces http malformed'],
    ],
    ['too many bytes', { body: BIG }, 413, /100001 bytes.*100000/, ['traces http malformed']],
    [
      'too many bytes in chunks',
      { body: BIG, headers: { ...PROTOBUF, 'transfer-encoding': 'chunked' } },
      413,
      /larger than/,
      ['traces http malformed'],
    ],
    [
      'a bomb',
      { body: gzipSync(BIG), headers: { ...PROTOBUF, 'content-encoding': 'gzip' } },
      413,
      /larger than/,
      ['traces http malformed'],
    ],
  ])('%s', async (_name, sent, status, message, ledger) => {
    const answer = await send(sent)
    expect(answer.status).toBe(status)
    expect(answer.body.toString()).toMatch(message)
    expect(rig.sink.consumed).toEqual([])
    expect(rig.sink.refusals).toEqual(ledger)
    expect(rig.counters.rows().map((row) => row.code)).toEqual([String(status)])
    const after = await send({ body: SPANS })
    expect(after.status).toBe(200)
  })

  test('a refusal is a google.rpc.Status in the encoding of the request, JSON where that is unknown', async () => {
    const json = await send({ path: '/nowhere', headers: { 'content-type': 'text/html' } })
    expect(json.headers['content-type']).toBe('application/json')
    expect(JSON.parse(json.body.toString())).toMatchObject({ code: 12, message: expect.stringContaining('/nowhere') })
    rig.sink.answer = () => ({ kind: 'malformed', message: 'field 7 is cut short' })
    const protobuf = await send({ body: 'x' })
    expect(protobuf.status).toBe(400)
    expect(protobuf.headers['content-type']).toBe('application/x-protobuf')
    const badRequest = { field: 'body', description: 'field 7 is cut short' }
    expect(
      protobuf.body.equals(encodeStatus('protobuf', { code: 3, message: 'field 7 is cut short', badRequest })),
    ).toBe(true)
  })

  test('a signal that is not taken yet is a 404 that says so', async () => {
    rig.sink.inactive = ['logs']
    const answer = await send({ path: '/v1/logs', body: '{}', headers: JSON_TYPE })
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.body.toString()).message).toMatch(/does not take logs yet/)
    expect(rig.sink.refusals).toEqual([])
  })

  test('405 names what is allowed, 415 the encodings', async () => {
    expect((await send({ method: 'GET', headers: {} })).headers.allow).toBe('POST, OPTIONS')
    const answer = await send({ headers: { ...PROTOBUF, 'content-encoding': 'br' }, body: 'x' })
    expect(answer.headers['accept-encoding']).toBe('gzip, deflate, zstd, identity')
  })

  test('a sink that cannot take more is a 503 with whole seconds to wait', async () => {
    rig.sink.answer = () => ({ kind: 'unavailable', message: 'queue full', retryAfterSeconds: 1.2 })
    const answer = await send({ body: '{"a":1}', headers: JSON_TYPE })
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
    expect(JSON.parse(answer.body.toString()).details[0].retryDelay).toBe('1.200s')
    expect(rig.sink.refusals).toEqual([])
  })

  test('a failing sink is a 500 for one request only', async () => {
    rig.sink.answer = () => Promise.reject(new Error('bug'))
    expect((await send({ body: 'x' })).status).toBe(500)
    expect(rig.warnings).toHaveLength(1)
  })

  test('a body far over the limit is refused before it is read, and the connection is closed', async () => {
    const client = new RawClient(rig.port)
    client.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n',
    )
    const text = await client.until('\r\n\r\n{')
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toMatch(/connection: close/i)
    // Six megabytes are more than is drained for the sake of the answer.
    for (let i = 0; i < 6; i++) client.write(Buffer.alloc(1024 * 1024))
    await client.ended()
  })
})

describe('overload', () => {
  test('requests beyond the budget are refused before they are read, and fit again afterwards', async () => {
    await rig.receiver.stop(0)
    rig = await startHttp({ settings: { maxInFlightBytes: 50_000 } })
    const held = rig.sink.hold()
    const first = send({ body: Buffer.alloc(40_000) })
    await held.arrived
    const second = await send({ body: Buffer.alloc(20_000), headers: JSON_TYPE })
    expect(second).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    const chunked = await send({
      body: Buffer.alloc(20_000),
      headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
    })
    expect(chunked.status).toBe(503)
    expect(rig.sink.refusals).toEqual(['traces http overload', 'traces http overload'])
    held.release()
    expect((await first).status).toBe(200)
    expect((await send({ body: Buffer.alloc(20_000) })).status).toBe(200)
  })

  test('a client that leaves in the middle gives its share back', async () => {
    const client = new RawClient(rig.port)
    client.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\nhalf',
    )
    await expect.poll(() => rig.admission.inFlightBytes).toBe(50_000)
    client.socket.destroy()
    await expect.poll(() => rig.admission.inFlightBytes).toBe(0)
    expect(answered(rig.counters)).toEqual(['traces aborted x1'])
    expect(rig.sink.consumed).toEqual([])
  })

  test('a client that leaves while it is counted gives its share back when that is done', async () => {
    const held = rig.sink.hold()
    const client = new RawClient(rig.port)
    client.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nhalf',
    )
    await held.arrived
    client.socket.destroy()
    await client.ended()
    // Two answers on another connection: by then the server has seen that the first one is gone.
    await send({ path: '/' })
    await send({ path: '/' })
    held.release()
    await expect.poll(() => answered(rig.counters)).toEqual(['- 404 x2', 'traces aborted x1'])
  })
})

describe('Expect: 100-continue', () => {
  const head = (length: number): string =>
    `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`

  test('the client is told to go on, and then answered', async () => {
    const client = new RawClient(rig.port)
    client.write(head(2))
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.write('{}')
    await client.until('HTTP/1.1 200 OK')
    client.socket.destroy()
    expect(rig.sink.consumed).toHaveLength(1)
  })

  test('too large a body is refused instead, and the connection closed', async () => {
    const client = new RawClient(rig.port)
    client.write(head(200_000))
    const text = await client.ended()
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).not.toContain('100 Continue')
  })
})

describe('CORS', () => {
  const origin = 'https://shop.example.com'

  test('a preflight from an allowed origin is granted', async () => {
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    }
    const answer = await send({ method: 'OPTIONS', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'content-type',
    })
    expect(answer.headers['content-length']).toBeUndefined()
  })

  test('successes and refusals carry the headers for the browser', async () => {
    for (const body of ['{"a":1}', Buffer.alloc(100_001)]) {
      const answer = await send({ headers: { ...JSON_TYPE, origin }, body })
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' })
    }
    const other = await send({ headers: { ...JSON_TYPE, origin: 'https://evil.test' }, body: '{}' })
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
  })
})
