// The key of unit hashes where the configuration has none: the store's secret, made by whoever came first. Without it units cannot be
// counted, so a store that is away is asked again until it answers; one that has answered is asked again now and then, since a
// shared store keeps a secret only as long as somebody asks, and gets a lost one back that way. The key is never told to anybody.
import { randomBytes } from 'node:crypto'
import type { EngineSettings } from '../model/settings.ts'
import { after } from '../runtime/clock.ts'
import type { Log } from '../telemetry/log.ts'

/** The name of the secret in the store. */
export const UNIT_KEY_SECRET = 'unit-key'

const KEY_BYTES = 32
const RETRY_MS = 1000
/** How long a lost key may be missing while another replica starts and makes a new one. */
const RENEWAL_MS = 10_000

export interface UnitKeyParts {
  /** Nothing is asked where they have a key, or units are not looked at. */
  readonly settings: Pick<EngineSettings, 'unitKey' | 'unitAttributes'>
  /** As Store.secret(), with the name given. Rejects where the store does not answer. */
  readonly secret: (proposal: string) => Promise<string>
  /** Told the key as soon as it is known, and again where the store has lost it and all replicas go on with another. */
  readonly onKey: (key: string) => void
  readonly log: Log
  /** Runs a task after milliseconds; gives what cancels it. */
  readonly later?: typeof after
}

export class UnitKey {
  readonly #parts: UnitKeyParts
  readonly #later: typeof after
  readonly #proposal = randomBytes(KEY_BYTES).toString('hex')
  #known: string | null = null
  #isMissed = false
  #isStopped = false
  #cancel = (): void => {}

  constructor(parts: UnitKeyParts) {
    this.#parts = parts
    this.#later = parts.later ?? after
  }

  /** Begins to ask. Resolves when the key is known, or the store has failed to tell it for the first time. */
  async begin(): Promise<void> {
    const { unitKey, unitAttributes } = this.#parts.settings
    if (unitKey === '' && unitAttributes.length > 0) await this.#askOnce()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  async #askOnce(): Promise<void> {
    const key = await this.#ask()
    if (this.#isStopped) return
    if (key !== null) this.#take(key)
    else if (this.#known === null) this.#miss()
    this.#cancel = this.#later(this.#known === null ? RETRY_MS : RENEWAL_MS, () => void this.#askOnce())
  }

  /** Null: the store did not answer, of which it has told its observer. */
  async #ask(): Promise<string | null> {
    try {
      return await this.#parts.secret(this.#known ?? this.#proposal)
    } catch {
      return null
    }
  }

  #take(key: string): void {
    if (key === this.#known) return
    const { log, onKey } = this.#parts
    if (this.#known !== null) log.warn('the key of unit hashes has become another: units begin anew')
    else if (this.#isMissed) log.info('the store has told the key of unit hashes: units are counted from now on')
    this.#known = key
    onKey(key)
  }

  #miss(): void {
    if (this.#isMissed) return
    this.#isMissed = true
    this.#parts.log.warn('units are not counted until the store tells the key of their hashes')
  }
}
