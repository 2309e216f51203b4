// Claims on requests, and requests that belong to no experiment ('' stands for it).
import type { Claim } from '../port.ts'
import { CLAIM, COUNT } from './scripts/requests.ts'
import { type RedisServer, texts } from './server.ts'

/** A claim of a writer that has not counted the request by then may be taken over. */
const CLAIM_MS = 10_000

export class Requests {
  readonly #server: RedisServer

  constructor(server: RedisServer) {
    this.#server = server
  }

  claim(writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]> {
    return Promise.all(experiments.map((experiment) => this.#claimIn(experiment, [writer, identity, CLAIM_MS])))
  }

  async count(writer: string, identities: readonly string[]): Promise<void> {
    if (identities.length === 0) return
    const args = [writer, ...identities]
    this.#server.tellLost('', texts(await this.#server.runOn(COUNT, this.#server.keys.of(''), { args })))
  }

  async #claimIn(experiment: string, args: readonly (string | number)[]): Promise<Claim> {
    const [claim, ...notes] = texts(await this.#server.runOn(CLAIM, this.#server.keys.of(experiment), { args }))
    this.#server.tellLost(experiment, notes)
    return claim as Claim
  }
}
