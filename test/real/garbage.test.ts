// What a port on a network gets to see: noise, half requests, other protocols, too much. A well-behaved sender must not notice.
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http2 from 'node:http2'
import net from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess, type Ports } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'
import { sendSpans } from './send-spans.ts'

const ROUNDS = 60
const SPANS_PER_REQUEST = 20
const MEMORY_BOUND_BYTES = 400 * 1024 * 1024
const CONNECTION_MS = 3000
const MAX_REQUEST_BYTES = 4 * 1024 * 1024
const CONFIG = `
store: {type: memory}
receivers: {otlp: {max_request_size: 4MiB}}
`

let daemon: DaemonProcess

beforeAll(async () => {
  daemon = await DaemonProcess.start({ config: CONFIG })
})

afterAll(async () => {
  await daemon?.stop()
})

/** Writes the bytes to the port, then waits for the other side to close, or closes after a while; whatever comes back is dropped. */
async function poke(port: number, bytes: Uint8Array, { abrupt = false } = {}): Promise<void> {
  const socket = net.connect(port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  socket.write(bytes)
  if (abrupt) {
    await sleep(5)
    socket.resetAndDestroy()
  }
  await Promise.race([closed, sleep(200)])
  socket.destroy()
  await closed
}

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1')
const HTTP2_PREFACE = text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const post = (headers: string, body: Uint8Array | string = ''): Uint8Array =>
  Buffer.concat([
    text(`POST /v1/traces HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`),
    typeof body === 'string' ? text(body) : body,
  ])

/** A ClientHello as far as its first record's head, which is all that matters to a server without TLS. */
const TLS_HELLO = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]), randomBytes(192)])

const NOISE: Record<string, () => Uint8Array> = {
  nothing: () => new Uint8Array(0),
  'random bytes': () => randomBytes(randomInt(1, 4096)),
  'a TLS hello': () => TLS_HELLO,
  'a request line only': () => text('POST /v1/traces HTTP/1.1\r\n'),
  'an endless header': () => text(`GET / HTTP/1.1\r\nx: ${'a'.repeat(100_000)}`),
  'a broken request line': () => text('GIVE ME\r\n\r\n\r\n'),
  'a promised body that never comes': () => post('content-type: application/x-protobuf\r\ncontent-length: 100000', 'x'),
  'a protobuf body of random bytes': () => withLength('application/x-protobuf', randomBytes(500)),
  'a JSON body of random bytes': () => withLength('application/json', randomBytes(500)),
  'a JSON body cut in half': () =>
    withLength('application/json', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00'),
  'deeply nested JSON': () => withLength('application/json', `{"resourceSpans":${'['.repeat(50_000)}`),
  'gzip that is none': () => withLength('application/x-protobuf', randomBytes(300), 'gzip'),
  'an unknown compression': () => withLength('application/x-protobuf', randomBytes(30), 'lzma'),
  'a chunked body with a wrong chunk': () =>
    post('content-type: application/json\r\ntransfer-encoding: chunked', 'zz\r\n{}\r\n'),
  'two lengths': () => post('content-length: 3\r\ncontent-length: 9', 'abc'),
  'an HTTP/2 preface with random frames': () => Buffer.concat([HTTP2_PREFACE, randomBytes(2000)]),
  'an HTTP/2 preface with a giant frame': () =>
    Buffer.concat([HTTP2_PREFACE, Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])]),
  'an HTTP/2 preface and silence': () => HTTP2_PREFACE,
}

function withLength(type: string, body: Uint8Array | string, encoding?: string): Uint8Array {
  const bytes = typeof body === 'string' ? text(body) : body
  const compressed = encoding === undefined ? '' : `\r\ncontent-encoding: ${encoding}`
  return post(`content-type: ${type}${compressed}\r\ncontent-length: ${bytes.length}`, bytes)
}

