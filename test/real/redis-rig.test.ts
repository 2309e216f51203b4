// The Redis servers of the tests do what tests of faults rely on.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { sleep, systemClock } from '../../src/runtime/clock.ts'
import { startCluster } from '../redis-rig/cluster.ts'
import { startProxy } from '../redis-rig/proxy.ts'
import { startSentinel } from '../redis-rig/sentinel.ts'
import { type RedisOptions, type RedisServerProcess, startRedis } from '../redis-rig/server.ts'
import { eventually } from './eventually.ts'

const started: { remove(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of started.splice(0)) await one.remove()
})

async function kept<T extends { remove(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const one = await starting
  started.push(one)
  return one
}

const redis = (options?: RedisOptions): Promise<RedisServerProcess> => kept(startRedis(options))

test('a server that writes to disk knows after kill -9 what it was told, unless it is started empty', async () => {
  const server = await redis({ appendOnly: 'always' })
  expect(await server.cli('set', 'key', 'value')).toBe('OK')
  await server.restart()
  expect(await server.cli('get', 'key')).toBe('value')
  await server.stop()
  expect(server.running).toBe(false)
  await server.restart({ empty: true })
  expect(await server.cli('dbsize')).toBe('0')
})

test('a server with too little memory evicts or refuses, as it is told', async () => {
  const server = await redis({ maxMemory: '2mb', maxMemoryPolicy: 'noeviction' })
  await server.cli('debug', 'populate', '2000', 'key', '2000')
  await expect(server.cli('set', 'one', 'more')).rejects.toThrow('OOM')
  expect(await server.info('maxmemory_policy')).toBe('noeviction')
})

test('a server knows passwords, users and their rights', async () => {
  const withPassword = await redis({ password: 'secret' })
  expect(await withPassword.cli('ping')).toBe('PONG')
  const withUsers = await redis({
    acl: ['user default on nopass ~* &* +@all', 'user cohortd on >secret ~own:* +@read'],
  })
  const asUser = ['--user', 'cohortd', '--pass', 'secret', '--no-auth-warning']
  expect(await withUsers.cli(...asUser, 'get', 'own:key')).toBe('')
  await expect(withUsers.cli(...asUser, 'set', 'own:key', '1')).rejects.toThrow('NOPERM')
})

test('a server speaks TLS only, and asks for a client certificate where told so', async () => {
  const server = await redis({ tls: 'mutual' })
  expect(server.url).toMatch(/^rediss:/)
  expect(await server.cli('ping')).toBe('PONG')
})

test('a suspended server answers when it is resumed', async () => {
  const server = await redis()
  server.suspend()
  const answer = server.cli('ping')
  expect(await Promise.race([answer, sleep(300)])).toBeUndefined()
  server.resume()
  expect(await answer).toBe('PONG')
})

test('a proxy holds back, delays, and breaks what goes through', async () => {
  const server = await redis()
  const proxy = await kept(startProxy(server))
  const socket = connect(proxy.port, '127.0.0.1')
  expect(await ask(socket, 'incr count')).toBe(':1\r\n')

  proxy.cut('answers')
  const held = ask(socket, 'incr count')
  expect(await Promise.race([held, sleep(200)])).toBeUndefined()
  expect(await server.cli('get', 'count')).toBe('2')
  proxy.cut()
  proxy.heal()
  expect(await held).toBe(':2\r\n')

  proxy.delay(100)
  const before = systemClock.monotonic()
  await ask(socket, 'ping')
  expect(systemClock.monotonic() - before).toBeGreaterThan(195)
  proxy.delay(0)

  const closed = new Promise((resolve) => socket.on('error', resolve))
  proxy.reset()
  expect(await closed).toMatchObject({ code: 'ECONNRESET' })
})

test('a cluster moves a slot, and promotes a replica of a killed master', async () => {
  const cluster = await kept(startCluster({ masters: 3, replicasPerMaster: 1 }))
  const slot = await cluster.slotOf('{tag}')
  const from = (await cluster.ownerOf(slot)) ?? -1
  const to = (from + 1) % 3
  await cluster.nodes[from].cli('set', '{tag}:a', '1')
  await cluster.nodes[from].cli('set', '{tag}:b', '2')

  const move = await cluster.beginSlotMove(slot, from, to)
  expect(await move.migrate(1)).toBe(1)
  const answers = await Promise.allSettled(['{tag}:a', '{tag}:b'].map((key) => cluster.nodes[from].cli('get', key)))
  expect(JSON.stringify(answers.map(({ status }) => status).sort())).toBe('["fulfilled","rejected"]')
  await move.finish()
  expect(await cluster.ownerOf(slot)).toBe(to)
  expect(await cluster.nodes[to].cli('mget', '{tag}:a', '{tag}:b')).toBe('1\n2')

  await cluster.nodes[to].waitUntilReplicated()
  await cluster.kill(to)
  const heir = await cluster.promotedFrom(to, slot)
  await cluster.waitUntilOk()
  expect(await cluster.nodes[heir].cli('get', '{tag}:a')).toBe('1')
  await cluster.restart(to)
  await cluster.waitUntilOk()
  expect(await cluster.nodes[to].info('role')).toBe('slave')
})

test('Sentinels promote a replica of a killed master within a few seconds', async () => {
  const sentinel = await kept(startSentinel({ downAfterMs: 500 }))
  const master = await sentinel.currentMaster()
  await master.cli('set', 'key', 'value')
  await master.waitUntilReplicated()
  expect(await sentinel.killMaster()).toBe(master)
  const before = systemClock.monotonic()
  const heir = await sentinel.promotedFrom(master)
  expect(systemClock.monotonic() - before).toBeLessThan(15_000)
  expect(await heir.cli('get', 'key')).toBe('value')
})

test('a server does not outlive the process that started it, even by kill -9', async () => {
  const rig = new URL('../redis-rig/server.ts', import.meta.url).href
  const script = `const { startRedis } = await import('${rig}'); const { port, folder } = await startRedis();
    process.stdout.write(JSON.stringify({ port, folder }), () => process.kill(process.pid, 'SIGKILL'))`
  const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]).catch(
    (error) => error,
  )
  const { port, folder } = JSON.parse(ended.stdout)
  await eventually('the server and its folder are gone', async () => {
    return !(await isListening(port)) && !existsSync(folder) ? true : null
  })
})

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  // It may be reset later, by a server that is killed in the middle of this.
  socket.on('error', () => {})
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}

async function ask(socket: Socket, command: string): Promise<string> {
  const answer = once(socket, 'data')
  socket.write(`${command}\r\n`)
  return String((await answer)[0])
}
