// How both processes of bench/redis-scale.ts find the Cluster.
import type { RedisSettings } from '../src/model/settings.ts'

export function redisBenchSettings(urls: readonly string[]): RedisSettings {
  return {
    servers: { kind: 'cluster', urls },
    username: null,
    password: null,
    tls: null,
    keyPrefix: 'cohortd',
    replicaName: null,
  }
}
