// What is told of the store: each outage and each loss once, in the log at once, as an event with the next tick. A short hiccup is no event, and
// losses of a thousand experiments at a time are one.
import type { EventType, StoreLostData } from '../model/event.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../telemetry/log.ts'

/** A loss is shown for this long. */
const LOSS_SHOWN_MS = 600_000
/** Outages shorter than this are not told in events. */
const OUTAGE_TOLD_MS = 1000
const EXPERIMENTS_NAMED = 20
const SENTENCES = 10
/** The same failure again is not worth another line for so long. */
const SAME_FAILURE_MS = 60_000

interface Outage {
  readonly reason: string
  readonly sinceMs: number
  told: boolean
}

type Tell = (event: { type: EventType; subject: string; data: unknown }) => void

export class StoreNews {
  readonly #clock: Clock
  readonly #log: Log
  readonly #tell: Tell
  #outage: Outage | null = null
  /** Over, and not told yet. */
  #ended: Outage | null = null
  #lostExperiments = new Set<string>()
  #lostWhat = new Set<string>()
  #lastLoss: { readonly text: string; readonly atMs: number } | null = null
  /** Told since the start. */
  losses = 0
  readonly #failures = new Map<string, { readonly message: string; readonly atMs: number }>()

  constructor(parts: { readonly clock: Clock; readonly log: Log; readonly tell: Tell }) {
    this.#clock = parts.clock
    this.#log = parts.log
    this.#tell = parts.tell
  }

  unavailable(reason: string): void {
    if (this.#outage !== null) return
    this.#outage = { reason, sinceMs: this.#clock.now(), told: false }
    this.#log.warn({ reason }, 'the store is out of reach; counting goes on in memory')
  }

  available(): void {
    if (this.#outage === null) return
    const seconds = this.#secondsOf(this.#outage)
    this.#log.info({ seconds }, 'the store is back')
    if (this.#outage.told) this.#ended = this.#outage
    this.#outage = null
    this.#failures.clear()
  }

  lost(experiment: string | null, what: string): void {
    if (experiment !== null) this.#lostExperiments.add(experiment)
    this.#lostWhat.add(what)
    this.losses++
    this.#lastLoss = { text: what, atMs: this.#clock.now() }
    this.#log.error({ experiment, what }, 'the store has lost something')
  }

  failed(error: Error, operation: string): void {
    const { message } = error
    const last = this.#failures.get(operation)
    const atMs = this.#clock.now()
    if (last !== undefined && last.message === message && atMs - last.atMs < SAME_FAILURE_MS) return
    this.#failures.set(operation, { message, atMs })
    this.#log.error({ operation, reason: message }, 'the store failed; it is tried again')
  }

  /** Null: it can be reached. */
  get unavailableBecause(): string | null {
    return this.#outage === null ? null : this.#outage.reason
  }

  /** A sentence for each thing that is wrong, or was a short while ago. */
  degraded(): string[] {
    const reasons: string[] = []
    if (this.#outage !== null)
      reasons.push(`the store is out of reach for ${this.#secondsOf(this.#outage)} s: ${this.#outage.reason}`)
    if (this.#lastLoss !== null && this.#clock.now() - this.#lastLoss.atMs < LOSS_SHOWN_MS)
      reasons.push(`the store has lost something at ${iso(this.#lastLoss.atMs)}: ${this.#lastLoss.text}`)
    return reasons
  }

  /** Gives what there is to tell to those who listen to events. */
  tellDue(): void {
    if (this.#outage !== null && !this.#outage.told && this.#clock.now() - this.#outage.sinceMs >= OUTAGE_TOLD_MS) {
      this.#outage.told = true
      const { reason, sinceMs } = this.#outage
      this.#tell({ type: 'cohortd.store.degraded', subject: 'store', data: { reason, since: iso(sinceMs) } })
    }
    if (this.#ended !== null) {
      const data = { since: iso(this.#ended.sinceMs), seconds: this.#secondsOf(this.#ended) }
      this.#ended = null
      this.#tell({ type: 'cohortd.store.restored', subject: 'store', data })
    }
    this.#tellLosses()
  }

  #tellLosses(): void {
    if (this.#lostWhat.size === 0) return
    const data: StoreLostData = {
      experiments: [...this.#lostExperiments].slice(0, EXPERIMENTS_NAMED),
      experiment_count: this.#lostExperiments.size,
      what: [...this.#lostWhat].slice(0, SENTENCES),
    }
    this.#lostExperiments = new Set()
    this.#lostWhat = new Set()
    this.#tell({ type: 'cohortd.store.lost', subject: 'store', data })
  }

  #secondsOf({ sinceMs }: Outage): number {
    return Math.max(0, Math.round((this.#clock.now() - sinceMs) / 1000))
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
