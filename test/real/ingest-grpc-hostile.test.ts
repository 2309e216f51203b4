// What reaches the OTLP/gRPC port from clients that are broken, slow, lost or malicious.
import type { ClientHttp2Session } from 'node:http2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GrpcReceiver } from '../../src/ingest/grpc/receiver.ts'
import { answered, framed, openCall, openHttp2, RawClient, type Rig, replyOf, startGrpc, unary } from './ingest-rig.ts'

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

/** An HTTP/2 frame (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const SETTINGS = frame(4, 0, 0)
const PING = frame(6, 0, 0, Buffer.alloc(8))
/** A header "a: ccc..." in literal form (RFC 7541, 6.2.2), in a block that another frame must end. */
const HEADER_BLOCK = Buffer.concat([Buffer.from([0, 1]), Buffer.from('a'), Buffer.from([50]), Buffer.alloc(50, 'c')])
const HEADERS_OPEN = frame(1, 0, 1, HEADER_BLOCK)
const CONTINUATION = frame(9, 0, 1, HEADER_BLOCK)

function repeated(times: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: times }, () => bytes)
}

const SPANS = Buffer.alloc(5000, 'spans ')
const OK = { httpStatus: 200, status: 0 }

describe('slow clients', () => {
  test('a body that does not arrive in time ends the call', async () => {
    await restart({ limits: { requestTimeoutMs: 50, timeoutCheckMs: 10 } })
    const stream = openCall(session)
    stream.write(framed(SPANS).subarray(0, 100))
    expect(await replyOf(stream)).toMatchObject({ status: 4, message: expect.stringContaining('too long') })
    expect(rig.sink.refusals).toEqual([])
    expect(rig.admission.inFlightBytes).toBe(0)
  })

  test('a deadline that passes while the body comes in ends the call', async () => {
    await restart({ limits: { timeoutCheckMs: 10 } })
    const stream = openCall(session, { 'grpc-timeout': '30m' })
    stream.write(framed(SPANS).subarray(0, 100))
    expect(await replyOf(stream)).toMatchObject({ status: 4, message: expect.stringContaining('deadline') })
  })

  test('a connection that stays silent is closed', async () => {
    await restart({ limits: { prefaceTimeoutMs: 30, timeoutCheckMs: 10 } })
    expect(await new RawClient(rig.port).ended()).toBe('')
    const half = new RawClient(rig.port)
    half.write('PR')
    expect(await half.ended()).toBe('')
  })

  test('a connection without calls is told to go after the idle time', async () => {
    await restart({ limits: { idleTimeoutMs: 50, timeoutCheckMs: 10 } })
    expect(await unary(session, framed(SPANS))).toMatchObject(OK)
    await new Promise<void>((resolve) => {
      session.on('close', () => resolve())
    })
  })
})

describe('other protocols', () => {
  test('HTTP/1.1 is told the port where it should go', async () => {
    await restart({ settings: { http: { host: '127.0.0.1', port: 4318 } } })
    const client = new RawClient(rig.port)
    client.write(`POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nspans`)
    const text = await client.until('}')
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text).toContain('OTLP over HTTP/1.1 goes to port 4318')
    client.socket.destroy()
  })

  test('TLS is noted in the log and closed', async () => {
    const client = new RawClient(rig.port)
    client.write(Buffer.from('16030102000100', 'hex'))
    expect(await client.ended()).toBe('')
    expect(rig.warnings).toEqual(['a client speaks TLS to the cleartext OTLP/gRPC port'])
  })

  test.each<[string, Uint8Array]>([
    ['random bytes', Buffer.from('\x00\x01\x02\x03 garbage', 'latin1')],
    ['a preface that goes wrong', Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')],
    ['a preface and then garbage', Buffer.concat([PREFACE, Buffer.alloc(400, 0xff)])],
    ['a stream of pings', Buffer.concat([PREFACE, SETTINGS, ...repeated(20_000, PING)])],
    ['a stream of settings', Buffer.concat([PREFACE, ...repeated(20_000, SETTINGS)])],
    ['a header block without end', Buffer.concat([PREFACE, SETTINGS, HEADERS_OPEN, ...repeated(5000, CONTINUATION)])],
  ])('%s does no harm to others', async (_name, bytes) => {
    const client = new RawClient(rig.port)
    // Nobody reads the answers: a flood of them may not pile up either.
    client.socket.pause()
    client.write(bytes)
    expect(await unary(session, framed(SPANS))).toMatchObject(OK)
    client.socket.resume()
    await client.ended()
    expect(await unary(session, framed(SPANS))).toMatchObject(OK)
  })

  test('rapid resets end their own connection only', async () => {
    const attacker = openHttp2(rig.port)
    const closed = new Promise<void>((resolve) => {
      attacker.on('close', () => resolve())
    })
    let sent = 0
    const burst = (): void => {
      for (let i = 0; i < 200 && !attacker.destroyed && !attacker.closed; i++, sent++) {
        const stream = openCall(attacker)
        stream.on('error', () => undefined)
        stream.close(8)
      }
      if (!attacker.destroyed && !attacker.closed && sent < 50_000) setImmediate(burst)
    }
    burst()
    await closed
    expect(sent).toBeLessThan(50_000)
    expect(await unary(session, framed(SPANS))).toMatchObject(OK)
  })
})

test('connections over the limit are dropped and counted', async () => {
  await restart({ limits: { maxConnections: 1 } })
  expect(await unary(session, framed(SPANS))).toMatchObject(OK)
  await new RawClient(rig.port).ended()
  expect(answered(rig.counters)).toContain('- dropped x1')
})
