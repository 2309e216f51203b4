// The connection: one client for everything that is asked, one more for those who wait for events. Hides standalone, Sentinel and
// Cluster from the rest, and keeps the account of whether the server answers. ioredis is loaded when it is needed.
import type { Cluster, Redis } from 'ioredis'
import type { RedisSettings } from '../../model/settings.ts'
import { after, systemClock } from '../../runtime/clock.ts'
import { StoreError } from '../port.ts'
import { explainRedisError, isFatal, isOfNoConnection, isOfWrites, mustBeRecent, nameOf } from './errors.ts'
import { type ConnectionPlan, connectionPlan } from './options.ts'
import type { Script } from './scripts/script.ts'

export type Argument = string | number | Buffer
/** As RESP has it: bulk strings as bytes. */
export type Reply = Buffer | string | number | null | readonly Reply[]

type Client = Redis | Cluster

/** Longest wait for the first connection, and that after it failed once; then the daemon starts without. */
const FIRST_CONNECTION_MS = 3000
const FAILED_ONCE_MS = 500
/** A Cluster in which nothing has failed for so long is well again. */
const CLUSTER_CALM_MS = 2500

export class RedisConnection {
  readonly server: string
  readonly #plan: ConnectionPlan
  readonly #onUnavailable: (reason: string) => void
  readonly #onAvailable: () => void
  readonly #clients: Client[] = []
  #main: Client | null = null
  /** What it is known not to do now. */
  #failing: 'nothing' | 'writes' | 'everything' = 'nothing'
  /** When it last failed, monotonic milliseconds. */
  #failedMs = -Infinity
  /** Why the connection was not made or was lost. */
  #lastError: unknown = null

  /** Throws StoreError where TLS files cannot be read. */
  constructor(settings: RedisSettings, observer: { unavailable: (reason: string) => void; available: () => void }) {
    this.server = nameOf(settings.servers)
    this.#plan = connectionPlan(settings)
    this.#onUnavailable = observer.unavailable
    this.#onAvailable = observer.available
  }

  /** Connects. Where the server cannot be reached goes on trying; where it can never be used as configured, rejects with StoreError. */
  async start(): Promise<void> {
    const client = await this.#open()
    this.#main = client
    const problem = await firstProblem(client)
    if (problem !== null) return this.#startWithout(problem)
    try {
      await this.#checkVersion()
    } catch (error) {
      if (isFatal(error) || !(error instanceof UnreachableError)) throw error
      this.#fails(error)
    }
  }

  #startWithout(problem: unknown): void {
    const error = explainRedisError(problem, this.server)
    if (isFatal(problem)) throw error
    this.#fails(error)
  }

  async #checkVersion(): Promise<void> {
    let info: string
    try {
      info = await this.#infoOf()
    } catch (error) {
      if (/NOPERM/.test((error as Error).message)) return
      const explained = explainRedisError(error, this.server)
      throw isFatal(error) ? explained : new UnreachableError(explained.message, { cause: error })
    }
    mustBeRecent(info, this.server)
  }

  async #infoOf(): Promise<string> {
    const client = this.#main!
    if (!('nodes' in client)) return await client.info('server')
    const answers = await Promise.all(client.nodes('master').map((node) => node.info('server')))
    for (const answer of answers) mustBeRecent(answer, this.server)
    return answers[0] ?? ''
  }

  stop(): void {
    for (const client of this.#clients.splice(0)) client.disconnect()
    this.#main = null
  }

  /** A connection of its own, for commands that wait; stop() ends it too. */
  async another(): Promise<{ call(command: string, args: readonly Argument[]): Promise<Reply>; end(): void }> {
    const client = await this.#open()
    const problem = await firstProblem(client)
    const end = (): void => {
      client.disconnect()
      const at = this.#clients.indexOf(client)
      if (at >= 0) this.#clients.splice(at, 1)
    }
    if (problem !== null) {
      end()
      throw explainRedisError(problem, this.server)
    }
    return { call: (command, args) => client.callBuffer(command, [...args]) as Promise<Reply>, end }
  }

  /** Runs a script; the server keeps it under its hash. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const rest: Argument[] = [keys.length, ...keys, ...args]
    return this.#counted(script.writes, async (client) => {
      try {
        return (await client.callBuffer('evalsha', [script.sha, ...rest])) as Reply
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
        return (await client.callBuffer('eval', [script.lua, ...rest])) as Reply
      }
    })
  }

  async call(command: string, args: readonly Argument[]): Promise<Reply> {
    return this.#counted(false, async (client) => (await client.callBuffer(command, [...args])) as Reply)
  }

  #fails(error: StoreError): void {
    const before = this.#failing
    this.#failedMs = systemClock.monotonic()
    this.#failing = isOfWrites(error.cause) ? 'writes' : 'everything'
    if (before === 'nothing') this.#onUnavailable(error.message)
  }

  #works(didWrite: boolean): void {
    if (this.#failing === 'nothing' || (this.#failing === 'writes' && !didWrite)) return
    // In a Cluster some masters answer while another does not.
    const calmMs = this.#plan.kind === 'cluster' ? CLUSTER_CALM_MS : 0
    if (systemClock.monotonic() - this.#failedMs < calmMs) return
    this.#failing = 'nothing'
    this.#onAvailable()
  }

  async #counted(didWrite: boolean, ask: (client: Client) => Promise<Reply>): Promise<Reply> {
    if (this.#main === null) throw new StoreError('the store is not running')
    try {
      const reply = await ask(this.#main)
      this.#works(didWrite)
      return reply
    } catch (error) {
      const why = isOfNoConnection(error) && this.#lastError !== null ? this.#lastError : error
      const explained = explainRedisError(why, this.server)
      this.#fails(explained)
      throw explained
    }
  }

  async #open(): Promise<Client> {
    const ioredis = await import('ioredis')
    const plan = this.#plan
    const client =
      plan.kind === 'single' ? new ioredis.Redis(plan.options) : new ioredis.Cluster([...plan.nodes], plan.options)
    const failed = (error: unknown): void => {
      this.#lastError = error
    }
    client.on('error', failed)
    client.on('node error', failed)
    client.on('ready', () => {
      this.#lastError = null
    })
    this.#clients.push(client)
    return client
  }
}

/** The server could not be asked. */
class UnreachableError extends StoreError {}

/** Connects; null once the client is ready, else why it is not, though it may be later. */
function firstProblem(client: Client): Promise<unknown> {
  return new Promise((resolve) => {
    let last: unknown = null
    const done = (problem: unknown): void => {
      cancel()
      client.off('ready', ready)
      client.off('error', failed)
      client.off('node error', failed)
      resolve(problem)
    }
    const giveUp = (): void => done(last ?? new Error('Command timed out'))
    const ready = (): void => done(null)
    const failed = (error: unknown): void => {
      if (isFatal(error)) return done(error)
      if (last === null) {
        cancel()
        cancel = after(FAILED_ONCE_MS, giveUp)
      }
      if (last === null || !isOfNoConnection(error)) last = error
    }
    let cancel = after(FIRST_CONNECTION_MS, giveUp)
    client.on('ready', ready)
    client.on('error', failed)
    client.on('node error', failed)
    client.connect().catch(failed)
  })
}
