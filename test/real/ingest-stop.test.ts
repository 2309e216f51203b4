// Starting and stopping the receivers: nothing accepted is lost, nobody is left hanging, a deadline is a deadline.
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Admission } from '../../src/ingest/admission.ts'
import { GrpcReceiver } from '../../src/ingest/grpc/receiver.ts'
import { HttpReceiver } from '../../src/ingest/http/receiver.ts'
import type { ReceiverParts } from '../../src/ingest/receiver.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import {
  answered,
  framed,
  NotingSink,
  openCall,
  openHttp2,
  RawClient,
  replyOf,
  startGrpc,
  startHttp,
} from './ingest-rig.ts'

const POST = (body: string): string =>
  `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

function partsAt(port: number, host = '127.0.0.1'): ReceiverParts {
  const at = { host, port }
  const settings = { grpc: at, http: at, maxRequestBytes: 1000, maxInFlightBytes: 1000, corsOrigins: [] }
  return { settings, sink: new NotingSink(), clock: systemClock, admission: new Admission(1000) }
}

describe.each([
  ['HTTP', HttpReceiver, 'otlp-http', 'receivers.otlp.protocols.http.endpoint'],
  ['gRPC', GrpcReceiver, 'otlp-grpc', 'receivers.otlp.protocols.grpc.endpoint'],
] as const)('the %s receiver', (_name, Receiver, listener, setting) => {
  test('tells the port it got, refuses connections after its stop, and stops again at once', async () => {
    const receiver = new Receiver(partsAt(0))
    const { host, port } = await receiver.start()
    expect(host).toBe('127.0.0.1')
    expect(port).toBeGreaterThan(0)
    await Promise.all([receiver.stop(1000), receiver.stop(1000)])
    await receiver.stop(0)
    const late = connectTcp(port, '127.0.0.1')
    const [error] = await once(late, 'error')
    expect(error.code).toBe('ECONNREFUSED')
  })

  test('may be stopped before it is started, and then does not start', async () => {
    const receiver = new Receiver(partsAt(0))
    await receiver.stop(1000)
    await expect(receiver.start()).rejects.toThrow('starts once')
  })

  test('names the endpoint and the remedy when the port is taken', async () => {
    const first = new Receiver(partsAt(0))
    const { port } = await first.start()
    const second = new Receiver(partsAt(port))
    await expect(second.start()).rejects.toThrow(
      new RegExp(`${listener} cannot listen on 127.0.0.1:${port}: .*EADDRINUSE.*set ${setting} to another port`),
    )
    await second.stop(0)
    await first.stop(0)
  })

  test('names the remedy when the address is not of this machine', async () => {
    await expect(new Receiver(partsAt(0, '192.0.2.1')).start()).rejects.toThrow(/no such address: set .*endpoint/)
  })

  test('a silent connection does not hold up the stop', async () => {
    const receiver = new Receiver(partsAt(0))
    const { port } = await receiver.start()
    const client = new RawClient(port)
    await once(client.socket, 'connect')
    await receiver.stop(5000)
    expect(await client.ended()).toBe('')
  })
})

describe('stopping OTLP/HTTP', () => {
  test('a request in hand is answered, a new one on an old connection is told to come again', async () => {
    const rig = await startHttp({ limits: { stopGraceMs: 300 } })
    const held = rig.sink.hold()
    const busy = new RawClient(rig.port)
    const idle = new RawClient(rig.port)
    idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await idle.until('404')
    busy.write(POST('{}'))
    await held.arrived
    const stopped = rig.receiver.stop(5000)
    idle.write(POST('{}'))
    const refused = await idle.until('HTTP/1.1 503')
    expect(refused).toMatch(/retry-after: 1/i)
    expect((await idle.ended()).toLowerCase()).toContain('connection: close')
    held.release()
    expect(await busy.ended()).toMatch(/^HTTP\/1\.1 200 OK\r\nconnection: close/i)
    await stopped
    expect(rig.sink.consumed).toHaveLength(1)
    expect(rig.sink.refusals).toEqual([])
    expect(answered(rig.counters)).toEqual(['- 404 x1', 'traces 200 x1', 'traces 503 x1'])
  })

  test('a request whose body is still coming in is read to its end', async () => {
    const rig = await startHttp({ limits: { stopGraceMs: 10 } })
    const client = new RawClient(rig.port)
    const request = POST('{"resourceSpans":[]}')
    client.write(request.slice(0, -5))
    await expect.poll(() => rig.admission.inFlightBytes).toBeGreaterThan(0)
    const stopped = rig.receiver.stop(5000)
    client.write(request.slice(-5))
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 200 /)
    await stopped
    expect(rig.sink.consumed).toHaveLength(1)
  })

  test('after the deadline what is left is cut off, and its bytes are given back once it is counted', async () => {
    const rig = await startHttp()
    const held = rig.sink.hold()
    const client = new RawClient(rig.port)
    client.write(POST('{}'))
    await held.arrived
    await rig.receiver.stop(50)
    expect(await client.ended()).toBe('')
    expect(rig.admission.inFlightBytes).toBe(2)
    held.release()
    await expect.poll(() => rig.admission.inFlightBytes).toBe(0)
  })
})

describe('stopping OTLP/gRPC', () => {
  test('a call in hand is answered, a new one on an old connection is UNAVAILABLE with RetryInfo, health says so', async () => {
    const rig = await startGrpc({ limits: { stopGraceMs: 100 } })
    const held = rig.sink.hold()
    const session = openHttp2(rig.port)
    const inHand = openCall(session)
    const inHandReply = replyOf(inHand)
    inHand.end(framed(Buffer.from('spans')))
    await held.arrived
    const late = openCall(session)
    const lateReply = replyOf(late)
    late.end(framed(Buffer.from('spans')))
    const health = openCall(session, { ':path': '/grpc.health.v1.Health/Check' })
    const healthReply = replyOf(health)
    health.end(framed(Buffer.alloc(0)))
    // The client writes in this turn of the loop, the server reads in the next: the stop falls between.
    await new Promise((resolve) => setImmediate(resolve))
    const stopped = rig.receiver.stop(5000)
    const refused = await lateReply
    expect(refused.status).toBe(14)
    expect(refused.headers['grpc-status-details-bin']).toBeDefined()
    expect((await healthReply).body.toString('hex')).toBe('00000000020802')
    held.release()
    expect((await inHandReply).status).toBe(0)
    await stopped
    expect(rig.sink.consumed).toHaveLength(1)
    expect(rig.sink.refusals).toEqual([])
  })

  test('clients are told to go at once, and idle ones are gone after the grace', async () => {
    const rig = await startGrpc({ limits: { stopGraceMs: 20 } })
    const session = openHttp2(rig.port)
    await once(session, 'remoteSettings')
    const goaway = once(session, 'goaway')
    await rig.receiver.stop(5000)
    const [code, lastStream] = await goaway
    expect([code, lastStream]).toEqual([0, 2 ** 31 - 1])
  })

  test('after the deadline what is left is cut off, and its bytes are given back once it is counted', async () => {
    const rig = await startGrpc()
    const held = rig.sink.hold()
    const session = openHttp2(rig.port)
    const stream = openCall(session)
    const reply = replyOf(stream)
    stream.end(framed(Buffer.from('spans')))
    await held.arrived
    const broken = expect(reply).rejects.toThrow()
    await rig.receiver.stop(50)
    await broken
    expect(rig.admission.inFlightBytes).toBe(5)
    held.release()
    await expect.poll(() => rig.admission.inFlightBytes).toBe(0)
  })
})
