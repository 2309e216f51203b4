// What every part of the Redis store shares: the connection, the names of the keys, how long they are kept, and the words in which a
// loss is told.
import { randomUUID } from 'node:crypto'
import type { RedisSettings } from '../../model/settings.ts'
import type { StoreOptions } from '../port.ts'
import { type Argument, RedisConnection, type Reply } from './connection.ts'
import { type ExperimentKeys, Keys } from './keys.ts'
import type { Script } from './scripts/script.ts'

/** Beyond every use of a key: what is kept for a time is found for that time even where nobody could renew it for a while. */
const MARGIN_MS = 86_400_000

const LOST: Readonly<Record<string, string>> = {
  head: 'its state and the number of its latest publication; whoever leads it writes them again',
  log: 'the list of what changed lately; every replica reads the experiment anew',
  writers:
    'its list of writers; each writes itself again as it flushes, and writers that were given up before are not known as such',
  alerts: 'its alerts; whoever leads it writes them again',
  outbox: 'events that were not in the stream yet',
  requests: 'identities of requests; a request that is sent again may be counted twice',
}

export interface RedisServerOptions {
  /** Milliseconds that are added to the server's clock; for tests. */
  readonly aheadMs?: () => number
}

export class RedisServer {
  readonly connection: RedisConnection
  readonly keys: Keys
  readonly options: StoreOptions
  readonly #aheadMs: () => number

  constructor(settings: RedisSettings, options: StoreOptions, { aheadMs = () => 0 }: RedisServerOptions) {
    this.options = options
    this.keys = new Keys(settings.keyPrefix)
    this.connection = new RedisConnection(settings, {
      unavailable: (reason) => options.observer.unavailable(reason),
      available: () => options.observer.available(),
    })
    this.#aheadMs = aheadMs
  }

  /** How long keys are kept that concern the longest window. */
  get keepMs(): number {
    return this.options.retentionSeconds * 1000 + MARGIN_MS
  }

  /** How long keys are kept that concern retries. */
  get retryKeepMs(): number {
    return this.options.retryWindowMs * 2 + MARGIN_MS
  }

  /** Rows whose newest second lies before this one are not kept. */
  get oldestSecond(): number {
    return this.options.now() / 1000 - this.options.retentionSeconds
  }

  /** Runs a script that takes the clock's correction first. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.connection.run(script, keys, [this.#aheadMs(), ...args])
  }

  /** Runs a script of experiment.ts; `rows`: writers whose rows it takes. */
  runOn(
    script: Script,
    keys: ExperimentKeys,
    parts: { readonly rows?: readonly string[]; readonly args: readonly Argument[] },
  ): Promise<Reply> {
    const { rows = [], args } = parts
    const common = [this.keepMs, this.options.retryWindowMs, randomUUID()]
    return this.run(script, [...keys.all, ...rows.map((writer) => keys.rows(writer))], [...common, ...args])
  }

  /** Tells of what a script has found gone; notes as scripts write them. */
  tellLost(experiment: string, notes: readonly string[]): void {
    for (const note of notes) {
      const what = note.startsWith('=') ? `rows of the writer ${note.slice(1)}` : (LOST[note] ?? note)
      this.options.observer.lost(experiment === '' ? null : experiment, what)
    }
  }
}

/** A list of bulk strings, as text. */
export function texts(reply: Reply | undefined): string[] {
  return list(reply).map(textOf)
}

export function list(reply: Reply | undefined): readonly Reply[] {
  if (!Array.isArray(reply)) throw new Error('Redis answered something else than a list')
  return reply
}

export function textOf(reply: Reply | undefined): string {
  return reply === null || reply === undefined ? '' : reply.toString()
}

/** A flat list by its twos. */
export function* pairs(reply: Reply | undefined): Generator<[Reply, Reply]> {
  const flat = list(reply)
  for (let at = 0; at + 1 < flat.length; at += 2) yield [flat[at], flat[at + 1]]
}
