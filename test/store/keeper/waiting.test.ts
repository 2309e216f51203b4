// Spans that wait for their trace, over a stop and a kill of a process that acknowledges in memory.
import { expect, test } from 'vitest'
import { MemoryBackend } from '../../../src/store/memory/backend.ts'
import { MemoryStore } from '../../../src/store/memory/store.ts'
import { engineSettings } from '../../engine/settings.ts'
import { EPOCH_MS, request, span, variantOf } from '../../engine/traffic.ts'
import { Replica, SharedTime } from './replica.ts'

const LIMITS = { eventLimit: 100, retentionSeconds: 3600, retryWindowMs: 300_000 }
const TRACE = '0af7651916cd43dd8448eb211c80319c'

async function begin(backend: MemoryBackend): Promise<Replica> {
  const time = new SharedTime()
  const observer = { unavailable: () => {}, available: () => {}, lost: () => {} }
  const store = new MemoryStore({ ...LIMITS, durable: false, now: () => time.nowMs, observer }, backend)
  const replica = new Replica({ settings: engineSettings({}), store, time })
  await replica.start()
  return replica
}

function attributed({ engine }: Replica): number {
  return engine.tracked().reduce((sum, { series }) => sum + (series[0]?.totalItems ?? 0), 0)
}

test('go on waiting after a stop; what was taken over once is not taken over again after a kill', async () => {
  const backend = new MemoryBackend({ ...LIMITS, shared: false })
  const untagged = request([span({ endMs: EPOCH_MS, traceId: TRACE })])
  const tagged = (): ReturnType<typeof request> =>
    request([span({ endMs: EPOCH_MS, traceId: TRACE, attributes: variantOf('checkout', 'treatment') })])

  const first = await begin(backend)
  first.engine.consume(untagged, EPOCH_MS)
  await first.keeper.stop()

  const second = await begin(backend)
  second.engine.consume(tagged(), EPOCH_MS + 1000)
  expect(attributed(second)).toBe(2)
  await second.keeper.flush()

  // The second one was killed; another tagged span of the trace finds nothing that waits.
  const third = await begin(backend)
  expect(attributed(third)).toBe(2)
  third.engine.consume(tagged(), EPOCH_MS + 2000)
  expect(attributed(third)).toBe(3)
})
