// One replica: an engine, a keeper and an intake put together as the daemon does it, in a process that can be killed, stopped and started.
import { RequestIntake } from '../../src/daemon/request-intake.ts'
import type { EngineEvent } from '../../src/engine/events.ts'
import type { PublishedEvent } from '../../src/model/event.ts'
import type { ExportOutcome, ExportRequest } from '../../src/model/signal.ts'
import { EventLog } from '../../src/publish/event-log.ts'
import { StateKeeper } from '../../src/store/keeper/keeper.ts'
import type { Store } from '../../src/store/port.ts'
import { Account } from './account.ts'
import type { Ack } from './plan.ts'
import { Process } from './process.ts'
import { EPOCH_MS, EVENT_LIMIT } from './settings.ts'
import { TracedEngine } from './traced-engine.ts'
import type { VirtualTime } from './virtual-time.ts'

const TICK_MS = 100
/** How long a graceful stop waits for each of its steps. */
const STOP_MS = 5000

export interface ReplicaParts {
  readonly time: VirtualTime
  readonly process: Process
  readonly store: Store
  readonly account: Account
  readonly ack: Ack
  readonly name: string
  /** How far its wall clock is off, milliseconds. */
  readonly offsetMs: () => number
}

export class Replica {
  readonly engine: TracedEngine
  readonly keeper: StateKeeper<EngineEvent>
  readonly process: Process
  /** Every event that a subscriber of this replica was told of, in that order, those from before its start included. */
  readonly stream: PublishedEvent[] = []
  /** Own events that it says are known to the world. */
  readonly told: EngineEvent[] = []
  /** What went wrong with the store, as far as it was noticed. */
  readonly losses: string[] = []
  isTaking = false
  #inFlight = 0
  readonly #parts: ReplicaParts
  readonly #intake: RequestIntake
  readonly #log = new EventLog({ limit: EVENT_LIMIT })

  constructor(parts: ReplicaParts) {
    this.#parts = parts
    this.process = parts.process
    this.engine = new TracedEngine(this.nowMs, parts.account)
    this.keeper = this.#makeKeeper()
    this.#log.subscribe((events) => this.stream.push(...events))
    this.#intake = new RequestIntake({
      engine: this.engine,
      keeper: this.keeper,
      ack: parts.ack,
      shared: parts.store.shared,
      refusal: () => this.keeper.problems[0] ?? null,
      onAccepted: () => {},
    })
  }

  /** Its wall clock, Unix milliseconds. */
  get nowMs(): number {
    return EPOCH_MS + this.#parts.time.nowMs + this.#parts.offsetMs()
  }

  async start(): Promise<void> {
    await this.keeper.start()
    this.isTaking = true
    this.process.every(TICK_MS, () => {
      this.advance()
      this.keeper.tick()
    })
    this.keeper.tick()
  }

  async consume(request: ExportRequest): Promise<ExportOutcome> {
    this.advance()
    this.#inFlight++
    const outcome = await this.#intake.consume(request, Math.max(this.nowMs, this.engine.nowMs))
    this.#inFlight--
    return outcome
  }

  advance(): void {
    const { nowMs } = this
    if (!this.engine.isTickDue(nowMs)) return
    this.engine.advanceTo(nowMs)
    this.keeper.publish()
  }

  /** Finishes what it took, writes everything down, ends. */
  async stop(): Promise<void> {
    this.isTaking = false
    for (let waitedMs = 0; this.#inFlight > 0 && waitedMs < STOP_MS; waitedMs += TICK_MS)
      await this.process.wait(TICK_MS)
    this.advance()
    await this.#within(this.keeper.flush())
    await this.#within(this.keeper.stop())
    this.process.kill()
  }

  #within(work: Promise<void>): Promise<void> {
    return Promise.race([work, this.process.wait(STOP_MS)])
  }

  #makeKeeper(): StateKeeper<EngineEvent> {
    const { store, time, process, account, ack, name } = this.#parts
    return new StateKeeper<EngineEvent>(
      {
        store,
        engine: this.engine,
        journal: this.engine,
        clock: { now: () => this.nowMs, monotonic: () => time.nowMs },
        wait: (ms) => process.wait(Math.ceil(ms)),
        observer: {
          restored: (events) => {
            this.#log.restore(events)
            this.stream.push(...events)
          },
          events: (events) => this.#log.append(events),
          told: (events) => this.told.push(...events),
          loaded: () => {},
          flushed: () => {},
          failed: () => {},
          lost: (experiment, what) => this.losses.push(`${experiment ?? 'all'}: ${what}`),
        },
      },
      {
        durable: ack === 'durable',
        newWriterId: () => account.newWriter(),
        name: store.shared ? name : null,
        eventLimit: EVENT_LIMIT,
      },
    )
  }
}
