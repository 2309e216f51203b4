// Which experiments this replica leads. A store of one process grants everything at once and for good. In a shared one leases run out unless
// they are renewed, so a replica that dies is followed by another within seconds; while the store is out of reach nobody gains or
// loses one here: local signals go on, and what may be told of them is decided by the token once the store is back.
import type { Store } from '../port.ts'
import type { Writer } from './writer.ts'

const TTL_MS = 6000
const RENEWAL_MS = 2000
/** What no experiment is called: the heartbeat of a writer. */
const HEARTBEAT = '\u0001writer/'
/** A writer that has not been heard of for so long, while the store could be reached, is taken for gone. */
const GONE_MS = 3_600_000
const BEAT_MS = 60_000
/** A store that has lost heartbeats gets them again within this. */
const SECOND_LOOK_MS = 2 * BEAT_MS

export interface LeaseChanges {
  readonly gained: readonly string[]
  readonly lost: readonly string[]
}

export class Leases {
  readonly #store: Store
  readonly #writer: Writer
  readonly #tokens = new Map<string, number>()
  #renewedMs = -Infinity
  /** How many experiments were asked for the last time. */
  #asked = 0
  /** When it was last asked, successfully or for the first time. */
  #heardMs: number | null = null
  #beatMs = -Infinity
  /** Writers whose heartbeat was not found: since when, monotonic milliseconds. */
  readonly #silentSinceMs = new Map<string, number>()

  constructor(store: Store, writer: Writer) {
    this.#store = store
    this.#writer = writer
  }

  has(experiment: string): boolean {
    return this.#tokens.has(experiment)
  }

  /** The token; null: somebody else leads it. */
  async tokenOf(experiment: string): Promise<number | null> {
    const known = this.#tokens.get(experiment)
    if (known !== undefined || this.#store.shared) return known ?? (await this.#brief(experiment))
    const token = (await this.#store.lease(this.#writer.id, [experiment], TTL_MS)).get(experiment) ?? null
    if (token !== null) this.#tokens.set(experiment, token)
    return token
  }

  /** Events of no experiment are anybody's to tell: whoever has some takes the lease just for that. */
  async #brief(experiment: string): Promise<number | null> {
    if (experiment !== '') return null
    return (await this.#store.lease(this.#writer.id, [''], TTL_MS)).get('') ?? null
  }

  /** Whether leases could not be asked for so long that nobody can hold one any more, as far as this replica can tell. */
  isAlone(nowMs: number): boolean {
    this.#heardMs ??= nowMs
    return nowMs - this.#heardMs > TTL_MS
  }

  /** `experiments`: how many there are now. A new one is asked for at once, since its first alert may be next. */
  isRenewalDue(nowMs: number, experiments: number): boolean {
    return nowMs - this.#renewedMs >= RENEWAL_MS || experiments > this.#asked
  }

  /** Takes or renews the leases of all these experiments as far as others do not hold them. `nowMs`: monotonic. */
  async renew(experiments: readonly string[], nowMs: number): Promise<LeaseChanges> {
    this.#renewedMs = nowMs
    this.#asked = experiments.length
    if (nowMs - this.#beatMs >= BEAT_MS) {
      await this.#store.lease(this.#writer.id, [HEARTBEAT + this.#writer.id], GONE_MS)
      this.#beatMs = nowMs
    }
    const tokens = await this.#store.lease(this.#writer.id, experiments, TTL_MS)
    this.#heardMs = nowMs
    const gained = experiments.filter((one) => tokens.has(one) && tokens.get(one) !== this.#tokens.get(one))
    const lost = [...this.#tokens.keys()].filter((one) => !tokens.has(one))
    for (const one of lost) this.#tokens.delete(one)
    return { gained: gained.filter((one) => this.#keep(one, tokens.get(one)!)), lost }
  }

  #keep(experiment: string, token: number): boolean {
    this.#tokens.set(experiment, token)
    return true
  }

  drop(experiment: string): void {
    this.#tokens.delete(experiment)
  }

  /** Whether the writer has not been heard of for an hour. The store may have lost its heartbeat, so that is to be found twice. */
  async isGone(writer: string, nowMs: number): Promise<boolean> {
    const name = HEARTBEAT + writer
    if (!(await this.#store.lease(this.#writer.id, [name], 1)).has(name)) {
      this.#silentSinceMs.delete(writer)
      return false
    }
    await this.#store.release(this.#writer.id, [name])
    const sinceMs = this.#silentSinceMs.get(writer) ?? nowMs
    this.#silentSinceMs.set(writer, sinceMs)
    return nowMs - sinceMs >= SECOND_LOOK_MS
  }

  /** Hands over to others at once; for the end, or where this writer is not heard of any more. */
  async releaseAll(): Promise<void> {
    const experiments = [...this.#tokens.keys()]
    this.#tokens.clear()
    this.#renewedMs = -Infinity
    this.#beatMs = -Infinity
    if (this.#store.shared && experiments.length > 0) await this.#store.release(this.#writer.id, experiments)
  }
}
