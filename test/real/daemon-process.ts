// The daemon as its users start it: a process with a configuration file and a data directory of its own, on free ports.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { BurnEventData, CohortEvent } from '../../src/model/event.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { parseEvent } from '../../src/watch/render.ts'
import { followEvents } from '../../src/watch/stream.ts'
import { parsePrometheusText, type Samples } from './prometheus-text.ts'

const BIN = path.join(import.meta.dirname, '../../bin/cohortd.js')
const READY_MS = 20_000
const STOP_MS = 20_000

export interface DaemonOptions {
  /** YAML; the endpoints are set to free ports whatever it says. */
  readonly config?: string
  /** Kept when the daemon ends, so that another can be started on it; by default a fresh one that is removed. */
  readonly dataDir?: string
  /** More arguments of `serve`. */
  readonly args?: readonly string[]
  /** Files may not grow beyond this, as on a disk that is full. */
  readonly fileLimitKiB?: number
}

export interface Ports {
  readonly grpc: number
  readonly http: number
  readonly api: number
}

/** A running daemon. Whoever starts one must stop() or kill() it; one that is forgotten ends with the test process. */
export class DaemonProcess {
  readonly ports: Ports
  /** Both outputs, line by line, as they came. */
  readonly logs: readonly string[]
  readonly #child: ChildProcess
  readonly #removeDataDir: (() => Promise<void>) | null
  readonly #subscriptions: Subscription[] = []

  /** Resolves when the daemon says that it is ready. Throws with its output where it ends or stays silent instead. */
  static async start(options: DaemonOptions = {}): Promise<DaemonProcess> {
    const own = options.dataDir === undefined
    const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'cohortd-test-')))
    const configFile = path.join(dataDir, 'test-config.yaml')
    await writeFile(configFile, options.config ?? '{}\n')
    const sets = ['receivers.otlp.protocols.grpc', 'receivers.otlp.protocols.http', 'api'].flatMap((listener) => [
      '--set',
      `${listener}.endpoint=127.0.0.1:0`,
    ])
    const args = [BIN, 'serve', '--config', configFile, ...sets, '--log-format', 'json', ...(options.args ?? [])]
    const command = [process.execPath, ...args]
    const limit = options.fileLimitKiB === undefined ? 'unlimited' : String(2 * options.fileLimitKiB)
    const child = spawn('/bin/sh', ['-c', `ulimit -S -f ${limit}; exec "$@"`, 'sh', ...command], {
      cwd: dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    killWithUs.add(child)
    const logs: string[] = []
    const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true })
    try {
      return new DaemonProcess(child, await readiness(child, logs), logs, own ? remove : null)
    } catch (error) {
      child.kill('SIGKILL')
      if (own) await remove()
      throw error
    }
  }

  private constructor(
    child: ChildProcess,
    ports: Ports,
    logs: readonly string[],
    remove: (() => Promise<void>) | null,
  ) {
    this.#child = child
    this.ports = ports
    this.logs = logs
    this.#removeDataDir = remove
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.ports.api}`
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The endpoint for an OTLP exporter of the protocol. */
  otlpUrl(protocol: string): string {
    return `http://127.0.0.1:${protocol === 'grpc' ? this.ports.grpc : this.ports.http}`
  }

  async metrics(): Promise<Samples> {
    const response = await fetch(`${this.apiUrl}/metrics`)
    if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`)
    return parsePrometheusText(await response.text())
  }

  /** JSON of an API path, whatever the status. */
  async get(apiPath: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.apiUrl}${apiPath}`)
    return { status: response.status, body: await response.json() }
  }

  /** The report of an experiment as the API gives it. */
  async report(experiment: string): Promise<unknown> {
    const { status, body } = await this.get(`/api/v1/experiments/${encodeURIComponent(experiment)}`)
    if (status !== 200) throw new Error(`the report of ${experiment} answered ${status}`)
    return body
  }

  /** Resolves when the stream is open: what is published from then on will be in it. */
  async subscribe(after: string | null = null): Promise<Subscription> {
    const subscription = new Subscription(this.apiUrl, after)
    this.#subscriptions.push(subscription)
    await subscription.connected
    return subscription
  }

  /** A graceful stop; gives the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGSTOP: it stands still, its sockets open. */
  suspend(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()))
    if (this.running) {
      const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(STOP_MS) })
      this.#child.kill(signal)
      await exited.catch(() => this.#child.kill('SIGKILL'))
    }
    killWithUs.delete(this.#child)
    await this.#removeDataDir?.()
    return this.#child.exitCode
  }
}

export interface ReceivedEvent {
  readonly event: CohortEvent
  /** Unix milliseconds at which it arrived here. */
  readonly receivedMs: number
}

/** A subscriber of the event stream that keeps all it got. */
export class Subscription {
  readonly received: ReceivedEvent[] = []
  readonly connected: Promise<void>
  readonly #controller = new AbortController()
  readonly #done: Promise<void>

  constructor(api: string, after: string | null) {
    const opened = Promise.withResolvers<void>()
    this.connected = opened.promise
    this.#done = this.#collect(api, after, opened.resolve).catch(opened.reject)
  }

  /** Burn events of a type, with the data in its place. */
  burns(type: `cohortd.burn.${string}`): (ReceivedEvent & { readonly data: BurnEventData })[] {
    return this.received
      .filter(({ event }) => event.type === type)
      .map((received) => ({ ...received, data: received.event.data as BurnEventData }))
  }

  async close(): Promise<void> {
    this.#controller.abort()
    await this.#done
  }

  async #collect(api: string, after: string | null, opened: () => void): Promise<void> {
    for await (const news of followEvents({ api, after, signal: this.#controller.signal })) {
      if (news.kind === 'connected') opened()
      if (news.kind !== 'event') continue
      const event = parseEvent(news.json)
      if (event === null) throw new Error(`the stream holds what is no event: ${news.json}`)
      this.received.push({ event: event as CohortEvent, receivedMs: systemClock.now() })
    }
  }
}

const killWithUs = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of killWithUs) child.kill('SIGKILL')
})

async function readiness(child: ChildProcess, logs: string[]): Promise<Ports> {
  const { promise, resolve, reject } = Promise.withResolvers<Ports>()
  const ports: Record<string, number> = {}
  const fail = (what: string): void => reject(new Error(`the daemon ${what}:\n${logs.join('\n')}`))
  const listen = (line: string): void => {
    logs.push(line)
    const { msg, listener, port } = fields(line)
    if (msg === 'listening') ports[String(listener)] = Number(port)
    if (msg === 'ready') resolve({ grpc: ports['otlp-grpc'], http: ports['otlp-http'], api: ports['api'] })
  }
  for (const output of [child.stdout, child.stderr]) if (output !== null) createInterface(output).on('line', listen)
  child.once('error', (error) => fail(`did not start (${error.message})`))
  child.once('exit', (code, signal) => fail(`ended with ${code ?? signal} before it was ready`))
  const timer = setTimeout(() => fail(`was not ready after ${READY_MS / 1000} s`), READY_MS)
  return promise.finally(() => clearTimeout(timer))
}

function fields(line: string): { msg?: unknown; listener?: unknown; port?: unknown } {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
