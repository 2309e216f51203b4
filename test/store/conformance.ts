// What every store must do, whatever it keeps its state in. Each adapter's test runs all of it.
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { compareEventIds, type PublishedEvent } from '../../src/model/event.ts'
import { type CohortState, type StateChange, type Store, StoreError } from '../../src/store/port.ts'

export const EVENT_LIMIT = 20

/** A change that only sets the engine's record, but for what is given. */
export function change(parts: Partial<StateChange> = {}): StateChange {
  return {
    experiments: [],
    cohorts: [],
    forgottenExperiments: [],
    forgottenCohorts: [],
    engine: '{}',
    events: [],
    ...parts,
  }
}

export function cohort(
  experiment: string,
  variant: string,
  bytes: readonly number[] = [1],
  segmentKey = 'shop',
): CohortState {
  return { experiment, variant, segmentKey, partial: Uint8Array.from(bytes), alerts: '[]' }
}

export function event(id: string): PublishedEvent {
  return { id, json: JSON.stringify({ id, subject: 'checkout-redesign/treatment' }) }
}

/** `make` gives a fresh, empty, unstarted store with room for EVENT_LIMIT events; `cleanUp` runs after each test. */
export function describeStore(make: () => Store, cleanUp: () => void = () => {}): void {
  const started: Store[] = []

  async function startedStore(): Promise<Store> {
    const store = make()
    started.push(store)
    await store.start()
    return store
  }

  afterEach(async () => {
    for (const store of started.splice(0)) await store.stop()
    cleanUp()
  })

  describe('state', () => {
    test('a new store holds nothing', async () => {
      const store = await startedStore()
      expect(await store.load()).toEqual({ experiments: [], cohorts: [], engine: null })
      expect(await store.readEvents(null, 10)).toEqual([])
      expect(await store.newestEvents(10)).toEqual([])
    })

    test('what was saved is loaded again', async () => {
      const store = await startedStore()
      const saved = change({
        experiments: [{ id: 'checkout', json: '{"since":1}' }],
        cohorts: [cohort('checkout', 'control', [1, 2, 3]), cohort('checkout', 'treatment', [])],
        engine: '{"ledger":1}',
      })
      await store.save(saved)
      const loaded = await store.load()
      expect(loaded.experiments).toEqual(saved.experiments)
      expect(byKey(loaded.cohorts)).toEqual(byKey(saved.cohorts))
      expect(loaded.engine).toBe('{"ledger":1}')
    })

    test('a later save replaces what it names and leaves the rest', async () => {
      const store = await startedStore()
      await store.save(change({ cohorts: [cohort('a', 'x', [1]), cohort('a', 'y', [2])], engine: '1' }))
      await store.save(change({ cohorts: [{ ...cohort('a', 'y', [3, 4]), alerts: '["page"]' }], engine: '2' }))
      const loaded = await store.load()
      expect(byKey(loaded.cohorts)).toEqual(
        byKey([cohort('a', 'x', [1]), { ...cohort('a', 'y', [3, 4]), alerts: '["page"]' }]),
      )
      expect(loaded.engine).toBe('2')
    })

    test('a forgotten experiment goes with all its cohorts, and with those of no other', async () => {
      const store = await startedStore()
      await store.save(
        change({
          experiments: [
            { id: 'a', json: '{}' },
            { id: 'ab', json: '{}' },
          ],
          cohorts: [cohort('a', 'x'), cohort('a', 'y'), cohort('ab', 'x')],
        }),
      )
      await store.save(change({ forgottenExperiments: ['a', 'never-seen'] }))
      const loaded = await store.load()
      expect(loaded.experiments).toEqual([{ id: 'ab', json: '{}' }])
      expect(loaded.cohorts).toEqual([cohort('ab', 'x')])
    })

    test('a forgotten cohort goes alone', async () => {
      const store = await startedStore()
      await store.save(change({ cohorts: [cohort('a', 'x', [1], 'shop'), cohort('a', 'x', [2], 'cart')] }))
      await store.save(change({ forgottenCohorts: [{ experiment: 'a', variant: 'x', segmentKey: 'shop' }] }))
      expect((await store.load()).cohorts).toEqual([cohort('a', 'x', [2], 'cart')])
    })

    test('what is forgotten and written in one change is there afterwards', async () => {
      const store = await startedStore()
      await store.save(change({ experiments: [{ id: 'a', json: '1' }], cohorts: [cohort('a', 'old')] }))
      await store.save(
        change({
          forgottenExperiments: ['a'],
          experiments: [{ id: 'a', json: '2' }],
          cohorts: [cohort('a', 'new')],
        }),
      )
      const loaded = await store.load()
      expect(loaded.experiments).toEqual([{ id: 'a', json: '2' }])
      expect(loaded.cohorts).toEqual([cohort('a', 'new')])
    })

    test('a change that cannot be written whole leaves no trace', async () => {
      const store = await startedStore()
      await store.save(change({ cohorts: [cohort('a', 'x', [1])], engine: '1', events: [event('1-0')] }))
      const bad = change({
        forgottenExperiments: ['a'],
        experiments: [{ id: 'b', json: '{}' }],
        cohorts: [cohort('b', 'y')],
        engine: '2',
        events: [event('2-0'), event('no id')],
      })
      await expect(store.save(bad)).rejects.toThrow(StoreError)
      expect(await store.load()).toEqual({ experiments: [], cohorts: [cohort('a', 'x', [1])], engine: '1' })
      expect(await store.readEvents(null, 10)).toEqual([event('1-0')])
      await store.save(change({ engine: '3' }))
      expect((await store.load()).engine).toBe('3')
    })

    test('the caller keeps its bytes, and may reuse them once the save is done', async () => {
      const store = await startedStore()
      const large = new Uint8Array(64).fill(7)
      const view = large.subarray(8, 12)
      await store.save(change({ cohorts: [{ ...cohort('a', 'x'), partial: view }] }))
      expect(view).toEqual(new Uint8Array(4).fill(7))
      large.fill(9)
      expect((await store.load()).cohorts[0].partial).toEqual(new Uint8Array(4).fill(7))
    })

    test('what load() gave may be altered without harm', async () => {
      const store = await startedStore()
      await store.save(change({ cohorts: [cohort('a', 'x', [1, 2])] }))
      ;(await store.load()).cohorts[0].partial.fill(0)
      expect((await store.load()).cohorts[0].partial).toEqual(Uint8Array.from([1, 2]))
    })

    test('any names and bytes come back as they were', async () => {
      const store = await startedStore()
      const text = fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', '\u0000', 'a\u0000b', 'naïve 試験'),
      )
      const cohorts = fc.uniqueArray(
        fc.record({
          experiment: text,
          variant: text,
          segmentKey: text,
          partial: fc.uint8Array({ maxLength: 50 }),
          alerts: fc.json(),
        }),
        { selector: keyOf, maxLength: 20 },
      )
      await fc.assert(
        fc.asyncProperty(cohorts, async (generated) => {
          const { experiments } = await store.load()
          await store.save(
            change({
              forgottenExperiments: experiments.map(({ id }) => id),
              experiments: [...new Set(generated.map(({ experiment }) => experiment))].map((id) => ({ id, json: id })),
              cohorts: generated,
            }),
          )
          const loaded = await store.load()
          expect(byKey(loaded.cohorts)).toEqual(byKey(generated))
          for (const { id, json } of loaded.experiments) expect(json).toBe(id)
        }),
        { numRuns: 30 },
      )
    })

    test('thousands of large cohorts are one change like any other', async () => {
      const store = await startedStore()
      const cohorts = Array.from({ length: 3000 }, (_, index) => ({
        ...cohort('a', `variant-${index}`),
        partial: new Uint8Array(2000).fill(index % 251),
      }))
      await store.save(change({ cohorts }))
      expect(byKey((await store.load()).cohorts)).toEqual(byKey(cohorts))
    })
  })

  describe('events', () => {
    test('are read in the order of time, then of number, both as numbers', async () => {
      const store = await startedStore()
      const ids = ['999-0', '1000-2', '1000-10', '1000-9', '10000-0']
      await store.save(change({ events: ids.map(event) }))
      const read = (await store.readEvents(null, 10)).map(({ id }) => id)
      expect(read).toEqual(['999-0', '1000-2', '1000-9', '1000-10', '10000-0'])
      expect(read).toEqual([...ids].sort(compareEventIds))
    })

    test('are read page by page after an id, which itself need not exist', async () => {
      const store = await startedStore()
      await store.save(change({ events: [event('1-0'), event('1-1'), event('3-0'), event('4-0')] }))
      expect(await store.readEvents('1-0', 2)).toEqual([event('1-1'), event('3-0')])
      expect(await store.readEvents('2-5', 2)).toEqual([event('3-0'), event('4-0')])
      expect(await store.readEvents('4-0', 2)).toEqual([])
      expect(await store.readEvents(null, 0)).toEqual([])
    })

    test('the newest come oldest first', async () => {
      const store = await startedStore()
      await store.save(change({ events: [event('9-0'), event('10-0'), event('11-0')] }))
      expect(await store.newestEvents(2)).toEqual([event('10-0'), event('11-0')])
      expect(await store.newestEvents(0)).toEqual([])
      expect(await store.newestEvents(100)).toHaveLength(3)
    })

    test('beyond the limit the oldest go', async () => {
      const store = await startedStore()
      const ids = Array.from({ length: EVENT_LIMIT + 7 }, (_, index) => `${index}-0`)
      await store.save(change({ events: ids.slice(0, EVENT_LIMIT).map(event) }))
      expect(await store.readEvents(null, 1000)).toHaveLength(EVENT_LIMIT)
      await store.save(change({ events: ids.slice(EVENT_LIMIT).map(event) }))
      expect((await store.readEvents(null, 1000)).map(({ id }) => id)).toEqual(ids.slice(7))
    })

    test('an event that is saved again is there once', async () => {
      const store = await startedStore()
      await store.save(change({ events: [event('1-0')] }))
      await store.save(change({ events: [event('1-0'), event('2-0')] }))
      expect(await store.readEvents(null, 10)).toEqual([event('1-0'), event('2-0')])
    })

    test('a question after something that is no event id is refused', async () => {
      const store = await startedStore()
      await expect(store.readEvents('yesterday', 10)).rejects.toThrow(/"yesterday" is not the id of an event/)
    })
  })

  describe('lifecycle', () => {
    test('calls before the start are refused', async () => {
      await expect(make().load()).rejects.toThrow(StoreError)
    })

    test('calls after the stop are refused', async () => {
      const store = await startedStore()
      await store.stop()
      await expect(store.save(change())).rejects.toThrow(StoreError)
    })

    test('a store starts once', async () => {
      const store = await startedStore()
      await expect(store.start()).rejects.toThrow(StoreError)
    })

    test('stop may come twice, at once, and before any start', async () => {
      const store = await startedStore()
      await Promise.all([store.stop(), store.stop()])
      await store.stop()
      await make().stop()
    })

    test('calls made together are answered in their order', async () => {
      const store = await startedStore()
      const answered: string[] = []
      await Promise.all([
        store.save(change({ engine: '1', cohorts: [cohort('a', 'x')] })).then(() => answered.push('first save')),
        store.load().then(({ engine }) => answered.push(`load ${engine}`)),
        store.save(change({ engine: '2' })).then(() => answered.push('second save')),
        store.load().then(({ engine }) => answered.push(`load ${engine}`)),
      ])
      expect(answered).toEqual(['first save', 'load 1', 'second save', 'load 2'])
    })
  })
}

function keyOf(state: CohortState): string {
  return JSON.stringify([state.experiment, state.variant, state.segmentKey])
}

function byKey(cohorts: readonly CohortState[]): CohortState[] {
  return [...cohorts].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
