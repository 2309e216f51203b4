// From the settings to what ioredis is given. Nothing waits here for longer than a few seconds, and nothing piles up: a command that cannot be
// sent now fails now, one that is not answered fails in time, and the connection is tried again for ever.
import { readFileSync } from 'node:fs'
import type { RedisOptions as AllOptions, Cluster } from 'ioredis'
import type { RedisSettings, RedisTls } from '../../model/settings.ts'
import { Backoff } from '../../runtime/backoff.ts'
import { StoreError } from '../port.ts'

/** A command that is not answered by then has failed. */
export const COMMAND_MS = 2000
/** A connection that is silent for so long while something is asked of it is given up. */
const SILENCE_MS = 5000
const CONNECT_MS = 2000
const RETRY = { baseMs: 100, maxMs: 1000 }

type ClusterOptions = NonNullable<ConstructorParameters<typeof Cluster>[1]>
/** Without what decides on the shape of replies. */
type RedisOptions = Omit<AllOptions, 'replyMapping'>

export type ConnectionPlan =
  | { readonly kind: 'single'; readonly options: RedisOptions }
  | { readonly kind: 'cluster'; readonly nodes: readonly Node[]; readonly options: ClusterOptions }

interface Node {
  readonly host: string
  readonly port: number
}

interface Address extends Node {
  readonly username: string | null
  readonly password: string | null
  readonly database: number
  readonly isTls: boolean
}

/** Reads the TLS files. Throws StoreError. */
export function connectionPlan(settings: RedisSettings): ConnectionPlan {
  const { servers } = settings
  const urls = servers.kind === 'standalone' ? [servers.url] : servers.urls
  const addresses = urls.map(addressOf)
  const isTls = settings.tls !== null || addresses.some((address) => address.isTls)
  const tls = isTls ? tlsOptions(settings.tls) : undefined
  const [first] = addresses
  const ofServer = {
    ...COMMON,
    ...(tls === undefined ? {} : { tls }),
    ...credentials(settings, servers.kind === 'sentinel' ? null : first),
  }
  if (servers.kind === 'cluster')
    return {
      kind: 'cluster',
      nodes: addresses.map(({ host, port }) => ({ host, port })),
      options: clusterOptions(ofServer),
    }
  const backoff = new Backoff(RETRY)
  const common = {
    ...ofServer,
    db: first.database,
    enableOfflineQueue: false,
    retryStrategy: (times: number) => delayOf(backoff, times),
  }
  if (servers.kind === 'standalone')
    return { kind: 'single', options: { ...common, host: first.host, port: first.port } }
  return { kind: 'single', options: { ...common, ...sentinelOptions(addresses, servers.master, tls) } }
}

const COMMON = {
  lazyConnect: true,
  connectTimeout: CONNECT_MS,
  commandTimeout: COMMAND_MS,
  socketTimeout: SILENCE_MS,
  keepAlive: 10_000,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectionName: 'cohortd',
  disableClientInfo: true,
  // A master that became a replica, as after a failover: find the new one.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} as const satisfies RedisOptions

function clusterOptions(redisOptions: RedisOptions): ClusterOptions {
  const backoff = new Backoff(RETRY)
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    redisOptions,
    slotsRefreshTimeout: COMMAND_MS,
    slotsRefreshInterval: 5000,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    retryDelayOnTryAgain: 100,
    maxRedirections: 8,
    clusterRetryStrategy: (times) => delayOf(backoff, times),
  }
}

function sentinelOptions(addresses: readonly Address[], master: string, tls: RedisOptions['tls']): RedisOptions {
  const [{ username, password }] = addresses
  return {
    sentinels: addresses.map(({ host, port }) => ({ host, port })),
    name: master,
    sentinelRetryStrategy: (times) => Math.min(RETRY.maxMs, 50 * times),
    sentinelCommandTimeout: COMMAND_MS,
    failoverDetector: true,
    ...(password === null ? {} : { sentinelPassword: password }),
    ...(username === null ? {} : { sentinelUsername: username }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  }
}

/** `address` null: its credentials are another's. */
function credentials(settings: RedisSettings, address: Address | null): Pick<RedisOptions, 'username' | 'password'> {
  const username = settings.username ?? address?.username ?? null
  const password = settings.password ?? address?.password ?? null
  return { ...(username === null ? {} : { username }), ...(password === null ? {} : { password }) }
}

function delayOf(backoff: Backoff, times: number): number {
  if (times <= 1) backoff.reset()
  return backoff.next()
}

function addressOf(text: string): Address {
  const url = new URL(text)
  const database = Number(url.pathname.slice(1))
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    username: url.username === '' ? null : decodeURIComponent(url.username),
    password: url.password === '' ? null : decodeURIComponent(url.password),
    database: Number.isInteger(database) ? database : 0,
    isTls: url.protocol === 'rediss:',
  }
}

function tlsOptions(tls: RedisTls | null): NonNullable<RedisOptions['tls']> {
  if (tls === null) return {}
  const { caFile, certFile, keyFile, serverName, insecureSkipVerify } = tls
  return {
    ...(caFile === null ? {} : { ca: fileOf(caFile, 'tls.ca_file') }),
    ...(certFile === null ? {} : { cert: fileOf(certFile, 'tls.cert_file') }),
    ...(keyFile === null ? {} : { key: fileOf(keyFile, 'tls.key_file') }),
    ...(serverName === null ? {} : { servername: serverName }),
    rejectUnauthorized: !insecureSkipVerify,
  }
}

function fileOf(path: string, key: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new StoreError(
      `store.${key}: ${path} cannot be read; name a file in PEM that this user may read (${(error as Error).message})`,
      {
        cause: error,
      },
    )
  }
}
