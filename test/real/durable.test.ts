// Durable acknowledgement against kill -9: what was acknowledged is counted, once, however often the daemon dies in the middle.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sleep } from '../../src/runtime/clock.ts'
import { type RedisServerProcess, startRedis } from '../redis-rig/server.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventuallyHolds } from './eventually.ts'
import { RetryingClient } from './retrying-client.ts'

const CONFIG = `
ack: durable
slis:
  - {name: availability, where: {span.kind: SERVER}, bad_when: {span.status: ERROR}}
slos:
  - {name: availability, sli: availability, objective: 0.99, window: 30d, policy: experiment}
cohorts: {inherit_from_trace: 60s}
`
const KILLS = 8

let dataDir = ''
let redis: RedisServerProcess | null = null
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'cohortd-durable-'))
})
afterEach(async () => {
  await redis?.remove()
  redis = null
  await rm(dataDir, { recursive: true, force: true })
})

interface Counts {
  readonly events: number
  readonly bad: number
}

async function countsOf(daemon: DaemonProcess): Promise<Counts> {
  const report = (await daemon.report('checkout')) as {
    variants: { cohorts: { slis: { windows: Record<string, Counts> }[] }[] }[]
  }
  const { events, bad } = report.variants[0].cohorts[0].slis[0].windows['1h']
  return { events, bad }
}

const STORES = ['sqlite', 'redis'] as const

/** Arguments for a daemon that is always the same replica. */
async function storeArguments(store: (typeof STORES)[number]): Promise<string[]> {
  if (store === 'sqlite') return []
  redis = await startRedis()
  return ['store.type=redis', `store.url=${redis.url}`, 'store.replica_id=one'].flatMap((set) => ['--set', set])
}

test.each(STORES)(
  `on %s, after ${KILLS} times kill -9 under load, counted is what was acknowledged, spans that waited for their trace included`,
  async (store) => {
    const args = await storeArguments(store)
    let daemon = await DaemonProcess.start({ config: CONFIG, dataDir, args })
    const client = new RetryingClient(
      {
        target: () => daemon.otlpUrl('http'),
        experiment: 'checkout',
        variant: 'treatment',
        badEvery: 5,
        spansPerRequest: 20,
      },
      4,
    )
    const uptimes = Array.from({ length: KILLS }, (_, at) => 150 + ((at * 389) % 700))
    for (const uptimeMs of uptimes) {
      await sleep(uptimeMs)
      await daemon.kill()
      daemon = await DaemonProcess.start({ config: CONFIG, dataDir, args })
    }
    try {
      await sleep(500)
      const { spans, bad, refused } = await client.stop()
      expect(refused).toBeGreaterThan(0)
      expect(spans).toBeGreaterThan(1000)
      await eventuallyHolds(async () => expect(await countsOf(daemon)).toEqual({ events: spans, bad }))
      await sleep(2100)
      expect(await countsOf(daemon)).toEqual({ events: spans, bad })
      const { events } = (await daemon.get('/api/v1/events')).body as { events: { type: string; id: string }[] }
      expect(events.map(({ type }) => type)).toEqual(['cohortd.experiment.discovered', 'cohortd.burn.firing'])
    } finally {
      await daemon.stop()
    }
  },
  120_000,
)
