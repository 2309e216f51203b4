// Secrets: one key each. What this process was given it can give back where the server has lost it; it notices when it asks again.
import { SECRET } from './scripts/secrets.ts'
import { list, type RedisServer, textOf } from './server.ts'

export class Secrets {
  readonly #server: RedisServer
  /** By name: what was answered last. */
  readonly #given = new Map<string, string>()

  constructor(server: RedisServer) {
    this.#server = server
  }

  async get(name: string, proposal: string): Promise<string> {
    const { keys, keepMs, options } = this.#server
    const [kept, isNew] = list(await this.#server.run(SECRET, [keys.secret(name)], [keepMs, proposal]))
    const secret = textOf(kept)
    const given = this.#given.get(name)
    this.#given.set(name, secret)
    if (given !== undefined && given !== secret)
      options.observer.lost(
        null,
        `the secret ${name}; another was made meanwhile, which holds for all replicas from now on`,
      )
    else if (given !== undefined && isNew === 1) options.observer.lost(null, `the secret ${name}; it was written again`)
    return secret
  }
}
