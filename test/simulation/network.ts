// What is wrong, at the moment, between the replicas and their store.
import type { FaultPlan } from './plan.ts'
import type { Random } from './random.ts'

export interface Passage {
  /** Until the call has its effect, and from there until the answer is back. */
  readonly toMs: number
  readonly backMs: number
  readonly lost: 'nothing' | 'before' | 'in the middle' | 'after'
}

const USUAL_MS = 4

export class Network {
  readonly #now: () => number
  readonly #shared: boolean
  readonly #outages = new Map<number | null, { untilMs: number; hangs: boolean }>()
  #slow = { untilMs: -1, upToMs: 0, reorders: false }
  #flaky = { untilMs: -1, share: 0 }

  constructor(now: () => number, options: { shared: boolean }) {
    this.#now = now
    this.#shared = options.shared
  }

  apply(fault: FaultPlan): void {
    const nowMs = this.#now()
    if (fault.kind === 'outage')
      this.#outages.set(fault.replica, { untilMs: nowMs + fault.forMs, hangs: this.#shared && fault.hangs })
    else if (fault.kind === 'slow')
      this.#slow = { untilMs: nowMs + fault.forMs, upToMs: fault.upToMs, reorders: this.#shared && fault.reorders }
    else if (fault.kind === 'flaky') this.#flaky = { untilMs: nowMs + fault.forMs, share: fault.share }
  }

  heal(): void {
    this.#outages.clear()
    this.#slow = { untilMs: -1, upToMs: 0, reorders: false }
    this.#flaky = { untilMs: -1, share: 0 }
  }

  /** Null: a call goes through. */
  troubleOf(replica: number): 'refused' | 'hangs' | null {
    for (const whose of [replica, null]) {
      const outage = this.#outages.get(whose)
      if (outage !== undefined && this.#now() < outage.untilMs) return outage.hangs ? 'hangs' : 'refused'
    }
    return null
  }

  get reorders(): boolean {
    return this.#slow.reorders && this.#now() < this.#slow.untilMs
  }

  passage(random: Random): Passage {
    const upToMs = this.#now() < this.#slow.untilMs ? this.#slow.upToMs : USUAL_MS
    const times = { toMs: random.whole(1, Math.max(1, upToMs)), backMs: random.whole(1, Math.max(1, upToMs)) }
    const isLost = this.#now() < this.#flaky.untilMs && random.chance(this.#flaky.share)
    // A store of one process fails or does its work; its answer is lost only with the process.
    const how = this.#shared ? random.pick(['before', 'in the middle', 'after'] as const) : 'before'
    return { ...times, lost: isLost ? how : 'nothing' }
  }
}
