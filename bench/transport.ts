// What the OTLP transports cost before a byte is decoded: requests per second and CPU per MB of both receivers, with a sink
// that counts nothing. The server runs in a process of its own, h2load is the client.
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { ServerMessage } from './transport-server.ts'

const execute = promisify(execFile)

const TRACES_PATH = '/v1/traces'
const EXPORT_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

interface Load {
  readonly name: string
  readonly transport: 'http' | 'grpc'
  readonly gzip: boolean
  /** Bytes of a request before compression. */
  readonly bytes: number
  readonly requests: number
}

const LOADS: readonly Load[] = [
  { name: 'http   50 KB plain', transport: 'http', gzip: false, bytes: 50_000, requests: 30_000 },
  { name: 'grpc   50 KB plain', transport: 'grpc', gzip: false, bytes: 50_000, requests: 24_000 },
  { name: 'http    1 MB plain', transport: 'http', gzip: false, bytes: 1_000_000, requests: 2_000 },
  { name: 'grpc    1 MB plain', transport: 'grpc', gzip: false, bytes: 1_000_000, requests: 2_000 },
  { name: 'http   50 KB gzip', transport: 'http', gzip: true, bytes: 50_000, requests: 15_000 },
  { name: 'grpc   50 KB gzip', transport: 'grpc', gzip: true, bytes: 50_000, requests: 15_000 },
]

/** Prints a line for each load. */
export async function run(): Promise<void> {
  if (!(await hasH2load())) {
    console.log('transport: h2load is not on PATH; it comes with nghttp2 (Debian: apt-get install nghttp2-client)')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'cohortd-transport-'))
  const server = fork(fileURLToPath(new URL('transport-server.ts', import.meta.url)))
  try {
    const { ports } = await message(server, 'ready')
    for (const load of LOADS) console.log(`transport: ${load.name}  ${await measure(load, { server, ports, folder })}`)
  } finally {
    server.kill()
    await rm(folder, { recursive: true })
  }
}

async function measure(
  load: Load,
  { server, ports, folder }: { server: ChildProcess; ports: { http: number; grpc: number }; folder: string },
): Promise<string> {
  const file = join(folder, 'request.bin')
  const body = load.gzip ? gzipSync(spanLikeBytes(load.bytes)) : spanLikeBytes(load.bytes)
  await writeFile(file, load.transport === 'grpc' ? Buffer.concat([prefix(body, load.gzip), body]) : body)
  await shoot(load, { ports, file, requests: Math.ceil(load.requests / 5) })
  const before = await usage(server)
  const seconds = await shoot(load, { ports, file, requests: load.requests })
  const after = await usage(server)
  const answered = after.requests - before.requests
  if (answered !== load.requests) throw new Error(`${load.name}: ${answered} of ${load.requests} requests arrived`)
  const cpuMs = (after.cpuMicros - before.cpuMicros) / 1000
  const megabytes = (load.requests * load.bytes) / 1e6
  const rate = Math.round(load.requests / seconds)
  const perCpuSecond = Math.round((load.requests / cpuMs) * 1000)
  const perMegabyte = (cpuMs / megabytes).toFixed(2)
  return `${rate} req/s, ${perCpuSecond} requests per CPU second, ${perMegabyte} CPU ms/MB, ${Math.round((megabytes / cpuMs) * 1000)} MB/CPU s`
}

/** Sends the file `requests` times; resolves with the seconds that took. Eight requests are under way at any time. */
async function shoot(
  load: Load,
  { ports, file, requests }: { ports: { http: number; grpc: number }; file: string; requests: number },
): Promise<number> {
  const encoding = load.gzip ? ['-H', `${load.transport === 'grpc' ? 'grpc' : 'content'}-encoding: gzip`] : []
  const shared = ['-t', '1', '-n', String(requests), '-d', file, ...encoding]
  const how =
    load.transport === 'grpc'
      ? ['-c', '2', '-m', '8', '-w', '30', '-W', '30', '-H', 'content-type: application/grpc', '-H', 'te: trailers']
      : ['--h1', '-c', '8', '-H', 'content-type: application/x-protobuf']
  const path = load.transport === 'grpc' ? EXPORT_PATH : TRACES_PATH
  const { stdout } = await execute('h2load', [...shared, ...how, `http://127.0.0.1:${ports[load.transport]}${path}`])
  const line = /finished in ([\d.]+)(us|ms|s)/.exec(stdout)
  if (line === null || !stdout.includes(`${requests} succeeded`)) throw new Error(`${load.name}: ${stdout}`)
  const unit = line[2] === 's' ? 1 : line[2] === 'ms' ? 1e-3 : 1e-6
  return Number(line[1]) * unit
}

async function hasH2load(): Promise<boolean> {
  try {
    await execute('h2load', ['--version'])
    return true
  } catch {
    return false
  }
}

async function usage(server: ChildProcess): Promise<Extract<ServerMessage, { kind: 'usage' }>> {
  server.send('usage')
  return message(server, 'usage')
}

function message<K extends ServerMessage['kind']>(
  server: ChildProcess,
  kind: K,
): Promise<Extract<ServerMessage, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the server ended with ${code}`))
    server.once('exit', onExit)
    server.once('message', (sent: ServerMessage) => {
      server.removeListener('exit', onExit)
      if (sent.kind === kind) resolve(sent as Extract<ServerMessage, { kind: K }>)
      else reject(new Error(`the server said ${sent.kind}, not ${kind}`))
    })
  })
}

/** Text that compresses about as well as spans do: five- to sixfold. */
function spanLikeBytes(length: number): Buffer {
  const parts: string[] = []
  let made = 0
  let seed = 1
  while (made < length) {
    let random = ''
    for (let i = 0; i < 8; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      random += seed.toString(16).padStart(8, '0')
    }
    const span = `${random}GET /api/carts/{id} http.request.method GET url.scheme https server.address shop.example.com http.route /api/carts/{id} http.response.status_code 200 network.protocol.version 1.1 user_agent.original Mozilla/5.0 (X11; Linux x86_64) feature_flag.key checkout-redesign feature_flag.result.variant treatment client.address 10.1.2.3 `
    parts.push(span)
    made += span.length
  }
  return Buffer.from(parts.join('')).subarray(0, length)
}

function prefix(body: Buffer, compressed: boolean): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = compressed ? 1 : 0
  bytes.writeUInt32BE(body.length, 1)
  return bytes
}

if (import.meta.main) await run()