/** Sends well-formed requests until told to stop; gives the number of spans that were acknowledged. */
async function sendWell(signal: AbortSignal): Promise<number> {
  let acknowledged = 0
  while (!signal.aborted) {
    const half = SPANS_PER_REQUEST / 2
    await sendSpans(daemon, { experiment: 'noise', variant: 'treatment', good: half, bad: half })
    acknowledged += SPANS_PER_REQUEST
    await sleep(10)
  }
  return acknowledged
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

async function expectWell(): Promise<void> {
  expect(daemon.running).toBe(true)
  for (const page of ['healthz', 'readyz']) expect((await fetch(`${daemon.apiUrl}/${page}`)).status, page).toBe(200)
}

async function count(): Promise<{ good: number; bad: number }> {
  const samples = await daemon.metrics()
  const labels = { experiment: 'noise', variant: 'treatment', sli: 'availability' }
  const outcome = (name: string): number => samples.sum('cohortd_sli_events_total', { ...labels, outcome: name })
  return { good: outcome('good'), bad: outcome('bad') }
}

/** Runs the nuisance while a well-behaved client sends, and expects all of its spans counted, and the daemon well. */
async function undisturbedBy(nuisance: () => Promise<void>): Promise<void> {
  const before = await count()
  const controller = new AbortController()
  const sending = sendWell(controller.signal)
  await nuisance().finally(() => controller.abort())
  const half = (await sending) / 2
  expect(half).toBeGreaterThan(0)
  await eventuallyHolds(async () => {
    expect(await count()).toEqual({ good: before.good + half, bad: before.bad + half })
  })
  await expectWell()
}

describe('garbage at the ports', () => {
  test.each<keyof Ports>(['grpc', 'http', 'api'])('noise of every kind on %s disturbs nobody', async (listener) => {
    await undisturbedBy(async () => {
      for (const [name, make] of Object.entries(NOISE))
        await Promise.all([false, true].map((abrupt) => poke(daemon.ports[listener], make(), { abrupt }))).catch(
          (error: unknown) => {
            throw new Error(`${name} on ${listener}: the port is closed`, { cause: error })
          },
        )
      for (let round = 0; round < ROUNDS; round += 10)
        await Promise.all(
          Array.from({ length: 10 }, () => poke(daemon.ports[listener], randomBytes(randomInt(1, 20_000)))),
        )
    })
  })

  test('a request that is too large, plain or when unpacked, is refused without the memory for it', async () => {
    await undisturbedBy(async () => {
      const url = `http://127.0.0.1:${daemon.ports.http}/v1/traces`
      const headers = { 'content-type': 'application/x-protobuf' }
      const bomb = gzipSync(Buffer.alloc(MAX_REQUEST_BYTES * 50))
      const large = await fetch(url, { method: 'POST', headers, body: Buffer.alloc(MAX_REQUEST_BYTES * 2) }).catch(
        () => null,
      )
      if (large !== null) expect(large.status).toBe(413)
      const unpacked = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-encoding': 'gzip' },
        body: bomb,
      })
      expect(unpacked.status).toBe(413)
      await unpacked.text()
    })
    expect(await residentBytes()).toBeLessThan(MEMORY_BOUND_BYTES)
  })

  test.each([
    ['traces', [1, 2], 2],
    ['metrics', [1, 2, 2, 5], 1],
    ['logs', [1, 2], 2],
  ])('a request full of empty %s takes no more memory than others', async (signal, path, item) => {
    const empty = Buffer.alloc(MAX_REQUEST_BYTES - 100)
    for (let at = 0; at < empty.length; at += 2) empty[at] = item * 8 + 2
    const body = path.reduceRight((inner, field) => Buffer.concat([lengthField(field, inner.length), inner]), empty)
    const url = `http://127.0.0.1:${daemon.ports.http}/v1/${signal}`
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body })
    expect(answer.status).toBe(200)
    await answer.arrayBuffer()
    expect((await daemon.metrics()).sum('cohortd_receiver_items_total', { signal })).toBeGreaterThan(
      empty.length / 2 - 1,
    )
    expect(await residentBytes()).toBeLessThan(MEMORY_BOUND_BYTES)
    await expectWell()
  })

  test('broken gRPC calls are answered with a status, and the connection goes on', async () => {
    await undisturbedBy(async () => {
      const session = http2.connect(`http://127.0.0.1:${daemon.ports.grpc}`)
      session.on('error', () => {})
      const method = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
      const calls: [string, Uint8Array][] = [
        ['an unknown method', frame(0, new Uint8Array(0))],
        ['a message that is no protobuf', frame(64, Buffer.alloc(64, 0xff))],
        ['a length beyond the body', frame(1000, randomBytes(10))],
        ['a length beyond any limit', frame(0xffffffff, randomBytes(10))],
        ['no message at all', new Uint8Array(0)],
        ['half a frame head', Buffer.from([0, 0])],
        ['a compressed message without a compression', Buffer.from([1, 0, 0, 0, 1, 7])],
      ]
      for (const [name, body] of calls) {
        const status = await grpcStatus(session, name === 'an unknown method' ? '/no/such' : method, body)
        expect(status, name).toBeGreaterThan(0)
      }
      expect(await grpcStatus(session, method, frame(0, new Uint8Array(0))), 'an empty export').toBe(0)
      session.close()
    })
  })

  test('many idle and slow connections do not keep others out', async () => {
    const { http, grpc, api } = daemon.ports
    const sockets = [http, grpc, api].flatMap((port) =>
      Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1')),
    )
    for (const socket of sockets) socket.on('error', () => {})
    try {
      await undisturbedBy(async () => {
        for (const byte of 'POST /v1/tr') {
          for (const socket of sockets) if (!socket.destroyed) socket.write(byte)
          await sleep(20)
        }
      })
    } finally {
      for (const socket of sockets) socket.destroy()
    }
    expect(await residentBytes()).toBeLessThan(MEMORY_BOUND_BYTES)
  })

  test('after all that the refusals are accounted for and nothing else was counted', async () => {
    const samples = await daemon.metrics()
    expect(samples.sum('cohortd_receiver_items_total', { outcome: 'refused', reason: 'malformed' })).toBeGreaterThan(0)
    expect(samples.select('cohortd_sli_events_total').filter(({ labels }) => labels['experiment'] !== 'noise')).toEqual(
      [],
    )
  })
})

/** The head of a protobuf field that holds so many bytes. */
function lengthField(field: number, length: number): Buffer {
  const bytes = [field * 8 + 2]
  let rest = length
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** A gRPC message: not compressed, with the length that its head is to claim. */
function frame(length: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, body])
}

/** The grpc-status of a unary call with this body; rejects when there is none within a while. */
async function grpcStatus(session: http2.ClientHttp2Session, path: string, body: Uint8Array): Promise<number> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let status: string | undefined
  const note = (headers: http2.IncomingHttpHeaders): void => {
    const value = headers['grpc-status']
    if (value !== undefined) status = String(value)
  }
  stream.on('response', note).on('trailers', note).resume()
  stream.on('error', () => {})
  stream.end(body)
  await Promise.race([once(stream, 'close'), sleep(CONNECTION_MS)])
  if (status === undefined) throw new Error(`no grpc-status from ${path}`)
  return Number(status)
}
