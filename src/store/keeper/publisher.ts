// What the lease holder makes known: state, alerts and events of its experiments, in order, each once. A publication of which nobody knows
// whether it was written is sent again under its number. One that comes after another leader's is dropped: that one has told of it.
import type { PublishedEvent } from '../../model/event.ts'
import type { CohortAlerts, PublicationDraft } from '../../model/partial.ts'
import type { Publication, PublicationOutcome, Store } from '../port.ts'
import type { KeptEngine } from './kept-engine.ts'
import { inOrder } from './told-in-order.ts'

/** Events that wait for a store that fails; beyond it the oldest are let go. */
const MAX_WAITING_EVENTS = 100_000

export interface PublisherObserver<Event> {
  /** They are in the store. */
  published(publication: Publication & { readonly events: readonly Event[] }, whole: boolean): void
  failed(error: Error, operation: string): void
  lost(experiment: string, what: string): void
}

type Waiting<Event> = Omit<PublicationDraft<Event>, 'events'> & { events: readonly Event[] }

interface Outbox<Event> {
  /** Of the latest publication that is known to be written. */
  sequence: number
  /** On its way, or in doubt. */
  sent: (Publication & { readonly events: readonly Event[] }) | null
  /** The store has lost earlier ones. */
  anew: boolean
  state: string | null
  alerts: Map<string, CohortAlerts>
  events: readonly Event[]
}

export class Publisher<Event extends PublishedEvent> {
  readonly #store: Store
  readonly #engine: KeptEngine<Event>
  readonly #tokenOf: (experiment: string) => Promise<number | null>
  readonly #onStale: (experiment: string) => Promise<void>
  readonly #observer: PublisherObserver<Event>
  readonly #outboxes = new Map<string, Outbox<Event>>()
  /** Where the store is of one process: what is not in an outbox yet, in the order of the events. */
  #line: Waiting<Event>[] = []
  #waitingEvents = 0
  #pump: Promise<void> | null = null
  /** Events that could not wait for the store any longer. */
  droppedEvents = 0
  problem: string | null = null

  constructor(parts: {
    store: Store
    engine: KeptEngine<Event>
    /** Null: this replica does not lead it (any more). */
    tokenOf: (experiment: string) => Promise<number | null>
    onStale: (experiment: string) => Promise<void>
    observer: PublisherObserver<Event>
  }) {
    this.#store = parts.store
    this.#engine = parts.engine
    this.#tokenOf = parts.tokenOf
    this.#onStale = parts.onStale
    this.#observer = parts.observer
  }

  add(drafts: readonly PublicationDraft<Event>[]): void {
    for (const { events } of drafts) this.#waitingEvents += events.length
    if (this.#store.shared) for (const draft of drafts) this.#put(draft)
    else this.#line.push(...inOrder(drafts))
    this.#bound()
  }

  #put({ experiment, state, alerts, events }: PublicationDraft<Event>): void {
    const outbox = this.#outboxOf(experiment)
    outbox.state = state ?? outbox.state
    for (const one of alerts) outbox.alerts.set(nameOf(one), one)
    outbox.events = [...outbox.events, ...events]
  }

  /** Drops what was to be told of the experiment; what comes goes on after that number. */
  goOnFrom(experiment: string, sequence: number): void {
    this.drop(experiment)
    this.#outboxOf(experiment).sequence = sequence
  }

  /** What is to be told of the experiment comes after that number. */
  numberAfter(experiment: string, sequence: number): void {
    const outbox = this.#outboxOf(experiment)
    outbox.sequence = Math.max(outbox.sequence, sequence)
    if (outbox.sent !== null) outbox.sent = { ...outbox.sent, sequence: outbox.sequence + 1 }
  }

  /** Of the latest publication of the experiment that is known to be written. */
  sequenceOf(experiment: string): number {
    return this.#outboxes.get(experiment)?.sequence ?? 0
  }

