// Many cohorts over a Redis Cluster of three masters, all on this machine: what a flush costs the replica and the servers, what rows weigh on
// the wire and in memory, what another replica pays to load everything and to follow. From the unit costs docs/scaling.md makes its
// plan. 10,000 cohorts, or as many as is said: npm run bench -- redis-scale=100000 (some minutes, 15 GB).
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { PartialRow } from '../src/model/partial.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { RedisStore } from '../src/store/redis/store.ts'
import { type RedisClusterProcesses, startCluster } from '../test/redis-rig/cluster.ts'
import { quantile } from './figures.ts'
import type { Answer, Order } from './redis-scale-replica.ts'
import { redisBenchSettings } from './redis-scale-settings.ts'
import { countServers, type ServersCount, since } from './redis-servers.ts'
import { BenchReplica, type Cost, storeOptions } from './store-replica.ts'
import { type CohortName, cohortNames, rowsOfCohorts, rowsOfTraffic } from './store-rows.ts'

const DEFAULT_COHORTS = 10_000
/** Two variants each. */
const EXPERIMENTS = 100
/** One cohort in so many changes each second. */
const SHARE = 10
const FILLED_MINUTES = 8
const ROUNDS = 20
const IDLE_SECONDS = 10
/** So long the other replica goes on after the last change. */
const SETTLING_SECONDS = 4
const LONGEST_WAIT_SECONDS = 60
const MINUTE_MS = 60_000
const ROWS_PER_FLUSH = 250

export async function run(count = DEFAULT_COHORTS): Promise<void> {
  const cluster = await startCluster({ masters: 3 })
  const other = new OtherReplica()
  try {
    const cohorts = cohortNames(EXPERIMENTS, Math.max(SHARE, Math.round(count / EXPERIMENTS / 2)))
    const nowMs = Math.floor(systemClock.now() / MINUTE_MS) * MINUTE_MS
    console.log(
      `redis-scale: ${cohorts.length} cohorts x 2 SLOs in ${EXPERIMENTS} experiments, 3 masters, replicas and servers on one machine`,
    )
    const earlier = await fillHistories(cluster, cohorts, nowMs)
    const replica = replicaOn(cluster, nowMs)
    await replica.load()
    await fillMinutes(cluster, replica, cohorts)
    await measureFlush(cluster, replica, cohorts)
    await measureIdle(cluster, replica)
    await measureOther({ cluster, replica, cohorts, other })
    const { usedBytes, keys } = await countServers(cluster)
    console.log(
      `  Redis in all: ${megabytes(usedBytes)} MB in ${keys} keys, ${(usedBytes / cohorts.length).toFixed(0)} B a cohort; this replica ${megabytes(process.memoryUsage.rss())} MB resident${replica.wentWrong}`,
    )
    await replica.stop()
    await earlier.stop()
  } finally {
    await other.stop()
    await cluster.remove()
  }
}

/** Of a replica that was there before, and still lives as far as the others can tell: a row of 30 days for each cohort. */
async function fillHistories(
  cluster: RedisClusterProcesses,
  cohorts: readonly CohortName[],
  nowMs: number,
): Promise<BenchReplica> {
  const traffic = { endSecond: nowMs / 1000 - 1, days: 30, everySeconds: 600, recentMinutes: 0, spansPerMinute: 0 }
  const history = rowsOfTraffic(traffic).filter(({ slice }) => slice < 0)
  const earlier = replicaOn(cluster, nowMs)
  await earlier.load()
  await earlier.idle(1000)
  const before = await countServers(cluster)
  await writeAs(earlier, cluster, rowsOfEach(cohorts, history))
  const spent = since(before, await countServers(cluster))
  tellRows(`histories of 30 days, ${history[0].bytes.length} B each`, spent, cohorts.length)
  return earlier
}

function rowsOfEach(cohorts: readonly CohortName[], rows: readonly PartialRow[]): Map<string, PartialRow[]> {
  const byExperiment = Map.groupBy(cohorts, ({ experiment }) => experiment)
  return new Map([...byExperiment].map(([experiment, some]) => [experiment, rowsOfCohorts(some, rows)]))
}

async function writeAs(
  { writer, nowMs }: BenchReplica,
  cluster: RedisClusterProcesses,
  rowsByExperiment: ReadonlyMap<string, readonly PartialRow[]>,
): Promise<void> {
  const failures: string[] = []
  const store = new RedisStore(
    redisBenchSettings(cluster.urls),
    storeOptions(() => nowMs, failures),
  )
  await store.start()
  for (const [experiment, rows] of rowsByExperiment)
    for (let from = 0, sequence = 1; from < rows.length; from += ROWS_PER_FLUSH, sequence++) {
      const keys = { experiment, writer, sequence, after: sequence - 1, sealedMinute: -1 }
      const flush = { ...keys, rows: rows.slice(from, from + ROWS_PER_FLUSH), dropped: [], adopted: [], requests: [] }
      await store.commit({ writer, flushes: [flush], journal: null, requests: [] })
    }
  await store.stop()
  if (failures.length > 0) throw new Error(failures.join('; '))
}

