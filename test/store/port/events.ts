// The event log of a store: its order, its bound, and those who watch it.
import { describe, expect, test } from 'vitest'
import type { PublishedEvent } from '../../../src/model/event.ts'
import { compareEventIds } from '../../../src/model/event.ts'
import type { Store } from '../../../src/store/port.ts'
import { EVENT_LIMIT, EXPERIMENT, event, lead, publication, type Stand } from './stand.ts'

/** Publishes events of one experiment after the other. */
class Publisher {
  readonly #store: Store
  readonly #writer: string
  readonly #experiment: string
  #sequence = 0

  constructor(store: Store, options: { writer: string; experiment: string }) {
    this.#store = store
    this.#writer = options.writer
    this.#experiment = options.experiment
  }

  async publish(...ids: string[]): Promise<void> {
    const token = await lead(this.#store, this.#writer, this.#experiment)
    const events = ids.map((id) => event(id, { from: this.#experiment }))
    const made = publication(token, ++this.#sequence, { experiment: this.#experiment, events })
    expect(await this.#store.publish(made)).toBe('published')
  }
}

export function describeEvents(stand: Stand): void {
  async function openLog(): Promise<{ store: Store; publisher: Publisher }> {
    const store = await stand.open()
    return { store, publisher: new Publisher(store, { writer: 'w1', experiment: EXPERIMENT }) }
  }

  describe('events', () => {
    test('are read page by page after an id, which itself need not exist', async () => {
      const { store, publisher } = await openLog()
      await publisher.publish('1-0', '1-1', '3-0', '4-0')
      expect(ids(await store.readEvents('1-0', 2))).toEqual(['1-1', '3-0'])
      expect(ids(await store.readEvents('2-5', 2))).toEqual(['3-0', '4-0'])
      expect(ids(await store.readEvents('4-0', 2))).toEqual([])
      expect(ids(await store.readEvents(null, 2))).toEqual(['1-0', '1-1'])
      expect(await store.readEvents(null, 0)).toEqual([])
    })

    test('come in the order of time, then of number, both as numbers', async () => {
      const { store, publisher } = await openLog()
      await publisher.publish('999-0', '1000-2', '1000-10')
      await publisher.publish('10000-0')
      expect(ids(await store.readEvents('999-0', 10))).toEqual(['1000-2', '1000-10', '10000-0'])
      expect(ids(await store.readEvents('1000-9', 10))).toEqual(['1000-10', '10000-0'])
    })

    test('are told newest first to nobody: the newest come oldest first', async () => {
      const { store, publisher } = await openLog()
      await publisher.publish('9-0', '10-0', '11-0')
      expect(ids(await store.newestEvents(2))).toEqual(['10-0', '11-0'])
      expect(await store.newestEvents(0)).toEqual([])
      expect(await store.newestEvents(100)).toHaveLength(3)
    })

    test('beyond the limit go, oldest first', async () => {
      const { store, publisher } = await openLog()
      for (let tick = 1; tick <= EVENT_LIMIT + 7; tick++) await publisher.publish(`${tick}-0`)
      const kept = ids(await store.readEvents(null, 1000))
      expect(kept).toEqual(Array.from({ length: EVENT_LIMIT }, (_, index) => `${index + 8}-0`))
    })

    test('keep an order of their own where two replicas publish: a late one gets the next id, in its bytes too', async () => {
      const { store, publisher } = await openLog()
      const other = new Publisher(store, { writer: 'w1', experiment: 'other' })
      await publisher.publish('5000-0', '5000-1')
      await other.publish('4000-0', '6000-0')
      await publisher.publish('6000-0')
      const events = await store.readEvents(null, 10)
      expect(ids(events)).toEqual(['5000-0', '5000-1', '5000-2', '6000-0', '6000-1'])
      for (const { id, json } of events) expect(JSON.parse(json)).toMatchObject({ id, source: '/cohortd' })
      expect(JSON.parse(events[2].json)).toMatchObject({ data: { from: 'other' } })
    })

    test('keep their bytes', async () => {
      const { store } = await openLog()
      const token = await lead(store, 'w1')
      const odd = event('1-0', { text: 'naïve 試験 "1-0" $& \\ \u2028', id: '1-0' })
      const late = event('1-0', { text: '$&$1', id: '1-0' })
      await store.publish(publication(token, 1, { events: [odd, late] }))
      const [first, second] = await store.readEvents(null, 10)
      expect(first).toEqual(odd)
      expect(second).toEqual({ id: '1-1', json: late.json.replace('"id":"1-0"', '"id":"1-1"') })
    })

    test('after something that is no event id are refused', async () => {
      const { store } = await openLog()
      await expect(store.readEvents('yesterday', 10)).rejects.toThrow('"yesterday" is not the id of an event')
    })
  })

  describe('a watcher', () => {
    test('gets events as they are published, from now on', async () => {
      const { store, publisher } = await openLog()
      await publisher.publish('1-0')
      const seen = watch(store, null)
      await publisher.publish('2-0', '3-0')
      await publisher.publish('4-0')
      await seen.has('4-0')
      expect(seen.ids).toEqual(['2-0', '3-0', '4-0'])
    })

    test('gets what it has missed, then what is new, each once', async () => {
      const { store, publisher } = await openLog()
      await publisher.publish('1-0', '2-0')
      const seen = watch(store, '1-0')
      await Promise.all([publisher.publish('3-0'), publisher.publish('4-0')])
      await publisher.publish('5-0')
      await seen.has('5-0')
      expect(seen.ids).toEqual(['2-0', '3-0', '4-0', '5-0'])
    })

    test('from before the oldest kept gets all that are kept', async () => {
      const { store, publisher } = await openLog()
      for (let tick = 1; tick <= EVENT_LIMIT + 3; tick++) await publisher.publish(`${tick}-0`)
      const seen = watch(store, '0-0')
      await seen.has(`${EVENT_LIMIT + 3}-0`)
      expect(seen.ids).toHaveLength(EVENT_LIMIT)
    })

    test('gets them with the ids under which they are kept', async () => {
      const { store, publisher } = await openLog()
      const other = new Publisher(store, { writer: 'w1', experiment: 'other' })
      const seen = watch(store, null)
      await publisher.publish('5000-0')
      await other.publish('4000-0')
      await seen.has('5000-1')
      expect(seen.events).toEqual(await store.readEvents(null, 10))
    })

    test('that ended gets nothing more, and disturbs no other', async () => {
      const { store, publisher } = await openLog()
      const [ended, seen] = [watch(store, null), watch(store, null)]
      ended.end()
      ended.end()
      await publisher.publish('1-0')
      await seen.has('1-0')
      expect(ended.ids).toEqual([])
    })

    test('goes on in the next process where it was', async () => {
      const { store, publisher } = await openLog()
      await publisher.publish('1-0', '2-0', '3-0')
      const next = await stand.reopen(store)
      const seen = watch(next, '2-0')
      await seen.has('3-0')
      expect(seen.ids).toEqual(['3-0'])
    })

    if (stand.traits.shared)
      test('sees what other replicas publish, all in the same order', async () => {
        const { store, publisher } = await openLog()
        const second = await stand.open()
        const other = new Publisher(second, { writer: 'w2', experiment: 'other' })
        const seen = [watch(store, '0-0'), watch(second, '0-0')]
        await Promise.all([publisher.publish('1000-0', '1001-0'), other.publish('1000-0', '1000-1')])
        await publisher.publish('2000-0')
        await Promise.all(seen.map((one) => one.has('2000-0')))
        expect(seen[0].events).toHaveLength(5)
        expect(seen[1].events).toEqual(seen[0].events)
        expect(seen[0].ids).toEqual([...seen[0].ids].sort(compareEventIds))
      })
  })
}

interface Seen {
  readonly events: PublishedEvent[]
  readonly ids: string[]
  readonly end: () => void
  /** Resolves once the event has come. */
  has(id: string): Promise<void>
}

function watch(store: Store, afterId: string | null): Seen {
  const events: PublishedEvent[] = []
  const waiting = new Map<string, () => void>()
  const end = store.watchEvents(afterId, (told) => {
    events.push(...told)
    for (const { id } of told) waiting.get(id)?.()
  })
  return {
    events,
    get ids() {
      return ids(events)
    },
    end,
    has: (id) =>
      events.some((one) => one.id === id) ? Promise.resolve() : new Promise((resolve) => waiting.set(id, resolve)),
  }
}

function ids(events: readonly PublishedEvent[]): string[] {
  return events.map(({ id }) => id)
}
