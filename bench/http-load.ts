// Load over OTLP/HTTP for the benchmarks of a whole daemon: typical spans over keep-alive connections.
import { Agent, request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../src/runtime/clock.ts'
import { encodeTraces } from '../test/otlp/encode.ts'
import { typicalSpan } from '../test/otlp/typical.ts'
import type { DaemonProcess } from '../test/real/daemon-process.ts'

const REQUESTS = 300
const CONNECTIONS = 4

/** Requests of typical spans that end now, each different. */
export function makeBodies(load: { spans: number; gzip: boolean }): Buffer[] {
  const nowNanos = BigInt(systemClock.now()) * 1_000_000n
  return Array.from({ length: REQUESTS }, (_, at) => {
    const spans = Array.from({ length: load.spans }, (__, span) => ({
      ...typicalSpan(at * load.spans + span),
      startTimeUnixNano: nowNanos - 50_000_000n,
      endTimeUnixNano: nowNanos - BigInt((at * 7919 + span * 104_729) % 40_000_000),
    }))
    const body = Buffer.from(encodeTraces([{ resource: { 'service.name': `service-${at % 20}` }, spans }]))
    return load.gzip ? gzipSync(body) : body
  })
}

/**
 * Sends the bodies round and round over all connections; gives the number of requests that were answered 200. `unique`: no request is equal to an earlier one.
 */
export async function shoot(
  daemon: DaemonProcess,
  bodies: readonly Buffer[],
  options: { gzip: boolean; forMs: number; connections?: number; unique?: boolean },
): Promise<number> {
  const { connections = CONNECTIONS, unique = false, gzip } = options
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const endMs = performance.now() + options.forMs
  let next = 0
  let answered = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const body = bodies[next++ % bodies.length]
      await post(agent, daemon.ports.http, { body: unique ? differing(body) : body, gzip })
      answered++
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  agent.destroy()
  return answered
}

/** The request with a field that no receiver knows, and a number in it that was never there before. */
function differing(body: Buffer): Buffer {
  const field = Buffer.alloc(10)
  // Field 100, eight bytes.
  field.writeUInt16BE(0xa106)
  field.writeBigUInt64LE(++differences, 2)
  return Buffer.concat([body, field])
}

let differences = BigInt(Math.trunc(performance.now() * 1000)) << 20n

function post(agent: Agent, port: number, { body, gzip }: { body: Buffer; gzip: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    }
    const request = httpRequest(
      { agent, port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', headers },
      (response) => {
        response.resume()
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}
