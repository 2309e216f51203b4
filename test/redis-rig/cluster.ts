// A Redis Cluster of a test: masters that share the 16,384 slots, and their replicas. Slots can be moved while clients use them, and masters
// killed so that replicas are promoted.
import { eventually } from '../real/eventually.ts'
import { type RedisOptions, type RedisServerProcess, startRedis } from './server.ts'

const SLOTS = 16_384
const OK_MS = 30_000
const MIGRATE_MS = 5000

export interface ClusterOptions {
  /** Default 3. */
  readonly masters?: number
  /** Default 0. */
  readonly replicasPerMaster?: number
  /** After how long without an answer a node counts as gone. Default 2000. */
  readonly nodeTimeoutMs?: number
  /** For every node; not its port, TLS or password. */
  readonly node?: Pick<RedisOptions, 'appendOnly' | 'maxMemory' | 'maxMemoryPolicy' | 'directives'>
}

/** Resolves when every node calls the cluster ok and every replica has its master's data. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisClusterProcesses> {
  const { masters = 3, replicasPerMaster = 0, nodeTimeoutMs = 2000, node = {} } = options
  const nodes: RedisServerProcess[] = []
  try {
    for (let index = 0; index < masters * (1 + replicasPerMaster); index++)
      nodes.push(
        await startRedis({
          ...node,
          directives: {
            'cluster-enabled': 'yes',
            'cluster-node-timeout': String(nodeTimeoutMs),
            'cluster-replica-validity-factor': '0',
            'repl-diskless-sync-delay': '0',
            ...node.directives,
          },
        }),
      )
    const cluster = new RedisClusterProcesses(nodes, masters)
    await cluster.join()
    return cluster
  } catch (error) {
    await Promise.all(nodes.map((one) => one.remove()))
    throw error
  }
}

export class RedisClusterProcesses {
  /** The masters of the beginning first; replica r of master m is number masters * (r + 1) + m. */
  readonly nodes: readonly RedisServerProcess[]
  readonly #masters: number
  readonly #ids: string[] = []

  constructor(nodes: readonly RedisServerProcess[], masters: number) {
    this.nodes = nodes
    this.#masters = masters
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  /** Makes one cluster of the nodes; startCluster() has done it. */
  async join(): Promise<void> {
    const masters = this.#masters
    for (const [index, node] of this.nodes.entries()) {
      this.#ids.push(await node.cli('cluster', 'myid'))
      await node.cli('cluster', 'set-config-epoch', String(index + 1))
      if (index >= masters) continue
      const bounds = [index, index + 1].map((at) => Math.floor((at * SLOTS) / masters))
      await node.cli('cluster', 'addslotsrange', String(bounds[0]), String(bounds[1] - 1))
    }
    for (const node of this.nodes.slice(1)) await this.nodes[0].cli('cluster', 'meet', '127.0.0.1', String(node.port))
    await this.#eachKnowsAll()
    for (const [index, node] of this.nodes.entries())
      if (index >= masters) await node.cli('cluster', 'replicate', this.#ids[index % masters])
    await this.waitUntilOk()
  }

  /** All nodes that run say `ok`, and replicas among them are in step with their masters. */
  async waitUntilOk(): Promise<void> {
    await eventually(
      'the cluster is ok on all nodes',
      async () => {
        const running = this.nodes.filter((node) => node.running)
        const healthy = await Promise.all(running.map(isHealthy))
        return healthy.every(Boolean) ? true : null
      },
      OK_MS,
    )
  }

  /** kill -9 of a node. */
  async kill(index: number): Promise<void> {
    await this.nodes[index].kill()
  }

  /** It comes back with its place in the cluster: as a replica where another one was promoted meanwhile. */
  async restart(index: number, options: { readonly empty?: boolean } = {}): Promise<void> {
    await this.nodes[index].restart(options)
  }

  /** The slot of a key. */
  async slotOf(key: string): Promise<number> {
    return Number(await this.#anyRunning().cli('cluster', 'keyslot', key))
  }

  /** Index of the node that serves the slot, as a node that runs sees it; null: none that runs. */
  async ownerOf(slot: number): Promise<number | null> {
    const lines = (await this.#anyRunning().cli('cluster', 'nodes')).split('\n').map((line) => line.trim().split(' '))
    const owner = lines.find(([, , flags, , , , , , ...ranges]) => flags.includes('master') && inRanges(ranges, slot))
    const index = owner === undefined ? -1 : this.#ids.indexOf(owner[0])
    return index >= 0 && this.nodes[index].running ? index : null
  }

  /** Resolves with its index when another node than the given one serves the slot. */
  async promotedFrom(index: number, slot: number): Promise<number> {
    return eventually(
      `another node than ${index} serves slot ${slot}`,
      async () => {
        const owner = await this.ownerOf(slot)
        return owner === index ? null : owner
      },
      OK_MS,
    )
  }

  /** Moves a slot with its keys from one master to another, while clients use it. */
  async moveSlot(slot: number, from: number, to: number): Promise<void> {
    const move = await this.beginSlotMove(slot, from, to)
    await move.finish()
  }

  /** The same by halves: until finish(), the source answers ASK for keys that it does not have any more. */
  async beginSlotMove(slot: number, from: number, to: number): Promise<SlotMove> {
    const [source, target] = [this.nodes[from], this.nodes[to]]
    const setSlot = (node: RedisServerProcess, ...how: string[]): Promise<string> =>
      node.cli('cluster', 'setslot', String(slot), ...how)
    await setSlot(target, 'importing', this.#ids[from])
    await setSlot(source, 'migrating', this.#ids[to])
    const migrate = async (count: number): Promise<number> => {
      const keys = (await source.cli('cluster', 'getkeysinslot', String(slot), String(count)))
        .split('\n')
        .filter(Boolean)
      const there = ['127.0.0.1', String(target.port), '', '0', String(MIGRATE_MS)]
      if (keys.length > 0) await source.cli('migrate', ...there, 'keys', ...keys)
      return keys.length
    }
    const finish = async (): Promise<void> => {
      while ((await migrate(100)) > 0);
      const others = this.nodes.filter((node) => node !== source && node !== target && node.running)
      // The target first: so there is no moment at which nobody owns the slot.
      for (const node of [target, source]) await setSlot(node, 'node', this.#ids[to])
      for (const node of others) if (await isMaster(node)) await setSlot(node, 'node', this.#ids[to])
    }
    return { migrate, finish }
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  async #eachKnowsAll(): Promise<void> {
    await eventually(
      'each node knows all others',
      async () => {
        const known = await Promise.all(this.nodes.map((node) => clusterInfo(node, 'cluster_known_nodes')))
        return known.every((count) => Number(count) === this.nodes.length) ? true : null
      },
      OK_MS,
    )
  }

  #anyRunning(): RedisServerProcess {
    const node = this.nodes.find((one) => one.running)
    if (node === undefined) throw new Error('no node of the cluster runs')
    return node
  }
}

export interface SlotMove {
  /** Moves up to so many keys; gives how many. */
  migrate(count: number): Promise<number>
  finish(): Promise<void>
}

async function isHealthy(node: RedisServerProcess): Promise<boolean> {
  if ((await clusterInfo(node, 'cluster_state')) !== 'ok') return false
  return (await isMaster(node)) || (await node.info('master_link_status')) === 'up'
}

async function isMaster(node: RedisServerProcess): Promise<boolean> {
  return (await node.info('role')) === 'master'
}

async function clusterInfo(node: RedisServerProcess, field: string): Promise<string | undefined> {
  const lines = (await node.cli('cluster', 'info')).split('\n').map((line) => line.trim())
  return lines.find((line) => line.startsWith(`${field}:`))?.slice(field.length + 1)
}

/** As CLUSTER NODES writes slots: `5`, `0-5460`, and moves in brackets. */
function inRanges(ranges: readonly string[], slot: number): boolean {
  return ranges
    .filter((range) => !range.startsWith('['))
    .map((range) => range.split('-').map(Number))
    .some(([first, last = first]) => slot >= first && slot <= last)
}
