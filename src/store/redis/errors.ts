// What errors of Redis and of the way to it mean to the person who runs the daemon, and what to do about each.
import type { RedisServers } from '../../model/settings.ts'
import { maskPasswords } from '../../model/url.ts'
import { StoreError } from '../port.ts'

interface Meaning {
  readonly pattern: RegExp
  /** After the server's name. */
  readonly what: string
  /** Whether going on trying cannot help. */
  readonly isFatal?: boolean
  /** Whether it may still answer those who only read. */
  readonly ofWrites?: boolean
}

const MEANINGS: readonly Meaning[] = [
  {
    pattern: /WRONGPASS|invalid password|invalid username-password/i,
    what: 'refuses the user name or password; set store.username and store.password to what its ACL has',
    isFatal: true,
  },
  {
    pattern: /NOAUTH|no password is set|without any password configured/i,
    what: 'wants other credentials than it is given; set store.username and store.password, or leave them out where it has none',
    isFatal: true,
  },
  {
    pattern: /NOPERM|this user has no permissions|No permissions to access/i,
    what: 'does not let this user do all that is needed; give it the rights that docs/reference/store-redis.md lists (ACL SETUSER)',
    isFatal: true,
  },
  {
    pattern: /DB index is out of range|invalid DB index/i,
    what: 'has no database of that number; change the number at the end of store.url',
    isFatal: true,
  },
  {
    pattern: /cluster support disabled/i,
    what: 'is not a Redis Cluster; give its address as store.url instead of store.cluster',
    isFatal: true,
  },
  {
    pattern: /^MOVED |is not covered|CROSSSLOT/i,
    what: 'is a Redis Cluster; give addresses of its nodes as store.cluster instead of store.url',
    isFatal: true,
  },
  { pattern: /Too many Cluster redirections/, what: 'is changing its masters' },
  { pattern: /^OOM /, what: 'has reached its maxmemory and takes no writes; raise maxmemory', ofWrites: true },
  {
    pattern: /^MISCONF /,
    what: 'cannot save to its disk and takes no writes; see its log, free some space',
    ofWrites: true,
  },
  {
    pattern: /^READONLY /,
    what: 'is a replica and takes no writes; name the master, or use store.sentinels',
    ofWrites: true,
  },
  { pattern: /^LOADING |LOADING/, what: 'is still reading its data from disk' },
  { pattern: /NOREPLICAS/, what: 'has too few replicas to take writes (min-replicas-to-write)', ofWrites: true },
  {
    pattern: /CLUSTERDOWN|Failed to refresh slots|Cluster isn't ready|None of startup nodes/i,
    what: 'has no node that answers for some slots',
  },
  {
    pattern: /All sentinels are unreachable/i,
    what: 'cannot be found: none of the Sentinels answers, or none knows store.master',
  },
  { pattern: /certificate|self-signed|altname|SSL|EPROTO/i, what: 'does not agree on TLS; see store.tls' },
  { pattern: /Command timed out|Socket timeout|ETIMEDOUT/i, what: 'does not answer in time' },
  { pattern: /ECONNREFUSED/, what: 'refuses the connection; is it running there?' },
  { pattern: /ENOTFOUND|EAI_AGAIN/, what: 'is not known by that name' },
  { pattern: /isn't writeable|Connection is closed|ECONNRESET|EPIPE|max retries/i, what: 'cannot be reached' },
]

/** How the servers are called in messages. */
export function nameOf(servers: RedisServers): string {
  if (servers.kind === 'standalone') return `the Redis server ${maskPasswords(servers.url)}`
  const urls = servers.urls.map(maskPasswords).join(', ')
  return servers.kind === 'cluster'
    ? `the Redis Cluster at ${urls}`
    : `the Redis master "${servers.master}" of the Sentinels ${urls}`
}

/** A StoreError that names the server, says what is wrong in plain words, and keeps the original as its cause. */
export function explainRedisError(error: unknown, server: string): StoreError {
  if (error instanceof StoreError) return error
  const original = textOf(error)
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(original))
  return new StoreError(`${server} ${meaning?.what ?? 'failed'} (${maskPasswords(original)})`, { cause: error })
}

/** Whether it is only writes that the server does not take. */
export function isOfWrites(error: unknown): boolean {
  const original = textOf(error)
  return MEANINGS.find(({ pattern }) => pattern.test(original))?.ofWrites === true
}

/** Whether the error says no more than that there is no connection. */
export function isOfNoConnection(error: unknown): boolean {
  return /isn't writeable|Connection is closed|max retries|Cluster isn't ready|None of startup nodes|Failed to refresh/i.test(
    textOf(error),
  )
}

/** Whether going on trying cannot help before somebody changes the configuration. */
export function isFatal(error: unknown): boolean {
  const original = textOf(error)
  return MEANINGS.find(({ pattern }) => pattern.test(original))?.isFatal === true
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const last =
    'lastNodeError' in error && error.lastNodeError instanceof Error ? `${error.lastNodeError.message}; ` : ''
  return `${last}${error.message}`
}

/** The oldest version with all that the scripts call. */
const OLDEST = [6, 2] as const

/** Throws StoreError where the answer to INFO tells of a version that is too old. */
export function mustBeRecent(info: string, server: string): void {
  const version = /^redis_version:(\d+)\.(\d+)\S*/m.exec(info)
  if (version === null) return
  const [major, minor] = [Number(version[1]), Number(version[2])]
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return
  throw new StoreError(
    `${server} is version ${version[0].slice('redis_version:'.length)}; cohortd needs Redis ${OLDEST.join('.')} or later, or Valkey`,
  )
}
