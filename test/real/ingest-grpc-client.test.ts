// The independent client: grpc-js, with bytes instead of messages.
import {
  type Client,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GrpcReceiver } from '../../src/ingest/grpc/receiver.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { answered, EXPORT_TRACES, type Rig, startGrpc } from './ingest-rig.ts'

const bytes = (value: Buffer): Buffer => value
const TraceService = makeGenericClientConstructor(
  {
    Export: {
      path: EXPORT_TRACES,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  'TraceService',
)

let rig: Rig<GrpcReceiver>
let client: Client

beforeEach(async () => {
  rig = await startGrpc()
  client = connect()
})

afterEach(async () => {
  client.close()
  await rig.receiver.stop(0)
})

function connect(options: Record<string, number | string> = {}): Client {
  return new TraceService(`127.0.0.1:${rig.port}`, credentials.createInsecure(), options)
}

function exportTraces(body: Buffer, deadlineMs = 5000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { deadline: systemClock.now() + deadlineMs }
    client.makeUnaryRequest(
      EXPORT_TRACES,
      bytes,
      bytes,
      body,
      new Metadata(),
      options,
      (error: ServiceError | null, reply?: Buffer) => {
        if (error === null) resolve(reply ?? Buffer.alloc(0))
        else reject(error)
      },
    )
  })
}

const SPANS = Buffer.alloc(50_000, 'spans ')

test('plain and gzip requests arrive, many at once', async () => {
  const plain = client
  await Promise.all(Array.from({ length: 50 }, () => exportTraces(SPANS)))
  client = connect({ 'grpc.default_compression_algorithm': 2 })
  await Promise.all(Array.from({ length: 50 }, () => exportTraces(SPANS)))
  plain.close()
  expect(rig.sink.consumed.every((request) => Buffer.from(request.body).equals(SPANS))).toBe(true)
  expect(answered(rig.counters)).toEqual(['traces 0 x100'])
})

test('partial success comes with status OK and its message', async () => {
  rig.sink.answer = () => ({ kind: 'accepted', refused: 3, message: 'late' })
  expect((await exportTraces(SPANS)).toString('hex')).toBe('0a08080312046c617465')
})

test('refusals come with their code, message and details', async () => {
  rig.sink.answer = () => ({ kind: 'unavailable', message: 'queue full – später', retryAfterSeconds: 1 })
  const error: ServiceError = await exportTraces(SPANS).then(
    () => Promise.reject(new Error('accepted')),
    (refused: ServiceError) => refused,
  )
  expect(error).toMatchObject({ code: status.UNAVAILABLE, details: 'queue full – später' })
  expect(error.metadata.get('grpc-status-details-bin')[0]).toBeInstanceOf(Buffer)
})

test('an oversized request is RESOURCE_EXHAUSTED, and the connection goes on', async () => {
  await expect(exportTraces(Buffer.alloc(3_000_000))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
  await exportTraces(SPANS)
})

test('a deadline that passes while it is counted is the client’s to tell', async () => {
  const held = rig.sink.hold()
  await expect(exportTraces(SPANS, 60)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED })
  held.release()
  await expect.poll(() => rig.admission.inFlightBytes).toBe(0)
  expect(rig.sink.consumed).toHaveLength(1)
})

test('at a stop the call in hand is answered, and the next goes to whoever listens then', async () => {
  const held = rig.sink.hold()
  const inHand = exportTraces(SPANS)
  await held.arrived
  const stopped = rig.receiver.stop(5000)
  await expect(exportTraces(SPANS, 400)).rejects.toMatchObject({
    code: expect.toBeOneOf([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]),
  })
  held.release()
  await inHand
  await stopped
  expect(rig.sink.consumed).toHaveLength(1)
})
