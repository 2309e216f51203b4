// Who may in, and what is said to whom who may not.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { RedisServers, RedisSettings } from '../../../src/model/settings.ts'
import { StoreError } from '../../../src/store/port.ts'
import { startCluster } from '../../redis-rig/cluster.ts'
import { startSentinel } from '../../redis-rig/sentinel.ts'
import { startRedis } from '../../redis-rig/server.ts'
import { EXPERIMENT, event, flush, lead, publication, put, Stand } from '../port/stand.ts'
import { RedisRig } from './redis-rig.ts'

const stands: Stand[] = []
afterEach(async () => {
  for (const stand of stands.splice(0)) await stand.clear()
})

function standOn(servers: RedisServers, changed: Partial<RedisSettings> = {}): Stand {
  const stand = new Stand({ shared: true, movesTime: true, makeRig: () => new RedisRig(servers, changed) })
  stands.push(stand)
  return stand
}

async function refusal(servers: RedisServers, changed: Partial<RedisSettings> = {}): Promise<string> {
  const stand = standOn(servers, changed)
  const error = await stand.open().then(
    () => new Error('it started'),
    (reason: unknown) => reason as Error,
  )
  expect(error).toBeInstanceOf(StoreError)
  return error.message
}

describe('credentials', () => {
  test('that are wrong or missing are refused at once, and not shown', async () => {
    await using server = await startRedis({ password: 'right' })
    const url = server.url.replace('//', '//:wrong-one@')
    const message = await refusal({ kind: 'standalone', url })
    expect(message).toContain('refuses the user name or password; set store.username and store.password')
    expect(message).toContain(`redis://:***@${server.address}`)
    expect(message).not.toContain('wrong-one')
    expect(await refusal({ kind: 'standalone', url: server.url })).toContain('wants other credentials than it is given')
  })

  test('may stand in the URL, or in settings of their own, which count more', async () => {
    await using server = await startRedis({
      acl: ['user default on nopass ~* &* +@all', 'user me on >s3%cret ~* &* +@all'],
    })
    const inUrl = server.url.replace('//', '//me:s3%25cret@')
    await standOn({ kind: 'standalone', url: inUrl }).open()
    const wrongInUrl = server.url.replace('//', '//me:wrong@')
    await standOn({ kind: 'standalone', url: wrongInUrl }, { password: 's3%cret' }).open()
    await standOn({ kind: 'standalone', url: server.url }, { username: 'me', password: 's3%cret' }).open()
    expect(await server.cli('acl', 'log')).toBe('')
  })

  test('that do not suffice are refused with the place where the rights are listed', async () => {
    await using server = await startRedis({
      acl: ['user default on nopass ~* &* +@all', 'user me on >s ~* &* +@all -eval -evalsha'],
    })
    const message = await refusal({ kind: 'standalone', url: server.url }, { username: 'me', password: 's' })
    expect(message).toContain('docs/reference/store-redis.md')
  })
})

