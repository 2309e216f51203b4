// What reaches the OTLP/HTTP port from clients that are broken, slow, lost or malicious.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpReceiver } from '../../src/ingest/http/receiver.ts'
import { answered, RawClient, type Rig, sendHttp, startHttp } from './ingest-rig.ts'

let rig: Rig<HttpReceiver>

beforeEach(async () => {
  rig = await startHttp()
})

afterEach(async () => {
  await rig.receiver.stop(0)
  expect(rig.admission.inFlightBytes).toBe(0)
})

describe('what is no proper HTTP', () => {
  test.each<[string, string, number]>([
    ['garbage', '\x00\x01\x02 garbage\r\n\r\n', 400],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['headers without end', `POST /v1/traces HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}`, 431],
    ['two lengths', 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
  ])('%s is answered shortly and closed', async (_name, bytes, status) => {
    const client = new RawClient(rig.port)
    client.write(Buffer.from(bytes, 'latin1'))
    const text = await client.ended()
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(text.length).toBeLessThan(600)
    expect((await sendHttp({ port: rig.port }, { body: 'spans' })).status).toBe(200)
  })

  test('broken chunks are a malformed request, told in its encoding', async () => {
    const client = new RawClient(rig.port)
    client.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnot a length\r\n',
    )
    const text = await client.ended()
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(rig.sink.refusals).toEqual(['traces http malformed'])
    expect(rig.sink.consumed).toEqual([])
  })

  test('garbage behind a request that is being counted does not get between it and its answer', async () => {
    const held = rig.sink.hold()
    const client = new RawClient(rig.port)
    client.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\x00garbage\r\n\r\n',
    )
    await held.arrived
    held.release()
    const text = await client.ended()
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
  })
})

describe('slow clients', () => {
  beforeEach(async () => {
    await rig.receiver.stop(0)
    rig = await startHttp({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, timeoutCheckMs: 20 } })
  })

  test.each([
    ['never sends anything', ''],
    ['never finishes its headers', 'POST /v1/traces HTTP/1.1\r\nHost: x\r\n'],
    [
      'never finishes its body',
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\nhalf',
    ],
    [
      'never finishes its chunks',
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ],
  ])('one that %s is told to come again, and cut off', async (_name, bytes) => {
    const client = new RawClient(rig.port)
    if (bytes !== '') client.write(bytes)
    const text = await client.ended()
    expect(text).toMatch(/^HTTP\/1\.1 503 /)
    expect(rig.sink.consumed).toEqual([])
    expect(rig.sink.refusals).toEqual([])
    expect(rig.admission.inFlightBytes).toBe(0)
  })
})

test('connections over the limit are dropped and counted', async () => {
  await rig.receiver.stop(0)
  rig = await startHttp({ limits: { maxConnections: 2 } })
  const clients = [new RawClient(rig.port), new RawClient(rig.port), new RawClient(rig.port)]
  await Promise.race(clients.map((client) => client.ended()))
  expect(answered(rig.counters)).toEqual(['- dropped x1'])
  for (const client of clients) client.socket.destroy()
})
