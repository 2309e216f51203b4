// What the masters of a Cluster have spent and hold, as they say themselves, summed up.
import type { RedisClusterProcesses } from '../test/redis-rig/cluster.ts'

export interface ServersCount {
  readonly cpuMs: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Sent by clients; one script is one. */
  readonly requests: number
  /** Those that scripts run included. */
  readonly commands: number
  readonly usedBytes: number
  readonly keys: number
}

export async function countServers({ nodes }: RedisClusterProcesses): Promise<ServersCount> {
  const counts = await Promise.all(nodes.map(async (node) => countOf(await node.cli('info', 'everything'))))
  return counts.reduce((sum, count) => combined(sum, count, 1))
}

/** What happened between the two. */
export function since(before: ServersCount, now: ServersCount): ServersCount {
  return combined(now, before, -1)
}

function combined(a: ServersCount, b: ServersCount, sign: 1 | -1): ServersCount {
  return {
    cpuMs: a.cpuMs + sign * b.cpuMs,
    bytesIn: a.bytesIn + sign * b.bytesIn,
    bytesOut: a.bytesOut + sign * b.bytesOut,
    requests: a.requests + sign * b.requests,
    commands: a.commands + sign * b.commands,
    usedBytes: a.usedBytes + sign * b.usedBytes,
    keys: a.keys + sign * b.keys,
  }
}

/** From the text of INFO EVERYTHING. */
function countOf(info: string): ServersCount {
  const number = (field: string): number => Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1] ?? Number.NaN)
  const calls = new Map(
    [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, count]) => [name, Number(count)]),
  )
  const all = [...calls.values()].reduce((sum, count) => sum + count, 0)
  const scripts = (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0)
  return {
    cpuMs: 1000 * (number('used_cpu_sys') + number('used_cpu_user')),
    bytesIn: number('total_net_input_bytes'),
    bytesOut: number('total_net_output_bytes'),
    requests: scripts,
    commands: all,
    usedBytes: number('used_memory'),
    keys: Number(/^db0:keys=(\d+)/m.exec(info)?.[1] ?? 0),
  }
}
