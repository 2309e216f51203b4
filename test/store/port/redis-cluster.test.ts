// The Redis store keeps the promises of every store, on a Redis Cluster of three masters.
import { afterAll, beforeAll } from 'vitest'
import { type RedisClusterProcesses, startCluster } from '../../redis-rig/cluster.ts'
import { RedisRig } from '../redis/redis-rig.ts'
import { describeStore } from './conformance.ts'

let cluster: RedisClusterProcesses
beforeAll(async () => {
  cluster = await startCluster()
}, 60_000)
afterAll(() => cluster.remove())

describeStore('redis cluster', {
  shared: true,
  movesTime: true,
  makeRig: () => new RedisRig({ kind: 'cluster', urls: cluster.urls }),
})