function replicaOn(cluster: RedisClusterProcesses, nowMs: number): BenchReplica {
  return new BenchReplica((options) => new RedisStore(redisBenchSettings(cluster.urls), options), nowMs)
}

/** Minutes of traffic, as many as are kept apart, two spans a minute in each cohort. */
async function fillMinutes(
  cluster: RedisClusterProcesses,
  replica: BenchReplica,
  cohorts: readonly CohortName[],
): Promise<void> {
  const before = await countServers(cluster)
  for (let minute = 0; minute < FILLED_MINUTES; minute++) {
    for (let part = 0; part < 2; part++) {
      replica.advance(29)
      await replica.receive(cohorts)
    }
    replica.advance(2)
    await replica.flush()
    // Who does not follow for minutes has to load everything anew.
    await replica.idle(200)
  }
  tellRows('minutes of 2 spans', since(before, await countServers(cluster)), cohorts.length * FILLED_MINUTES)
}

function tellRows(what: string, spent: ServersCount, rows: number): void {
  console.log(
    `  ${what}: ${(spent.bytesIn / rows).toFixed(0)} B a row on the wire, ${(spent.usedBytes / rows).toFixed(0)} B in Redis, ` +
      `${((1000 * spent.cpuMs) / rows).toFixed(1)} us of Redis CPU; ${rows} rows`,
  )
}

/** A share of the cohorts changes each second, in all experiments. */
async function measureFlush(
  cluster: RedisClusterProcesses,
  replica: BenchReplica,
  cohorts: readonly CohortName[],
): Promise<void> {
  const costs: Cost[] = []
  const before = await countServers(cluster)
  let rows = 0
  for (let round = 0; round < ROUNDS; round++) {
    const changed = shareOf(cohorts, round)
    await replica.receive(changed)
    replica.advance(1)
    costs.push(await replica.flush())
    rows += changed.length
  }
  const spent = since(before, await countServers(cluster))
  const cpuMs = costs.reduce((sum, cost) => sum + cost.cpuMs, 0)
  const mainCpuMs = costs.reduce((sum, cost) => sum + cost.mainCpuMs, 0)
  console.log(
    `  flush, ${rows / ROUNDS} cohorts changed in a second: median ${quantile(
      costs.map(({ elapsedMs }) => elapsedMs),
      0.5,
    ).toFixed(0)} ms, ` +
      `${(cpuMs / ROUNDS).toFixed(0)} ms of CPU in the replica (${(mainCpuMs / ROUNDS).toFixed(0)} ms in the thread that receives), ` +
      `${(spent.cpuMs / ROUNDS).toFixed(0)} ms in the servers, ` +
      `${(spent.requests / ROUNDS).toFixed(0)} scripts, ${(spent.commands / ROUNDS).toFixed(0)} commands with those in scripts`,
  )
  console.log(
    `  flush, of each cohort-slice: ${((1000 * cpuMs) / rows).toFixed(1)} us of CPU in the replica, ` +
      `${((1000 * spent.cpuMs) / rows).toFixed(1)} us in the servers, ${(spent.bytesIn / rows).toFixed(0)} B on the wire${replica.wentWrong}`,
  )
}

/** Every cohort of a share of the services, another one each time. */
function shareOf(cohorts: readonly CohortName[], round: number): readonly CohortName[] {
  const size = cohorts.length / SHARE
  const from = Math.round((round % SHARE) * size)
  return cohorts.slice(from, Math.round(from + size))
}

/** Leases are renewed, and it is asked what others have written. */
async function measureIdle(cluster: RedisClusterProcesses, replica: BenchReplica): Promise<void> {
  await replica.idle(3000)
  const before = await countServers(cluster)
  const cost = await replica.idle(IDLE_SECONDS * 1000)
  const spent = since(before, await countServers(cluster))
  console.log(
    `  leading ${EXPERIMENTS} experiments of which nothing comes, each second: ${(cost.cpuMs / IDLE_SECONDS).toFixed(1)} ms of CPU in the replica, ` +
      `${(spent.cpuMs / IDLE_SECONDS).toFixed(1)} ms in the servers, ${(spent.requests / IDLE_SECONDS).toFixed(0)} scripts, ` +
      `${((spent.bytesIn + spent.bytesOut) / IDLE_SECONDS / 1000).toFixed(0)} kB on the wire`,
  )
}

