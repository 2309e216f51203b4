import { describe, expect, test } from 'vitest'
import { StateKeeper } from '../../src/store/keeper.ts'
import { MemoryStore } from '../../src/store/memory.ts'
import type { StateChange } from '../../src/store/port.ts'
import { change, cohort, EVENT_LIMIT, event } from './conformance.ts'

/** A memory store that notes what it is given, and the keeper of it at a clock that stands still unless it is moved. */
async function kept(): Promise<{
  keeper: StateKeeper
  saved: StateChange[]
  pending: Omit<StateChange, 'events'>[]
  clock: { ms: number }
}> {
  const store = new MemoryStore({ eventLimit: EVENT_LIMIT })
  await store.start()
  const saved: StateChange[] = []
  const clock = { ms: 0 }
  const save = store.save.bind(store)
  store.save = (given) => {
    saved.push(given)
    return save(given)
  }
  const pending: Omit<StateChange, 'events'>[] = []
  const keeper = new StateKeeper({
    store,
    takeChange: () => pending.shift() ?? null,
    clock: { now: () => clock.ms, monotonic: () => clock.ms },
    observer: { flushed: () => {}, failed: () => {} },
  })
  return { keeper, saved, pending, clock }
}

describe('the keeper of the state', () => {
  test('writes events as soon as they are published, together with the state that they tell of', async () => {
    const { keeper, saved, pending } = await kept()
    pending.push(change({ cohorts: [cohort('checkout', 'treatment')], engine: '{"evaluatedMs":1}' }))
    keeper.addEvents([event('1000-0')])
    expect(saved).toMatchObject([{ cohorts: [{ variant: 'treatment' }], events: [{ id: '1000-0' }] }])
    await keeper.stop()
    expect(saved).toHaveLength(1)
  })

  test('lets events of a resting time wait for the next write', async () => {
    const { keeper, saved, pending, clock } = await kept()
    pending.push(change())
    keeper.addEvents([event('1000-0')])
    // The write takes 100 ms, so the next begins 400 ms after it began.
    clock.ms = 100
    await keeper.flush()
    keeper.addEvents([event('2000-0')])
    expect(saved).toHaveLength(1)
    clock.ms = 400
    keeper.addEvents([event('2000-1')])
    await keeper.flush()
    expect(saved.slice(1).map(({ events }) => events.map(({ id }) => id))).toEqual([['2000-0', '2000-1']])
  })
})
