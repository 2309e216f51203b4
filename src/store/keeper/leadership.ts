// Which experiments are judged here, and from what they go on. In a store that replicas share that follows the leases; while it is away
// everybody judges for himself, so that what is shown goes on, but what is found is told only by whoever has the lease when the store is
// back, and only if nobody else has told anything since.
import type { PublishedEvent } from '../../model/event.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Store } from '../port.ts'
import type { Follower } from './follower.ts'
import type { KeptEngine } from './kept-engine.ts'
import type { Leases } from './leases.ts'
import type { Publisher } from './publisher.ts'

export interface LeadershipParts<Event extends PublishedEvent> {
  readonly store: Store
  readonly engine: KeptEngine<Event>
  readonly clock: Clock
  readonly leases: Leases
  readonly follower: Follower
  readonly publisher: Publisher<Event>
}

export class Leadership<Event extends PublishedEvent> {
  readonly #parts: LeadershipParts<Event>
  /** Experiments that are led here, from what the store had of them; in a store of one process that is not asked. */
  readonly #led = new Set<string>()
  /** Experiments whose lease was given to this replica and that it does not lead yet. */
  readonly #gained = new Set<string>()
  /** By experiment: the token under which it was taken over. */
  readonly #takenOver = new Map<string, number>()
  #tokenForNone: number | null = null

  constructor(parts: LeadershipParts<Event>) {
    this.#parts = parts
  }

  leads(experiment: string): boolean {
    return this.#led.has(experiment)
  }

  isRenewalDue(): boolean {
    const { leases, clock, engine } = this.#parts
    return leases.isRenewalDue(clock.monotonic(), engine.experimentIds.length)
  }

  /** Leads everything, where the leases could not be asked for so long that they have run out. */
  judgeAlone(): void {
    const { leases, clock, engine, publisher, follower } = this.#parts
    if (!leases.isAlone(clock.monotonic())) return
    for (const experiment of engine.experimentIds) {
      if (this.#led.has(experiment)) continue
      publisher.goOnFrom(experiment, follower.publications.get(experiment) ?? 0)
      this.#led.add(experiment)
      engine.exchange.lead(experiment)
    }
  }

  /** Renews the leases, takes over what was gained, lets go of what others have. */
  async renew(): Promise<void> {
    const { engine, clock, leases } = this.#parts
    const { gained, lost } = await leases.renew(engine.experimentIds, clock.monotonic())
    for (const experiment of gained) this.#gained.add(experiment)
    const others = [...this.#led].filter((experiment) => !leases.has(experiment))
    for (const experiment of new Set([...lost, ...others])) await this.letGo(experiment)
    // What the store does not let this replica take over now is due again when the leases are renewed the next time.
    for (const experiment of this.#gained) {
      if (leases.has(experiment)) await this.#takeOver(experiment)
      this.#gained.delete(experiment)
    }
  }

  /** The token for telling something of the experiment ('': of none); null: that is somebody else's. */
  tokenOf(experiment: string): Promise<number | null> {
    return experiment === '' ? this.#tokenOfNone() : this.#tokenOfLed(experiment)
  }

  /** Somebody else leads it. */
  async letGo(experiment: string): Promise<void> {
    const { engine, leases, publisher, follower } = this.#parts
    leases.drop(experiment)
    publisher.drop(experiment)
    engine.exchange.unlead(experiment)
    if (this.#led.delete(experiment)) await follower.takeAnew(experiment)
  }

  /** Leads nothing any more; what is not told is for others to find. */
  async letGoAll(): Promise<void> {
    const { engine, leases } = this.#parts
    for (const experiment of this.#led) engine.exchange.unlead(experiment)
    this.#led.clear()
    await leases.releaseAll()
  }

  /** Leads the experiment from where the store has it. */
  async #takeOver(experiment: string): Promise<void> {
    const { engine, leases, publisher, follower } = this.#parts
    const token = await leases.tokenOf(experiment)
    const sequence = await follower.bringUp(experiment)
    if (token === null || !leases.has(experiment)) return
    // Held all the time as far as anybody has told: what waits to be told still is to be.
    if (!this.#led.has(experiment) || publisher.sequenceOf(experiment) !== sequence) {
      if (this.#led.delete(experiment)) {
        engine.exchange.unlead(experiment)
        await follower.takeAnew(experiment)
      }
      publisher.goOnFrom(experiment, sequence)
      this.#led.add(experiment)
      engine.exchange.lead(experiment)
    }
    this.#takenOver.set(experiment, token)
    if (follower.isStoreOutdated(experiment)) publisher.tellAnew(experiment)
  }

  /** Nothing is told under a lease before it is known what was told before it was given. */
  async #tokenOfLed(experiment: string): Promise<number | null> {
    const token = await this.#parts.leases.tokenOf(experiment)
    return !this.#parts.store.shared || this.#takenOver.get(experiment) === token ? token : null
  }

  /** What concerns no experiment is anybody's to tell: whoever has some takes the lease for that, and goes on after the last teller. */
  async #tokenOfNone(): Promise<number | null> {
    const { store, leases, publisher } = this.#parts
    const token = await leases.tokenOf('')
    if (token === null || token === this.#tokenForNone) return token
    publisher.numberAfter('', (await store.load('')).publicationSequence)
    this.#tokenForNone = token
    return token
  }
}