describe('the documented rights', () => {
  const document = readFileSync(new URL('../../../docs/reference/store-redis.md', import.meta.url), 'utf8')
  const user = /^user (cohortd on >password .*)$/m.exec(document)![1].split(' ')
  const asUser = { username: 'cohortd', password: 'password', keyPrefix: 'cohortd' }

  /** Uses what is there in a Cluster or behind Sentinels beside what the conformance suite uses on one server. */
  async function use(stand: Stand): Promise<void> {
    const store = await stand.open()
    const seen: string[] = []
    store.watchEvents('0-0', (events) => seen.push(...events.map(({ id }) => id)))
    expect(await put(store, flush('w1', 1, { rows: [stand.row('a')] }))).toBe('written')
    const token = await lead(store, 'w1')
    expect(await store.publish(publication(token, 1, { events: [event('1-0')] }))).toBe('published')
    expect((await store.load(EXPERIMENT)).rows).toHaveLength(1)
    await expect.poll(() => seen).toEqual(['1-0'])
  }

  test('suffice in a Cluster, with those that it names for one', { timeout: 60_000 }, async () => {
    expect(document).toContain('In a Cluster it needs `+cluster|slots +cluster|info` as well')
    await using cluster = await startCluster()
    for (const node of cluster.nodes) await node.cli('acl', 'setuser', ...user, '+cluster|slots', '+cluster|info')
    await use(standOn({ kind: 'cluster', urls: cluster.urls }, asUser))
    for (const node of cluster.nodes) expect(await node.cli('acl', 'log')).toBe('')
  })

  test('suffice behind Sentinels that have users of their own', { timeout: 60_000 }, async () => {
    const [, rights] = /users of their own: `([^`]+)`/.exec(document)!
    await using sentinels = await startSentinel()
    for (const server of sentinels.servers) await server.cli('acl', 'setuser', ...user)
    for (const sentinel of sentinels.sentinels)
      await sentinel.cli('acl', 'setuser', 'watcher', 'on', '>secret', 'resetchannels', '-@all', ...rights.split(' '))
    const urls = sentinels.urls.map((url) => url.replace('//', '//watcher:secret@'))
    await use(standOn({ kind: 'sentinel', urls, master: sentinels.name }, asUser))
    const clients = await Promise.all(sentinels.sentinels.map((one) => one.cli('client', 'list')))
    expect(clients.join('\n')).toContain('user=watcher')
    for (const one of [...sentinels.sentinels, ...sentinels.servers]) expect(await one.cli('acl', 'log')).toBe('')
  })

  test('suffice for another database, with the one that it names for that', async () => {
    expect(document).toContain('for a database other than 0 `+select`')
    await using server = await startRedis()
    await server.cli('acl', 'setuser', ...user, '+select')
    await use(standOn({ kind: 'standalone', url: `${server.url}/5` }, asUser))
    expect(await server.cli('acl', 'log')).toBe('')
  })
})

describe('the database', () => {
  test('is that of the URL', async () => {
    await using server = await startRedis()
    const store = await standOn({ kind: 'standalone', url: `${server.url}/3` }).open()
    await put(store, flush('w1', 1))
    expect(await server.cli('info', 'keyspace')).toContain('db3:')
    expect(await server.cli('info', 'keyspace')).not.toContain('db0:')
  })

  test('that there is not is refused', async () => {
    await using server = await startRedis()
    expect(await refusal({ kind: 'standalone', url: `${server.url}/99` })).toContain('has no database of that number')
  })
})

describe('TLS', () => {
  test('with a client certificate', async () => {
    await using server = await startRedis({ tls: 'mutual' })
    const { caFile, clientCert, clientKey } = server.tls!
    const tls = { caFile, certFile: clientCert, keyFile: clientKey, serverName: null, insecureSkipVerify: false }
    const stand = standOn({ kind: 'standalone', url: server.url }, { tls })
    const store = await stand.open()
    expect(await put(store, flush('w1', 1, { rows: [stand.row('a')] }))).toBe('written')
    expect(await store.rowsOf(EXPERIMENT, 'w1')).toHaveLength(1)
  })

  test('to a server whose authority is not known is told, and that one is not spoken to', async () => {
    await using server = await startRedis({ tls: true })
    const stand = standOn({ kind: 'standalone', url: server.url })
    const store = await stand.open()
    expect(stand.told.unavailable).toEqual([expect.stringContaining('does not agree on TLS; see store.tls')])
    await expect(store.experiments()).rejects.toThrow('does not agree on TLS')
    const insecure = { caFile: null, certFile: null, keyFile: null, serverName: null, insecureSkipVerify: true }
    const trusting = await standOn({ kind: 'standalone', url: server.url }, { tls: insecure }).open()
    expect(await trusting.experiments()).toEqual([])
  })

  test('with files that cannot be read is refused', async () => {
    const caFile = join(tmpdir(), 'cohortd-no-such-folder', 'ca.pem')
    const tls = { caFile, certFile: null, keyFile: null, serverName: null, insecureSkipVerify: false }
    const message = await refusal({ kind: 'standalone', url: 'rediss://127.0.0.1:1' }, { tls })
    expect(message).toContain(`store.tls.ca_file: ${caFile} cannot be read`)
  })
})

describe('a server', () => {
  test('that is too old is refused', async () => {
    const old = createServer((socket) => {
      socket.on('data', (asked) => {
        const info = '# Server\r\nredis_version:6.0.16\r\nloading:0\r\n'
        for (const command of asked.toString().split(/(?=\*\d+\r\n)/)) {
          if (/hello/i.test(command)) socket.write('-ERR unknown command HELLO\r\n')
          else if (/info/i.test(command)) socket.write(`$${info.length}\r\n${info}\r\n`)
          else socket.write('+OK\r\n')
        }
      })
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
    const { port } = old.address() as { port: number }
    const message = await refusal({ kind: 'standalone', url: `redis://127.0.0.1:${port}` })
    old.close()
    expect(message).toContain('is version 6.0.16; cohortd needs Redis 6.2 or later, or Valkey')
  })

  test('that is not there yet does not hinder the start; it is told once, and when it came', async () => {
    await using server = await startRedis()
    await server.stop()
    const stand = standOn({ kind: 'standalone', url: server.url })
    const store = await stand.open()
    expect(stand.told.unavailable).toEqual([expect.stringContaining('refuses the connection')])
    await expect(store.experiments()).rejects.toThrow(StoreError)
    await server.restart()
    await expect.poll(() => store.experiments().catch(() => null), { timeout: 5000, interval: 50 }).toEqual([])
    expect(stand.told).toMatchObject({ unavailable: [expect.anything()], available: 1 })
  })

  test('that is no Cluster is told from one', async () => {
    await using server = await startRedis()
    expect(await refusal({ kind: 'cluster', urls: [server.url] })).toContain('give its address as store.url')
  })
})
