// A daemon for the length of the demonstration: a child process of the same program, on free ports, with nothing on disk.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from '../runtime/clock.ts'

const READY_MS = 20_000
const STOP_MS = 15_000
const KEPT_LINES = 20
const FREE_PORT = '127.0.0.1:0'
const CONFIG = `store: {type: memory}
receivers: {otlp: {protocols: {grpc: {endpoint: "${FREE_PORT}"}, http: {endpoint: "${FREE_PORT}"}}}}
api: {endpoint: "${FREE_PORT}"}
`

export interface OwnDaemon {
  /** http://host:port of its API and of its OTLP/gRPC receiver. */
  readonly api: string
  readonly otlp: string
  stop(): Promise<void>
}

/** Starts it and waits until it is ready. Throws with its last words where it ends or stays silent instead. */
export async function startOwnDaemon(program: readonly string[]): Promise<OwnDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'cohortd-demo-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const config = join(folder, 'cohortd.yaml')
    await writeFile(config, CONFIG)
    const args = [...program.slice(1), 'serve', '--config', config, '--log-format', 'json']
    const child = spawn(program[0], args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const killed = (): void => void child.kill('SIGKILL')
    process.once('exit', killed)
    const stop = async (): Promise<void> => {
      await end(child)
      process.off('exit', killed)
      await remove()
    }
    try {
      const ports = await readiness(child)
      return { api: `http://127.0.0.1:${ports.get('api')}`, otlp: `http://127.0.0.1:${ports.get('otlp-grpc')}`, stop }
    } catch (error) {
      await stop()
      throw error
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Ports by listener, once the daemon has said that it is ready. */
function readiness(child: ChildProcess): Promise<ReadonlyMap<string, number>> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, number>>()
  const ports = new Map<string, number>()
  const lines: string[] = []
  const fail = (what: string): void => reject(new Error(`the daemon for the demo ${what}\n${lines.join('\n')}`.trim()))
  const read = (line: string): void => {
    if (lines.push(line) > KEPT_LINES) lines.shift()
    const { msg, listener, port } = fieldsOf(line)
    if (msg === 'listening') ports.set(String(listener), Number(port))
    if (msg === 'ready') resolve(ports)
  }
  // The outputs are read to the end, also after it is ready: a full pipe would stop the daemon.
  for (const output of [child.stdout, child.stderr]) if (output !== null) createInterface(output).on('line', read)
  child.once('error', (error) => fail(`did not start: ${error.message}`))
  child.once('exit', (code, signal) => fail(`ended with ${code ?? signal} before it was ready`))
  const cancel = after(READY_MS, () => fail(`was not ready after ${READY_MS / 1000} s`))
  return promise.finally(cancel)
}

function fieldsOf(line: string): { msg?: unknown; listener?: unknown; port?: unknown } {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  const cancel = after(STOP_MS, () => child.kill('SIGKILL'))
  child.kill('SIGTERM')
  await exited
  cancel()
}
