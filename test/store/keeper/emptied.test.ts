// A shared store that loses everything while replicas run: what they had counted they write again, and meanwhile nobody takes the others for gone.
import { expect, test } from 'vitest'
import { MemoryBackend } from '../../../src/store/memory/backend.ts'
import { MemoryStore } from '../../../src/store/memory/store.ts'
import type { Store } from '../../../src/store/port.ts'
import { EXPERIMENT_POLICY, engineSettings, slo } from '../../engine/settings.ts'
import { request, span, variantOf } from '../../engine/traffic.ts'
import { Replica, SharedTime } from './replica.ts'

const OPTIONS = { eventLimit: 100, retentionSeconds: 3600, retryWindowMs: 300_000 }
const STEP_MS = 100

/** Memory stores on a backend that can be taken away. */
class Server {
  readonly time: SharedTime
  /** Types of all events that were ever published. */
  readonly told: string[] = []
  #backend = this.#begin()
  #emptied = 0

  constructor(time: SharedTime) {
    this.time = time
  }

  connect(): Store {
    const { time } = this
    const observer = { unavailable: () => {}, available: () => {}, lost: () => {} }
    let backend = this.#backend
    const open = (): MemoryStore =>
      new MemoryStore({ ...OPTIONS, durable: false, now: () => time.nowMs, observer }, backend)
    let store = open()
    return new Proxy(store, {
      get: (_, name) => {
        if (backend !== this.#backend) {
          backend = this.#backend
          store = open()
          void store.start()
        }
        const value: unknown = Reflect.get(store, name)
        return typeof value === 'function' ? (value.bind(store) as unknown) : value
      },
    })
  }

  /** Tokens go on growing, as a server's time does. */
  empty(): void {
    this.#backend = this.#begin()
    this.#emptied++
    for (let token = 0; token < 100 * this.#emptied; token++) {
      this.#backend.leases.take(`nobody ${token}`, 'checkout', { nowMs: 0, ttlMs: 0 })
      this.#backend.leases.release(`nobody ${token}`, 'checkout')
    }
  }

  #begin(): MemoryBackend {
    const backend = new MemoryBackend({ ...OPTIONS, shared: true })
    backend.listen((events) => {
      for (const { json } of events) this.told.push((JSON.parse(json) as { type: string }).type)
    })
    return backend
  }
}

function spans(variant: string, counts: { good: number; bad: number }, nowMs: number): ReturnType<typeof request> {
  return request(
    Array.from({ length: counts.good + counts.bad }, (_, at) =>
      span({ endMs: nowMs, error: at >= counts.good, attributes: variantOf('checkout', variant) }),
    ),
  )
}

test.each([
  ['the one that leads', 0],
  ['the other one', 1],
])('an alert goes on, whoever finds that out first: %s', async (_, first) => {
  const time = new SharedTime()
  const server = new Server(time)
  const settings = engineSettings({ slos: [slo({ policy: EXPERIMENT_POLICY })] })
  const replicas = [0, 1].map(() => new Replica({ settings, store: server.connect(), time }))
  for (const replica of replicas) await replica.start()
  const [leader, other] = replicas
  const pass = async (ms: number, order: readonly Replica[]): Promise<void> => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      time.nowMs += STEP_MS
      for (const { engine, keeper } of order) {
        engine.advanceTo(time.nowMs)
        keeper.publish()
      }
      for (const replica of order) await replica.tick()
    }
  }
  leader.engine.consume(spans('treatment', { good: 10, bad: 0 }, time.nowMs), time.nowMs)
  await pass(3000, replicas)
  other.engine.consume(spans('treatment', { good: 50, bad: 50 }, time.nowMs), time.nowMs)
  await pass(5000, replicas)
  const counted = (replica: Replica): number[] =>
    replica.engine.tracked().map(({ series }) => series[0]?.totalItems ?? 0)
  expect(replicas.map(counted)).toEqual([[110], [110]])

  server.empty()
  // The first one alone for a while, as where the other one is slow to find its way back.
  await pass(2500, [replicas[first]])
  await pass(10_000, replicas)

  expect(replicas.map(counted)).toEqual([[110], [110]])
  expect(server.told).toEqual(['cohortd.experiment.discovered', 'cohortd.burn.firing'])
})
