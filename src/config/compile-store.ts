// Where state is kept: from the checked section to settings, and what is worth knowing of it.
import type { RedisServers, RedisSettings, StoreSettings } from '../model/settings.ts'
import type { Pieces } from './pieces.ts'

type StoreConfig = Pieces['sections']['store']

/** The store that was asked for. */
export function compileStore(store: StoreConfig): StoreSettings {
  if (store.type === 'memory') return { type: 'memory' }
  return store.type === 'sqlite' ? { type: 'sqlite', path: store.path } : { type: 'redis', redis: compileRedis(store) }
}

function compileRedis(store: StoreConfig): RedisSettings {
  const { tls } = store
  return {
    servers: redisServers(store),
    username: store.username ?? null,
    password: store.password ?? null,
    tls:
      tls === undefined
        ? null
        : {
            caFile: tls.ca_file ?? null,
            certFile: tls.cert_file ?? null,
            keyFile: tls.key_file ?? null,
            serverName: tls.server_name ?? null,
            insecureSkipVerify: tls.insecure_skip_verify ?? false,
          },
    keyPrefix: store.key_prefix,
    replicaName: store.replica_id ?? null,
  }
}

/** The schema has made sure that there is exactly one of them. */
function redisServers({ url, cluster, sentinels, master }: StoreConfig): RedisServers {
  if (cluster !== undefined) return { kind: 'cluster', urls: cluster }
  if (sentinels !== undefined) return { kind: 'sentinel', urls: sentinels, master: master ?? '' }
  return { kind: 'standalone', url: url ?? '' }
}

/** The URLs under which Redis is found. */
export function redisUrls(servers: RedisServers): readonly string[] {
  return servers.kind === 'standalone' ? [servers.url] : servers.urls
}

/** A sentence for each thing about the store that is allowed and may not have been meant. `isLoopback` judges a host. */
export function storeNotes(
  config: StoreConfig,
  settings: StoreSettings,
  isLoopback: (host: string) => boolean,
): string[] {
  if (settings.type !== 'redis') {
    const meant = (['url', 'cluster', 'sentinels'] as const).filter((key) => config[key] !== undefined)
    return meant.map((key) => `store.${key} has no effect: store.type is ${settings.type}, not redis`)
  }
  const { servers, tls } = settings.redis
  if (tls?.insecureSkipVerify === true) return ['any certificate of Redis is accepted (store.tls.insecure_skip_verify)']
  const open = redisUrls(servers)
    .map((url) => new URL(url))
    .filter(({ protocol, hostname }) => protocol === 'redis:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')))
  if (tls !== null || open.length === 0) return []
  return [`the connection to Redis at ${open.map(({ host }) => host).join(', ')} is not encrypted`]
}
