import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Admission, Share } from '../../src/ingest/admission.ts'
import { type ArrivedRequest, type Delivered, Delivery } from '../../src/ingest/delivery.ts'
import { refuse } from '../../src/ingest/refusal.ts'
import { RequestCounters } from '../../src/ingest/request-counters.ts'
import type { ExportOutcome, ExportRequest, TelemetrySink } from '../../src/model/signal.ts'
import type { RefusalKind } from '../../src/otlp/status.ts'

interface Bench {
  readonly delivery: Delivery
  readonly admission: Admission
  readonly consumed: ExportRequest[]
  readonly receivedMs: number[]
  readonly ledger: string[]
  readonly warnings: string[]
}

function bench(answer: () => ExportOutcome | Promise<ExportOutcome>, maxInFlightBytes = 1_000_000): Bench {
  const consumed: ExportRequest[] = []
  const receivedMs: number[] = []
  const ledger: string[] = []
  const warnings: string[] = []
  const sink: TelemetrySink = {
    accepts: () => true,
    consume: (request, ms) => {
      consumed.push(request)
      receivedMs.push(ms)
      return answer()
    },
    refuse: (signal, transport, reason) => ledger.push(`${signal} ${transport} ${reason}`),
  }
  const delivery = new Delivery({
    sink,
    clock: { now: () => 1_764_000_000_123, monotonic: () => 0 },
    maxRequestBytes: 100_000,
    log: { warn: (_detail, message) => warnings.push(message) },
  })
  return { delivery, admission: new Admission(maxInFlightBytes), consumed, receivedMs, ledger, warnings }
}

function arrived(on: Bench, wire: Uint8Array, more: Partial<ArrivedRequest> = {}): ArrivedRequest {
  const share = new Share(on.admission)
  share.resize(wire.byteLength)
  return { signal: 'traces', transport: 'http', encoding: 'protobuf', codec: 'identity', wire, share, ...more }
}

const ACCEPTED: ExportOutcome = { kind: 'accepted', refused: 0, message: '' }

test('the sink gets the plain bytes, the receipt time, and an identity of the wire bytes', () => {
  const on = bench(() => ACCEPTED)
  const plain = Buffer.alloc(50_000, 'spans')
  const request = arrived(on, gzipSync(plain), { codec: 'gzip' })
  expect(on.delivery.deliver(request)).toEqual(ACCEPTED)
  expect(Buffer.from(on.consumed[0].body).equals(plain)).toBe(true)
  expect(on.receivedMs).toEqual([1_764_000_000_123])
  void on.delivery.deliver(arrived(on, gzipSync(plain), { codec: 'gzip' }))
  void on.delivery.deliver(arrived(on, plain))
  const [first, again, uncompressed] = on.consumed.map((one) => one.identity)
  expect(again).toBe(first)
  expect(uncompressed).not.toBe(first)
  expect(request.share.bytes).toBe(50_000)
})

test('an empty request is a success without a word to the sink', () => {
  const on = bench(() => ({ kind: 'malformed', message: 'never asked' }))
  expect(on.delivery.deliver(arrived(on, new Uint8Array(0), { codec: 'gzip', encoding: 'json' }))).toEqual(ACCEPTED)
  expect(on.delivery.deliver(arrived(on, gzipSync(''), { codec: 'gzip' }))).toEqual(ACCEPTED)
  expect(on.consumed).toEqual([])
})

test.each<[string, Uint8Array, RefusalKind, string]>([
  ['broken compression', Buffer.from('no gzip at all'), 'malformed', 'traces http malformed'],
  ['a bomb', gzipSync(Buffer.alloc(100_001)), 'too_large', 'traces http malformed'],
])('%s is refused before the sink, and stands in the ledger', (_name, wire, kind, entry) => {
  const on = bench(() => ACCEPTED)
  const told = on.delivery.deliver(arrived(on, wire, { codec: 'gzip' })) as Extract<Delivered, { kind: 'refused' }>
  expect(told.refusal.kind).toBe(kind)
  expect(on.consumed).toEqual([])
  expect(on.ledger).toEqual([entry])
})

test('what does not fit the budget once decompressed is refused as overload, with a delay', () => {
  const on = bench(() => ACCEPTED, 60_000)
  new Share(on.admission).resize(50_000)
  const told = on.delivery.deliver(arrived(on, gzipSync(Buffer.alloc(50_000)), { codec: 'gzip' }))
  expect(told).toMatchObject({ kind: 'refused', refusal: { kind: 'overload', retryAfterSeconds: 1 } })
  expect(on.ledger).toEqual(['traces http overload'])
})

test('refusals of the sink are told on, and not put into the ledger twice', async () => {
  const sync = bench(() => ({ kind: 'malformed', message: 'field 7 is cut short' }))
  expect(sync.delivery.deliver(arrived(sync, Buffer.from('x')))).toMatchObject({
    refusal: { kind: 'malformed', message: 'field 7 is cut short' },
  })
  const later = bench(async () => ({ kind: 'unavailable', message: 'full', retryAfterSeconds: 7 }))
  expect(await later.delivery.deliver(arrived(later, Buffer.from('x')))).toMatchObject({
    refusal: { kind: 'overload', message: 'full', retryAfterSeconds: 7 },
  })
  expect([...sync.ledger, ...later.ledger]).toEqual([])
})

test('a sink that fails is an internal error and a line in the log, never an exception', async () => {
  const throws = bench(() => {
    throw new Error('bug')
  })
  const rejects = bench(() => Promise.reject(new Error('bug')))
  for (const on of [throws, rejects]) {
    expect(await on.delivery.deliver(arrived(on, Buffer.from('x')))).toMatchObject({ refusal: { kind: 'internal' } })
    expect(on.warnings).toHaveLength(1)
    expect(on.ledger).toEqual([])
  }
})

test.each<[RefusalKind, string[]]>([
  ['malformed', ['logs grpc malformed']],
  ['too_large', ['logs grpc malformed']],
  ['unsupported_media', ['logs grpc malformed']],
  ['unsupported_encoding', ['logs grpc malformed']],
  ['overload', ['logs grpc overload']],
  ['unauthorized', ['logs grpc unauthorized']],
  ['shutting_down', []],
  ['timeout', []],
  ['signal_not_active', []],
  ['wrong_method', []],
])('a refusal as %s is noted in the ledger as %j', (kind, entries) => {
  const on = bench(() => ACCEPTED)
  on.delivery.note('logs', 'grpc', refuse(kind, 'because'))
  expect(on.ledger).toEqual(entries)
})

test('requests are counted by signal, transport and answer', () => {
  const counters = new RequestCounters()
  counters.add('traces', 'http', 200, 10)
  counters.add('traces', 'http', 200, 5)
  counters.add('traces', 'grpc', 0, 7)
  counters.add(null, 'http', 404, 0)
  counters.add('logs', 'http', 'aborted', 3)
  expect(counters.rows()).toHaveLength(4)
  expect(counters.rows()).toContainEqual({ signal: 'traces', transport: 'http', code: '200', requests: 2, bytes: 15 })
  expect(counters.rows()).toContainEqual({ signal: null, transport: 'http', code: '404', requests: 1, bytes: 0 })
  expect(counters.rows()).toContainEqual({ signal: 'logs', transport: 'http', code: 'aborted', requests: 1, bytes: 3 })
})
