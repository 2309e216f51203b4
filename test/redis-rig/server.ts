// One redis-server of a test: a process with a folder and a port of its own, that can be killed, hung up and started again as a whole life of
// faults asks for.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../real/eventually.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { guardFolder } from './guard.ts'
import { freePort } from './ports.ts'
import { keepAlive, runCli, startServerProgram } from './programs.ts'

const STOP_MS = 10_000

export interface RedisOptions {
  /** Default: a free one. */
  readonly port?: number
  /** When what was written is on disk; `no` (the default): never, a restart finds nothing. */
  readonly appendOnly?: 'no' | 'everysec' | 'always'
  /** As Redis writes it, e.g. `20mb`. */
  readonly maxMemory?: string
  readonly maxMemoryPolicy?: string
  /** Of the user `default`. */
  readonly password?: string
  /** Lines of an ACL file, e.g. `user cohortd on >secret ~cohortd:* &* +@all`. The tool of cli() logs in as `default`. */
  readonly acl?: readonly string[]
  /** TLS on the port, and nothing else; `mutual` asks for a client certificate too. */
  readonly tls?: boolean | 'mutual'
  /** Any other directives, by name. */
  readonly directives?: Readonly<Record<string, string>>
}

/** Starts a server with a folder of its own. Whoever starts one ends it by remove(); one that is forgotten ends with this process. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'cohortd-redis-'))
  guardFolder(folder)
  const port = options.port ?? (await freePort())
  const tls = options.tls === undefined || options.tls === false ? null : await makeCertificates(folder)
  if (options.acl !== undefined) await writeFile(join(folder, 'users.acl'), `${options.acl.join('\n')}\n`)
  const server = new RedisServerProcess({ folder, port, tls, options })
  await server.restart()
  return server
}

interface Place {
  readonly folder: string
  readonly port: number
  readonly tls: Certificates | null
  readonly options: RedisOptions
}

export class RedisServerProcess {
  readonly port: number
  /** Files for clients of a server with TLS. */
  readonly tls: Certificates | null
  readonly folder: string
  readonly #options: RedisOptions
  #child: ChildProcess | null = null
  #lastLines: readonly string[] = []

  constructor({ folder, port, tls, options }: Place) {
    this.folder = folder
    this.port = port
    this.tls = tls
    this.#options = options
  }

  /** Without credentials. */
  get url(): string {
    return `${this.tls === null ? 'redis' : 'rediss'}://${this.address}`
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The last lines of its log. */
  get log(): readonly string[] {
    return this.#lastLines
  }

  /** Runs one command by redis-cli; gives what is printed, values as they are. Throws where the answer is an error. */
  cli(...command: readonly string[]): Promise<string> {
    const { tls } = this
    const secure =
      tls === null ? [] : ['--tls', '--cacert', tls.caFile, '--cert', tls.clientCert, '--key', tls.clientKey]
    const { password } = this.#options
    return runCli(
      ['-h', '127.0.0.1', '-p', String(this.port), ...secure, ...command],
      password === undefined ? {} : { REDISCLI_AUTH: password },
    )
  }

  /** A field of INFO. Throws where there is none. */
  async info(field: string): Promise<string> {
    const line = (await this.cli('info', 'everything')).split('\r\n').find((one) => one.startsWith(`${field}:`))
    if (line === undefined) throw new Error(`INFO has no ${field}`)
    return line.slice(field.length + 1)
  }

  /** Until its replicas have all that was written. WAIT of a new connection would not know of what others wrote. */
  async waitUntilReplicated(): Promise<void> {
    await eventually('the replicas have everything', async () => {
      const lines = (await this.cli('info', 'replication')).split('\r\n')
      const written = lines.find((line) => line.startsWith('master_repl_offset:'))?.split(':')[1]
      const replicas = lines.filter((line) => /^slave\d+:/.test(line))
      return replicas.length > 0 && replicas.every((line) => line.includes(`,offset=${written},`)) ? true : null
    })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** As an administrator stops it; what appendOnly keeps is kept. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** It stands still, its sockets open. */
  suspend(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Starts it again on its port, killing it first where it runs; `empty`: with nothing of what it kept (a Cluster node keeps its place). */
  async restart({ empty = false } = {}): Promise<void> {
    await this.kill()
    if (empty)
      for (const name of ['appendonlydir', 'dump.rdb'])
        await rm(join(this.folder, name), { recursive: true, force: true })
    const { child, lastLines } = await startServerProgram(this.#arguments(), 'eady to accept connections')
    this.#child = child
    this.#lastLines = lastLines
  }

  /** The end of it, and of its folder. */
  async remove(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === null || !this.running) return
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) })
    keepAlive(child, true)
    child.kill(signal)
    // A suspended one hears nothing else.
    if (signal !== 'SIGKILL') child.kill('SIGCONT')
    await exited.catch(() => child.kill('SIGKILL'))
  }

  #arguments(): string[] {
    const { appendOnly = 'no', maxMemory, maxMemoryPolicy, password, acl, directives = {} } = this.#options
    const all: Record<string, string> = {
      ...this.#ports(),
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      appendonly: appendOnly === 'no' ? 'no' : 'yes',
      'enable-debug-command': 'local',
      ...(appendOnly === 'no' ? {} : { appendfsync: appendOnly }),
      ...(maxMemory === undefined ? {} : { maxmemory: maxMemory }),
      ...(maxMemoryPolicy === undefined ? {} : { 'maxmemory-policy': maxMemoryPolicy }),
      ...(password === undefined ? {} : { requirepass: password }),
      ...(acl === undefined ? {} : { aclfile: join(this.folder, 'users.acl') }),
      ...directives,
    }
    return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
  }

  #ports(): Record<string, string> {
    const { tls, port } = this
    if (tls === null) return { port: String(port) }
    return {
      port: '0',
      'tls-port': String(port),
      'tls-ca-cert-file': tls.caFile,
      'tls-cert-file': tls.serverCert,
      'tls-key-file': tls.serverKey,
      'tls-auth-clients': this.#options.tls === 'mutual' ? 'yes' : 'no',
    }
  }
}
