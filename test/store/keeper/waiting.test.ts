// Spans that wait for their trace, over a stop and a kill of a process that acknowledges in memory.
import { expect, test } from 'vitest'
import { Engine } from '../../../src/engine/engine.ts'
import type { EngineEvent } from '../../../src/engine/events.ts'
import { turn } from '../../../src/runtime/clock.ts'
import { StateKeeper } from '../../../src/store/keeper/keeper.ts'
import { MemoryBackend } from '../../../src/store/memory/backend.ts'
import { MemoryStore } from '../../../src/store/memory/store.ts'
import { engineSettings } from '../../engine/settings.ts'
import { EPOCH_MS, request, span, variantOf } from '../../engine/traffic.ts'

const LIMITS = { eventLimit: 100, retentionSeconds: 3600, retryWindowMs: 300_000 }
const TRACE = '0af7651916cd43dd8448eb211c80319c'

interface Process {
  readonly engine: Engine
  readonly keeper: StateKeeper<EngineEvent>
}

let writers = 0

async function begin(backend: MemoryBackend): Promise<Process> {
  const engine = new Engine(engineSettings({}), EPOCH_MS)
  const clock = { now: () => engine.nowMs, monotonic: () => engine.nowMs }
  const nobody = { unavailable: () => {}, available: () => {}, lost: () => {} }
  const store = new MemoryStore({ ...LIMITS, durable: false, now: () => engine.nowMs, observer: nobody }, backend)
  const ignore = (): void => {}
  const keeper = new StateKeeper<EngineEvent>(
    {
      store,
      engine,
      journal: engine,
      clock,
      wait: () => turn(),
      observer: {
        restored: ignore,
        events: ignore,
        told: ignore,
        loaded: ignore,
        flushed: ignore,
        lost: ignore,
        failed: (error) => {
          throw error
        },
      },
    },
    { durable: false, newWriterId: () => `writer ${++writers}`, name: null, eventLimit: 100 },
  )
  await keeper.start()
  while (!keeper.isLoaded) {
    keeper.tick()
    await turn()
  }
  return { engine, keeper }
}

function attributed({ engine }: Process): number {
  return engine.tracked().reduce((sum, { slis }) => sum + (slis[0]?.totalItems ?? 0), 0)
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
