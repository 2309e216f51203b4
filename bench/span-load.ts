// Typical spans over OTLP/HTTP for the benchmarks of a whole daemon.
import { gzipSync } from 'node:zlib'
import { systemClock } from '../src/runtime/clock.ts'
import { encodeTraces } from '../test/otlp/encode.ts'
import { typicalSpan } from '../test/otlp/typical.ts'
import type { DaemonProcess } from '../test/real/daemon-process.ts'
import { shootHttp } from './http-load.ts'

const REQUESTS = 300

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
export function shoot(
  daemon: DaemonProcess,
  bodies: readonly Buffer[],
  options: { gzip: boolean; forMs: number; connections?: number; unique?: boolean },
): Promise<number> {
  const { unique = false, ...rest } = options
  const bodyOf = (at: number): Buffer => bodies[at % bodies.length]
  return shootHttp({
    ...rest,
    port: daemon.ports.http,
    path: '/v1/traces',
    body: unique ? (at) => differing(bodyOf(at)) : bodyOf,
  })
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
