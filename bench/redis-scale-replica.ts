// Another replica of bench/redis-scale.ts, in a process of its own, so that what it costs is not mixed with what the first one does: brings in
// everything that is stored, and then follows. Told what to do by messages; killed in the end.
import { RedisStore } from '../src/store/redis/store.ts'
import { redisBenchSettings } from './redis-scale-settings.ts'
import { BenchReplica, type Cost } from './store-replica.ts'

export type Order =
  | { readonly kind: 'load'; readonly urls: readonly string[]; readonly nowMs: number }
  | { readonly kind: 'follow'; readonly seconds: number }

export interface Answer {
  readonly cost: Cost
  readonly cohorts: number
  readonly residentBytes: number
  /** Of all writers in the longest window, over all cohorts. */
  readonly items: number
  /** As in BenchReplica. */
  readonly wentWrong: string
}

let replica: BenchReplica | null = null

process.on('message', (order: Order) => {
  carryOut(order).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function carryOut(order: Order): Promise<void> {
  if (order.kind === 'load') {
    replica = new BenchReplica((options) => new RedisStore(redisBenchSettings(order.urls), options), order.nowMs)
    const cost = await replica.load()
    // What came in is told apart in windows at the next tick, as in every second.
    replica.advance(1)
    answer(replica, cost)
    return
  }
  if (replica === null) throw new Error('load first')
  answer(replica, await follow(replica, order.seconds))
}

/** The tick, which is there without others too, is not counted. */
async function follow(one: BenchReplica, seconds: number): Promise<Cost> {
  const sum = { elapsedMs: 0, cpuMs: 0, mainCpuMs: 0 }
  for (let second = 0; second < seconds; second++) {
    const cost = await one.idle(1000)
    sum.elapsedMs += cost.elapsedMs
    sum.cpuMs += cost.cpuMs
    sum.mainCpuMs += cost.mainCpuMs
    one.advance(1)
  }
  return sum
}

function answer(one: BenchReplica, cost: Cost): void {
  const answered: Answer = {
    cost,
    cohorts: one.engine.tracked().length,
    residentBytes: process.memoryUsage.rss(),
    items: one.items,
    wentWrong: one.wentWrong,
  }
  process.send?.(answered)
}
