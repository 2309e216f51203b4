// The whole path of spans, per second of the daemon's CPU: OTLP in, decoded, attributed or waiting, counted in slices.
// Typical spans (12 attributes, half of them tagged), every request different, sent over keep-alive connections.
import { readFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../src/runtime/clock.ts'
import { encodeTraces } from '../test/otlp/encode.ts'
import { typicalSpan } from '../test/otlp/typical.ts'
import { DaemonProcess } from '../test/real/daemon-process.ts'

const REQUESTS = 300
const CONNECTIONS = 4
const WARM_UP_MS = 3000
const MEASURED_MS = 8000
const TICKS = 100
const LOADS = [
  { name: '100 spans a request', spans: 100, gzip: false },
  { name: '512 spans a request', spans: 512, gzip: false },
  { name: '100 spans a request, gzip', spans: 100, gzip: true },
]

export async function run(): Promise<void> {
  for (const load of LOADS) {
    const args = ['--set', 'store.type=memory', '--set', 'receivers.otlp.retry_window=0s']
    const daemon = await DaemonProcess.start({ args })
    try {
      const bodies = makeBodies(load)
      await shoot(daemon, bodies, { load, forMs: WARM_UP_MS })
      const cpuBefore = cpuSeconds(daemon.pid)
      const begun = performance.now()
      const requests = await shoot(daemon, bodies, { load, forMs: MEASURED_MS })
      const wall = (performance.now() - begun) / 1000
      const cpu = cpuSeconds(daemon.pid) - cpuBefore
      const spans = requests * load.spans
      console.log(
        `ingest over HTTP: ${load.name.padEnd(26)} ${thousands(spans / cpu)} spans per CPU second ` +
          `(${thousands(spans / wall)} per second of wall time, the client on the same cores)`,
      )
    } finally {
      await daemon.stop()
    }
  }
}

function makeBodies(load: { spans: number; gzip: boolean }): Buffer[] {
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

/** Sends the bodies round and round over all connections; gives the number of requests that were answered 200. */
async function shoot(
  daemon: DaemonProcess,
  bodies: readonly Buffer[],
  options: { load: { gzip: boolean }; forMs: number },
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const endMs = performance.now() + options.forMs
  let next = 0
  let answered = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await post(agent, daemon.ports.http, { body: bodies[next++ % bodies.length], gzip: options.load.gzip })
      answered++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  agent.destroy()
  return answered
}

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

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function thousands(rate: number): string {
  return `${Math.round(rate / 1000)} k`
}

if (import.meta.main) await run()
