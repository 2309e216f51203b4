// The Redis store keeps the promises of every store, on one server, as a user with no other rights than the documentation lists; and
// leaves no key there that is not documented or that stays for ever.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KEY_KINDS } from '../../../src/store/redis/keys.ts'
import { type RedisServerProcess, startRedis } from '../../redis-rig/server.ts'
import { RedisRig } from '../redis/redis-rig.ts'
import { describeStore } from './conformance.ts'

const DOCUMENT = readFileSync(new URL('../../../docs/reference/store-redis.md', import.meta.url), 'utf8')
const LIST_KEYS = `local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  all[#all + 1] = { key, redis.call('TYPE', key).ok, redis.call('PTTL', key) }
end
return cjson.encode(all)`
const USER = /^user cohortd on >password .*$/m.exec(DOCUMENT)![0]

let server: RedisServerProcess
beforeAll(async () => {
  server = await startRedis({ acl: ['user default on nopass ~* &* +@all', USER] })
})
afterAll(() => server.remove())

describeStore('redis', {
  shared: true,
  movesTime: true,
  makeRig: () => new RedisRig({ kind: 'standalone', url: server.url }, { username: 'cohortd', password: 'password' }),
})

test('the documented rights suffice, and each is needed', async () => {
  expect(await server.cli('acl', 'log')).toBe('')
  const called = await server.cli('info', 'commandstats')
  const listed = [...USER.matchAll(/ \+(\S+)/g)].map(([, command]) => command)
  expect(listed.filter((command) => !called.includes(`cmdstat_${command}:`))).toEqual([])
})

test('every key that all this has left ends by itself and is of a kind that is documented', async () => {
  const keys = JSON.parse(await server.cli('eval', LIST_KEYS, '0')) as [key: string, type: string, ttlMs: number][]
  expect(keys.length).toBeGreaterThan(1000)
  expect(keys.filter(([, , ttlMs]) => ttlMs <= 0)).toEqual([])
  const kinds = KEY_KINDS.map(({ name, type }) => ({ name, type, pattern: patternOf(name) }))
  const kindOf = ([key, type]: (typeof keys)[number]): string | undefined =>
    kinds.find((kind) => kind.pattern.test(key) && kind.type === type)?.name
  expect(keys.filter((key) => kindOf(key) === undefined)).toEqual([])
  const seen = new Set(keys.map(kindOf))
  // Nothing is left to relay.
  const missing = kinds.filter(({ name }) => !seen.has(name)).map(({ name }) => name)
  expect(missing).toEqual(['{exp:<experiment>}:outbox'])
})

test('the documentation names every kind of key, with its type', () => {
  for (const { name, type } of KEY_KINDS) expect(DOCUMENT).toContain(`\n| \`${name}\` | ${type} |`)
})

function patternOf(name: string): RegExp {
  const source = name.replace(/[{}]/g, '\\$&').replaceAll(/<[a-z]+>/g, '[^]*')
  return new RegExp(`^cohortd:test-\\d+:${source}$`)
}
