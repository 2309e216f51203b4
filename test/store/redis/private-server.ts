// One Redis server for a file of tests, a client that looks into it, and a stand whose stores live on it.
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type RedisOptions, type RedisServerProcess, startRedis } from '../../redis-rig/server.ts'
import { Stand } from '../port/stand.ts'
import { RedisRig } from './redis-rig.ts'

export interface PrivateServer {
  readonly stand: Stand
  readonly server: RedisServerProcess
  readonly redis: Redis
  /** Of the test that runs. */
  readonly rig: RedisRig
}

/** To be called once, at the top of a file; what it gives can be asked within tests. */
export function usePrivateServer(options: RedisOptions = {}): PrivateServer {
  let server: RedisServerProcess | null = null
  let redis: Redis | null = null
  let rig: RedisRig | null = null
  const running = <T>(one: T | null): T => {
    if (one === null) throw new Error('no test runs')
    return one
  }
  const stand = new Stand({
    shared: true,
    movesTime: true,
    makeRig: () => (rig = new RedisRig({ kind: 'standalone', url: running(server).url })),
  })
  beforeAll(async () => {
    server = await startRedis(options)
    redis = new Redis(server.port)
  })
  afterAll(async () => {
    redis?.disconnect()
    await server?.remove()
  })
  afterEach(() => stand.clear())
  return {
    stand,
    get server() {
      return running(server)
    },
    get redis() {
      return running(redis)
    },
    get rig() {
      return running(rig)
    },
  }
}
