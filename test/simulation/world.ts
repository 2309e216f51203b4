// Runs a plan: replicas, their store, the network between, clients and faults, all in virtual time; then everything is healed, and time
// goes on until nothing is left to do.

import type { Store } from '../../src/store/port.ts'
import { Account } from './account.ts'
import type { WriterBook } from './book.ts'
import { Client } from './client.ts'
import { FaultyStore } from './faulty-store.ts'
import { EXPERIMENTS } from './generate.ts'
import { Network } from './network.ts'
import { type FaultPlan, loses, type Plan, type RequestPlan } from './plan.ts'
import { Process } from './process.ts'
import { Random } from './random.ts'
import { Replica } from './replica.ts'
import { StoreServer } from './server.ts'
import { EPOCH_MS } from './settings.ts'
import { identityOf } from './traffic.ts'
import { VirtualTime } from './virtual-time.ts'

/** Clients get what they have left acknowledged within so long after all faults. */
const PATIENCE_MS = 180_000
/** Long enough for every flush, poll and lease to come by. */
const SETTLING_MS = 20_000
/** Until everybody has noticed what the store has lost. */
const NOTICING_MS = 70_000
/** A moment within a second at which every replica has made its tick. */
const AFTER_TICK_MS = 700

/** Puts something between a replica and its store. */
export type Tampering = (store: Store, world: World) => Store

/** The place of a replica, where one process follows another. */
interface Slot {
  readonly index: number
  offsetMs: number
  replica: Replica | null
  /** By incarnation, from 0. */
  readonly lives: { readonly fromMs: number; untilMs: number }[]
}

/** An act of counting, whatever became of it. */
export interface CountingAct {
  readonly request: number
  readonly slot: number
  readonly incarnation: number
  readonly writer: string
  /** The engine's clock. */
  readonly nowMs: number
  readonly atMs: number
}

export class World {
  readonly plan: Plan
  readonly time = new VirtualTime()
  readonly server: StoreServer
  readonly books = new Map<string, WriterBook>()
  readonly requests: ReadonlyMap<string, RequestPlan>
  readonly clients: Client[]
  /** All processes that ever were. */
  readonly replicas: Replica[] = []
  readonly accounts = new Map<Replica, Account>()
  readonly acts: CountingAct[] = []
  readonly #network: Network
  readonly #slots: Slot[]
  readonly #tampering: Tampering
  #writers = 0

  constructor(plan: Plan, tampering: Tampering = (store) => store) {
    this.plan = plan
    this.#tampering = tampering
    const shared = plan.store === 'shared'
    this.server = new StoreServer(this.time, { shared })
    this.#network = new Network(() => this.time.nowMs, { shared })
    this.#slots = Array.from({ length: plan.replicas }, (_, index) => ({
      index,
      offsetMs: 0,
      replica: null,
      lives: [],
    }))
    const requests = plan.actions.filter((action) => action.kind === 'send')
    this.requests = new Map(requests.map((request) => [identityOf(request), request]))
    this.clients = requests.map((request) => this.#clientFor(request))
  }

  /** Those that run at the end. */
  get running(): Replica[] {
    return this.#slots.flatMap(({ replica }) => replica ?? [])
  }

  /** The shortest time for which nobody ran in the place of a replica between two of its incarnations. */
  shortestAbsenceMs(slot: number, first: number, last: number): number {
    const { lives } = this.#slots[slot]
    const absences = lives.slice(first, last).map(({ untilMs }, at) => lives[first + at + 1].fromMs - untilMs)
    return Math.min(Infinity, ...absences)
  }

  async run(): Promise<void> {
    for (const slot of this.#slots) this.#start(slot)
    for (const client of this.clients) this.time.at(client.request.atMs, () => client.send())
    for (const action of this.plan.actions)
      if (action.kind !== 'send') this.time.at(action.atMs, () => this.#strike(action))
    await this.time.runUntil(this.plan.endMs)
    this.#heal()
    await this.#settle()
  }

  #heal(): void {
    this.#network.heal()
    for (const slot of this.#slots) slot.offsetMs = 0
  }

  async #settle(): Promise<void> {
    const untilMs = this.plan.endMs + PATIENCE_MS
    while (this.time.nowMs < untilMs && this.#isBusy()) await this.time.runUntil(this.time.nowMs + 1000)
    const settlingMs = this.plan.actions.some(loses) ? NOTICING_MS : SETTLING_MS
    const furthestMs = Math.max(this.time.nowMs, ...this.running.map(({ engine }) => engine.nowMs - EPOCH_MS))
    await this.time.runUntil(Math.floor((furthestMs + settlingMs) / 1000) * 1000 + AFTER_TICK_MS)
  }

  #isBusy(): boolean {
    return this.clients.some(({ acknowledged }) => acknowledged === null) || this.running.length < this.plan.replicas
  }

  #start(slot: Slot): void {
    if (slot.replica !== null) return
    const incarnation = slot.lives.push({ fromMs: this.time.nowMs, untilMs: Infinity }) - 1
    const process = new Process(this.time)
    const { books, requests, server } = this
    const account = new Account(
      { books, requests, server },
      {
        newWriter: () => `w${++this.#writers}`,
        counted: (request, nowMs) =>
          this.acts.push({
            request,
            nowMs,
            slot: slot.index,
            incarnation,
            writer: account.writer,
            atMs: this.time.nowMs,
          }),
      },
    )
    const store = new FaultyStore({
      server,
      network: this.#network,
      time: this.time,
      process,
      replica: slot.index,
      random: new Random(`${this.plan.seed}/${slot.index}/${incarnation}`),
      coverageOf: (commit) => account.coverageOf(commit),
    })
    const replica = new Replica({
      time: this.time,
      process,
      store: this.#tampering(store, this),
      account,
      ack: this.plan.ack,
      name: `replica-${slot.index}`,
      offsetMs: () => slot.offsetMs,
    })
    slot.replica = replica
    this.replicas.push(replica)
    this.accounts.set(replica, account)
    void replica.start()
  }

  #strike(fault: FaultPlan): void {
    if (fault.kind === 'failover') this.server.goBackTo(this.time.nowMs - fault.backMs)
    else if (fault.kind === 'emptied') this.server.empty(['', ...EXPERIMENTS])
    else if (fault.kind === 'evicted') this.server.evict(fault.experiment)
    else if (fault.kind === 'crash' || fault.kind === 'restart') this.#end(this.#slots[fault.replica], fault)
    else if (fault.kind === 'pause') this.#slots[fault.replica].replica?.process.pause(fault.forMs)
    else if (fault.kind === 'clock step') this.#slots[fault.replica].offsetMs += fault.byMs
    else this.#network.apply(fault)
  }

  #end(slot: Slot, { kind, downMs }: { kind: 'crash' | 'restart'; downMs: number }): void {
    const { replica } = slot
    if (replica === null) return
    const ended = (): void => {
      slot.replica = null
      slot.lives.at(-1)!.untilMs = this.time.nowMs
      this.time.at(this.time.nowMs + downMs, () => this.#start(slot))
    }
    if (kind === 'crash') {
      replica.process.kill()
      ended()
    } else
      void replica.stop().then(() => {
        if (slot.replica === replica) ended()
      })
  }

  #clientFor(request: RequestPlan): Client {
    return new Client(request, {
      time: this.time,
      random: new Random(`${this.plan.seed}/request/${request.number}`),
      replicas: this.plan.replicas,
      replicaAt: (at) => {
        const { replica } = this.#slots[at]
        return replica?.isTaking === true ? replica : null
      },
    })
  }
}