async function measureOther(parts: {
  readonly cluster: RedisClusterProcesses
  readonly replica: BenchReplica
  readonly cohorts: readonly CohortName[]
  readonly other: OtherReplica
}): Promise<void> {
  const { cluster, replica, cohorts, other } = parts
  const beforeLoad = await countServers(cluster)
  const loaded = await other.order({ kind: 'load', urls: cluster.urls, nowMs: replica.nowMs })
  const load = since(beforeLoad, await countServers(cluster))
  console.log(
    `  another replica has everything after ${(loaded.cost.elapsedMs / 1000).toFixed(1)} s, with ${(loaded.cost.cpuMs / 1000).toFixed(1)} s of CPU, ` +
      `${(load.cpuMs / 1000).toFixed(2)} s in the servers, ${megabytes(load.bytesOut)} MB on the wire; ` +
      `of each cohort ${((1000 * loaded.cost.cpuMs) / cohorts.length).toFixed(0)} us; ${megabytes(loaded.residentBytes)} MB resident`,
  )
  const quiet = await measureFollowing(parts, [])
  const busy = await measureFollowing(parts, cohorts)
  const { rows } = busy
  const each = (ms: (of: Following) => number): string => ((1000 * (ms(busy) - ms(quiet))) / rows).toFixed(1)
  console.log(
    `  a second replica, each second: ${(quiet.replicaCpuMs / ROUNDS).toFixed(0)} ms of CPU in it when nothing changes, ` +
      `${(busy.replicaCpuMs / ROUNDS).toFixed(0)} ms when ${rows / ROUNDS} cohorts do`,
  )
  console.log(
    `  following, of each cohort-slice: ${each((of) => of.replicaCpuMs)} us of CPU in the replica, ` +
      `${((busy.spent.bytesOut - quiet.spent.bytesOut) / rows).toFixed(0)} B on the wire; ` +
      `in the servers ${each((of) => of.spent.cpuMs)} us, the write included`,
  )
}

interface Following {
  readonly rows: number
  /** Of the other replica, without its ticks. */
  readonly replicaCpuMs: number
  readonly spent: ServersCount
}

async function measureFollowing(
  { cluster, replica, other }: { cluster: RedisClusterProcesses; replica: BenchReplica; other: OtherReplica },
  cohorts: readonly CohortName[],
): Promise<Following> {
  const before = await countServers(cluster)
  const following = other.order({ kind: 'follow', seconds: ROUNDS + SETTLING_SECONDS })
  const [rows, { items, cost, wentWrong }] = await Promise.all([changeEachSecond(replica, cohorts), following])
  const spent = since(before, await countServers(cluster))
  await agree({ replica, other, items })
  if (wentWrong !== '') console.log(`  in the other replica${wentWrong}`)
  return { rows, replicaCpuMs: (cost.cpuMs * ROUNDS) / (ROUNDS + SETTLING_SECONDS), spent }
}

/** Waits until the two tell the same; throws where they never do. */
async function agree(parts: { replica: BenchReplica; other: OtherReplica; items: number }): Promise<void> {
  const { replica, other } = parts
  let { items } = parts
  for (let waited = 0; items !== replica.items; waited += SETTLING_SECONDS) {
    if (waited >= LONGEST_WAIT_SECONDS)
      throw new Error(`the other replica tells of ${items} items, not ${replica.items}${replica.wentWrong}`)
    if (waited === 0) console.log(`  the two replicas do not tell the same yet${replica.wentWrong}`)
    await replica.flush()
    items = (await other.order({ kind: 'follow', seconds: SETTLING_SECONDS })).items
  }
}

/** As measureFlush(), in real time; gives how many cohort-slices changed. */
async function changeEachSecond(replica: BenchReplica, cohorts: readonly CohortName[]): Promise<number> {
  let rows = 0
  for (let round = 0; round < ROUNDS; round++) {
    const begun = systemClock.monotonic()
    const changed = shareOf(cohorts, round)
    rows += changed.length
    await replica.receive(changed)
    replica.advance(1)
    await replica.flush()
    await replica.idle(begun + 1000 - systemClock.monotonic())
  }
  return rows
}

/** The other process; started when it is first told something. */
class OtherReplica {
  #child: ReturnType<typeof fork> | null = null

  async order(order: Order): Promise<Answer> {
    this.#child ??= fork(new URL('redis-scale-replica.ts', import.meta.url))
    const child = this.#child
    child.send(order)
    const answer: unknown = await Promise.race([
      once(child, 'message').then(([message]) => message),
      once(child, 'exit').then(() => Promise.reject(new Error('the other replica failed'))),
    ])
    return answer as Answer
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

if (import.meta.main) await run(Number(process.argv.at(2) ?? DEFAULT_COHORTS))
