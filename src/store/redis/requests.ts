// Claims on requests, and requests that belong to no experiment ('' stands for it).
import type { Claim } from '../port.ts'
import { CLAIM, COUNT } from './scripts/requests.ts'
import { type RedisServer, texts } from './server.ts'

/** A claim of a writer that has not counted the request by then may be taken over. */
const CLAIM_MS = 10_000

export class Requests {
  readonly #server: RedisServer
  readonly #isInJournal: (writer: string, identity: string) => Promise<boolean>

  /** `isInJournal`: whether a request is in the journal that a writer left. */
  constructor(server: RedisServer, isInJournal: (writer: string, identity: string) => Promise<boolean>) {
    this.#server = server
    this.#isInJournal = isInJournal
  }

  claim(writer: string, identity: string, experiments: readonly string[]): Promise<Claim[]> {
    return Promise.all(experiments.map((experiment) => this.#claimIn(experiment, { writer, identity })))
  }

  async count(writer: string, identities: readonly string[]): Promise<void> {
    if (identities.length === 0) return
    const args = [writer, ...identities]
    this.#server.tellLost('', texts(await this.#server.runOn(COUNT, this.#server.keys.of(''), { args })))
  }

  async #claimIn(
    experiment: string,
    { writer, identity }: { readonly writer: string; readonly identity: string },
  ): Promise<Claim> {
    const args = [writer, identity, CLAIM_MS]
    const [claim, former, ...notes] = texts(await this.#server.runOn(CLAIM, this.#server.keys.of(experiment), { args }))
    this.#server.tellLost(experiment, notes)
    if (experiment !== '' || former === '' || !(await this.#isInJournal(former, identity))) return claim as Claim
    // It died between its journal and the note that the request is counted.
    await this.count(writer, [identity])
    return 'counted'
  }
}
