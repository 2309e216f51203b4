// A master with replicas, watched by Sentinels that promote a replica when the master is gone.

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../real/eventually.ts'
import { guardFolder } from './guard.ts'
import { freePort } from './ports.ts'
import { runCli, startServerProgram } from './programs.ts'
import { type RedisOptions, type RedisServerProcess, startRedis } from './server.ts'

const READY_MS = 30_000
const HOST = '127.0.0.1'

export interface SentinelOptions {
  /** Default 3; more than half of them must agree on a promotion. */
  readonly sentinels?: number
  /** Default 1. */
  readonly replicas?: number
  /** What the Sentinels call the master. Default `cohortd`. */
  readonly name?: string
  /** After how long without an answer the master counts as gone. Default 1000. */
  readonly downAfterMs?: number
  /** For every server; not its port or TLS. */
  readonly server?: Pick<RedisOptions, 'appendOnly' | 'password' | 'directives'>
}

/** Resolves when all Sentinels know each other and the replicas, and these have the master's data. */
export async function startSentinel(options: SentinelOptions = {}): Promise<RedisSentinelProcesses> {
  const { sentinels = 3, replicas = 1, name = 'cohortd', downAfterMs = 1000, server = {} } = options
  const servers: RedisServerProcess[] = []
  const watchers: SentinelProcess[] = []
  const all = new RedisSentinelProcesses(name, servers, watchers)
  try {
    const shared = { 'repl-diskless-sync-delay': '0', ...server.directives }
    const auth: Record<string, string> = server.password === undefined ? {} : { masterauth: server.password }
    const master = await startRedis({ ...server, directives: { ...shared, ...auth } })
    servers.push(master)
    const replicaof = `${HOST} ${master.port}`
    for (let replica = 0; replica < replicas; replica++)
      servers.push(await startRedis({ ...server, directives: { ...shared, ...auth, replicaof } }))
    const quorum = Math.floor(sentinels / 2) + 1
    const watched = [
      `sentinel monitor ${name} ${HOST} ${master.port} ${quorum}`,
      `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
      `sentinel failover-timeout ${name} ${3 * downAfterMs}`,
      ...(server.password === undefined ? [] : [`sentinel auth-pass ${name} ${server.password}`]),
    ]
    for (let sentinel = 0; sentinel < sentinels; sentinel++) watchers.push(await SentinelProcess.start(watched))
    await all.waitUntilWatched(sentinels, replicas)
    return all
  } catch (error) {
    await all.remove()
    throw error
  }
}

export class RedisSentinelProcesses {
  readonly name: string
  /** The first one is the master of the beginning. */
  readonly servers: readonly RedisServerProcess[]
  readonly sentinels: readonly SentinelProcess[]

  constructor(name: string, servers: readonly RedisServerProcess[], sentinels: readonly SentinelProcess[]) {
    this.name = name
    this.servers = servers
    this.sentinels = sentinels
  }

  /** Of the Sentinels. */
  get urls(): string[] {
    return this.sentinels.map(({ port }) => `redis://${HOST}:${port}`)
  }

  /** The server that most Sentinels call the master now. */
  async currentMaster(): Promise<RedisServerProcess> {
    const ports = await Promise.all(this.sentinels.filter((one) => one.running).map((one) => one.masterPort(this.name)))
    const server = this.servers.find(({ port }) => ports.filter((one) => one === port).length > ports.length / 2)
    if (server === undefined) throw new Error(`the Sentinels name masters at ports ${ports.join(', ')}`)
    return server
  }

  /** kill -9 of the master; gives it, so that it can be started again. */
  async killMaster(): Promise<RedisServerProcess> {
    const master = await this.currentMaster()
    await master.kill()
    return master
  }

  /** Resolves with the new master when most Sentinels name another one than this and it takes writes. */
  async promotedFrom(old: RedisServerProcess): Promise<RedisServerProcess> {
    return eventually(
      'a replica is promoted',
      async () => {
        const master = await this.currentMaster().catch(() => old)
        return master !== old && (await master.info('role')) === 'master' ? master : null
      },
      READY_MS,
    )
  }

  /** startSentinel() has waited. */
  async waitUntilWatched(sentinels: number, replicas: number): Promise<void> {
    const wanted = { 'num-slaves': replicas, 'num-other-sentinels': sentinels - 1 }
    await eventually(
      'all Sentinels know all',
      async () => {
        const known = await Promise.all(this.sentinels.map((one) => one.master(this.name)))
        const all = known.every((fields) =>
          Object.entries(wanted).every(([key, count]) => Number(fields[key]) === count),
        )
        const links = await Promise.all(this.servers.slice(1).map((replica) => replica.info('master_link_status')))
        return all && links.every((link) => link === 'up') ? true : null
      },
      READY_MS,
    )
  }

  async remove(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((one) => one.remove()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }
}

/** One Sentinel, with the file in which it keeps what it knows. */
export class SentinelProcess {
  readonly port: number
  readonly #folder: string
  readonly #child: ChildProcess

  static async start(lines: readonly string[]): Promise<SentinelProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'cohortd-sentinel-'))
    guardFolder(folder)
    const port = await freePort()
    const file = join(folder, 'sentinel.conf')
    await writeFile(file, [`port ${port}`, `bind ${HOST}`, `dir ${folder}`, ...lines, ''].join('\n'))
    const { child } = await startServerProgram([file, '--sentinel'], 'Sentinel ID is')
    return new SentinelProcess(port, folder, child)
  }

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port
    this.#folder = folder
    this.#child = child
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  cli(...command: readonly string[]): Promise<string> {
    return runCli(['-h', HOST, '-p', String(this.port), ...command])
  }

  /** What it knows of a master, by field. */
  async master(name: string): Promise<Readonly<Record<string, string>>> {
    const lines = (await this.cli('sentinel', 'master', name)).split('\n')
    return Object.fromEntries(lines.flatMap((line, index) => (index % 2 === 0 ? [[line, lines[index + 1]]] : [])))
  }

  async masterPort(name: string): Promise<number> {
    const [, port] = (await this.cli('sentinel', 'get-master-addr-by-name', name)).split('\n')
    return Number(port)
  }

  async kill(): Promise<void> {
    if (!this.running) return
    const exited = once(this.#child, 'exit')
    this.#child.ref()
    this.#child.kill('SIGKILL')
    await exited
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
