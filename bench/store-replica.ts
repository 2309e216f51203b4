// What a daemon does with its store, without sockets and on a clock of its own: an engine and a keeper over it, and what its time is spent on.
import { randomUUID } from 'node:crypto'
import { Engine } from '../src/engine/engine.ts'
import type { EngineEvent } from '../src/engine/events.ts'
import { sleep, systemClock, turn } from '../src/runtime/clock.ts'
import { StateKeeper } from '../src/store/keeper/keeper.ts'
import type { Store, StoreOptions } from '../src/store/port.ts'
import { request } from '../test/engine/traffic.ts'
import { BENCH_SETTINGS, type CohortName, spanAt } from './store-rows.ts'

const TICK_MS = 100

export interface Cost {
  readonly elapsedMs: number
  /** Of all threads of this process. */
  readonly cpuMs: number
  /** Of the thread that receives and ticks. */
  readonly mainCpuMs: number
}

export class BenchReplica {
  /** Its id as a writer. */
  readonly writer = randomUUID()
  readonly engine: Engine
  readonly keeper: StateKeeper<EngineEvent>
  /** What went wrong; it is done again by the keeper, and told with the figures. */
  readonly failures: string[] = []
  #nowMs: number
  #number = 0

  /** `open` is given the options of a store that keeps 30 days, on this replica's clock. */
  constructor(open: (options: StoreOptions) => Store, nowMs: number) {
    this.#nowMs = nowMs
    this.engine = new Engine(BENCH_SETTINGS, nowMs)
    const store = open(storeOptions(() => this.#nowMs, this.failures))
    this.keeper = new StateKeeper<EngineEvent>(
      {
        store,
        engine: this.engine,
        journal: this.engine,
        clock: systemClock,
        wait: (ms) => (ms <= 0 ? turn() : sleep(ms)),
        observer: {
          restored: () => {},
          events: () => {},
          told: () => {},
          loaded: () => {},
          flushed: () => {},
          failed: (error, operation) => this.failures.push(`${operation}: ${error.message}`),
          lost: (experiment, what) => this.failures.push(`${experiment}: ${what}`),
        },
      },
      { durable: false, newWriterId: () => this.writer, name: null, eventLimit: 10_000 },
    )
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Items that the reports tell of in the longest window, over all cohorts, of the first SLI. */
  get items(): number {
    const longest = this.engine.windows.length - 1
    return this.engine.tracked().reduce((sum, { slis }) => sum + (slis[0]?.validItems(longest) ?? 0), 0)
  }

  /** Resolves when all that is stored is here; gives what that cost, the opening of the store included. */
  async load(): Promise<Cost> {
    return measured(async () => {
      await this.keeper.start()
      while (!this.keeper.isLoaded) {
        this.keeper.tick()
        await sleep(1)
      }
    })
  }

  /** Counts a span in each of the cohorts, a request a service, in the second that is going on; others have their turn between requests. */
  async receive(cohorts: readonly CohortName[]): Promise<void> {
    for (const [service, some] of Map.groupBy(cohorts, ({ segmentKey }) => segmentKey)) {
      const spans = some.map((cohort) => spanAt(this.#nowMs - 1, this.#number++, cohort))
      this.engine.consume(request(spans, { service, identity: randomUUID() }), this.#nowMs)
      await turn()
    }
  }

  /** Moves the clock and makes the tick. */
  advance(seconds: number): void {
    this.#nowMs += seconds * 1000
    this.engine.advanceTo(this.#nowMs)
    this.engine.takeEvents()
  }

  /** Writes all that changed; gives what that cost. */
  async flush(): Promise<Cost> {
    return measured(() => this.keeper.flush())
  }

  /** For so long does what a daemon does when nothing is received: leases, and what others write; gives what that cost. */
  async idle(ms: number): Promise<Cost> {
    return measured(async () => {
      const end = systemClock.monotonic() + ms
      while (systemClock.monotonic() < end) {
        this.keeper.tick()
        await sleep(TICK_MS)
      }
    })
  }

  async stop(): Promise<void> {
    await this.keeper.stop()
  }

  /** Empty: nothing did. */
  get wentWrong(): string {
    const { failures } = this
    return failures.length === 0 ? '' : `; went wrong and was done again: ${failures.length}, first ${failures[0]}`
  }
}

/** Of a store that keeps 30 days; what goes wrong is added to `failures`. */
export function storeOptions(now: () => number, failures: string[]): StoreOptions {
  return {
    eventLimit: 10_000,
    retentionSeconds: 30 * 86_400,
    retryWindowMs: 300_000,
    durable: false,
    now,
    observer: {
      unavailable: (reason) => failures.push(reason),
      available: () => {},
      lost: (experiment, what) => failures.push(`${experiment}: ${what}`),
    },
  }
}

export async function measured(work: () => Promise<void>): Promise<Cost> {
  const [cpu, main, begun] = [process.cpuUsage(), process.threadCpuUsage(), systemClock.monotonic()]
  await work()
  const elapsedMs = systemClock.monotonic() - begun
  const [all, thread] = [process.cpuUsage(cpu), process.threadCpuUsage(main)]
  return {
    elapsedMs,
    cpuMs: (all.user + all.system) / 1000,
    mainCpuMs: (thread.user + thread.system) / 1000,
  }
}