  /** The store has lost publications: all that there is to know of the experiment is told again. */
  tellAnew(experiment: string): void {
    this.#observer.lost(experiment, 'alerts and state; they are written again from memory')
    const outbox = this.#outboxOf(experiment)
    const { state, alerts } = this.#engine.exchange.takeChanges(experiment, true)
    outbox.anew = true
    outbox.alerts.clear()
    if (outbox.sent !== null) outbox.sent = { ...outbox.sent, state, alerts }
    else {
      outbox.state = state
      for (const one of alerts) outbox.alerts.set(nameOf(one), one)
    }
  }

  drop(experiment: string): void {
    const outbox = this.#outboxes.get(experiment)
    if (outbox === undefined) return
    this.#waitingEvents -= outbox.events.length
    this.#outboxes.delete(experiment)
  }

  /** Sends all that waits; resolves when it is written or the store has failed. */
  async pump(): Promise<void> {
    await this.#pump
    await this.begin()
  }

  /** Begins to send unless that is going on. */
  begin(): Promise<void> {
    this.#pump ??= this.#sendAll().finally(() => {
      this.#pump = null
    })
    return this.#pump
  }

  async #sendAll(): Promise<void> {
    try {
      await this.#sendOutboxes()
      for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
        this.#put(next)
        await this.#sendOutboxes()
      }
      this.problem = null
    } catch (error) {
      this.problem = (error as Error).message
      this.#observer.failed(error as Error, 'publish')
    }
  }

  async #sendOutboxes(): Promise<void> {
    for (const [experiment, outbox] of this.#outboxes)
      while (hasMore(outbox) && (await this.#sendOne(experiment, outbox)));
  }

  /** False where no more can be sent of it now. */
  async #sendOne(experiment: string, outbox: Outbox<Event>): Promise<boolean> {
    const token = await this.#tokenOf(experiment)
    if (token === null) return false
    outbox.sent ??= this.#take(experiment, outbox)
    const publication = { ...outbox.sent, token }
    const outcome = outbox.anew ? await this.#store.publishAnew(publication) : await this.#store.publish(publication)
    return this.#settle(outcome, experiment, outbox)
  }

  async #settle(outcome: PublicationOutcome, experiment: string, outbox: Outbox<Event>): Promise<boolean> {
    const { sent } = outbox
    if (this.#outboxes.get(experiment) !== outbox || sent === null) return false
    if (outcome === 'stale') {
      this.drop(experiment)
      await this.#onStale(experiment)
      return false
    }
    if (outcome === 'lost') {
      this.tellAnew(experiment)
      return true
    }
    this.#observer.published(sent, outbox.anew)
    outbox.sequence = sent.sequence
    outbox.sent = null
    outbox.anew = false
    return true
  }

  #take(experiment: string, outbox: Outbox<Event>): Publication & { readonly events: readonly Event[] } {
    const { state, alerts, events } = outbox
    outbox.state = null
    outbox.alerts = new Map()
    outbox.events = []
    this.#waitingEvents -= events.length
    return { experiment, token: 0, sequence: outbox.sequence + 1, state, alerts: [...alerts.values()], events }
  }

  #outboxOf(experiment: string): Outbox<Event> {
    let outbox = this.#outboxes.get(experiment)
    if (outbox === undefined) {
      outbox = { sequence: 0, sent: null, anew: false, state: null, alerts: new Map(), events: [] }
      this.#outboxes.set(experiment, outbox)
    }
    return outbox
  }

  #bound(): void {
    for (const waiting of [...this.#outboxes.values(), ...this.#line]) {
      const excess = this.#waitingEvents - MAX_WAITING_EVENTS
      if (excess <= 0) return
      const dropped = Math.min(excess, waiting.events.length)
      waiting.events = waiting.events.slice(dropped)
      this.#waitingEvents -= dropped
      this.droppedEvents += dropped
    }
  }
}

function nameOf({ variant, segmentKey }: CohortAlerts): string {
  return JSON.stringify([variant, segmentKey])
}

function hasMore({ sent, state, alerts, events }: Outbox<PublishedEvent>): boolean {
  return sent !== null || state !== null || alerts.size > 0 || events.length > 0
}
