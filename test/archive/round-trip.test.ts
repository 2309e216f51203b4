import { describe, expect, it } from 'vitest'
import { HISTORY } from '../../src/model/partial.ts'
import {
  body,
  event,
  exported,
  fill,
  flush,
  imported,
  memoryStore,
  NOW_MS,
  publish,
  row,
  sharedBackend,
} from './stores.ts'

describe('an archive', () => {
  it('brings everything into an empty store: export, import, export gives the same bytes', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    const archive = await exported(from)
    const result = await imported(to, archive)
    expect(result).toEqual({
      experiments: { written: ['checkout', 'search'], known: [], added: [], beside: [], forked: [] },
      events: { written: 4, known: 0, leftOut: 0 },
      records: { written: 3, known: 0, leftOut: 0 },
    })
    expect(body(await exported(to))).toBe(body(archive))
    expect(archive).toContain('"writer":"gone","sequence":3,"sealed_minute":-1,"retired":true')
    expect(archive.match(/"type":"row"/g)).toHaveLength(5)
  })

  it('holds no secret, and the other store makes its own', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    const before = await exported(from)
    await from.secret('unit-key', 'the first secret')
    const archive = await exported(from)
    expect(body(archive)).toBe(body(before))
    expect(archive).not.toContain('the first secret')
    await imported(to, archive)
    expect(await to.secret('unit-key', 'the second secret')).toBe('the second secret')
  })

  it('is empty, and whole, for a store with nothing in it', async () => {
    const archive = await exported(await memoryStore())
    expect(
      archive
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).type),
    ).toEqual(['archive', 'end'])
    expect(await imported(await memoryStore(), archive)).toMatchObject({ experiments: { written: [] } })
  })

  it('does not depend on the order in which the state came about', async () => {
    const [one, other] = [await memoryStore(), await memoryStore()]
    const early = { experiment: 'b', writer: 'w1', sequence: 1, rows: [row('x')] }
    const late = { experiment: 'a', writer: 'w0', sequence: 1, rows: [row('y', { slice: HISTORY }), row('x')] }
    for (const each of [early, late]) await flush(one, each)
    for (const each of [late, early]) await flush(other, { ...each, rows: each.rows.toReversed() })
    expect(await exported(one)).toBe(await exported(other))
  })

  it('of one experiment holds nothing of the others, nor silences and deliveries', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    const archive = await exported(from, 'checkout')
    expect(archive).not.toContain('search')
    await imported(to, archive)
    expect(await to.experiments()).toEqual(['checkout'])
    expect((await to.newestEvents(10)).map(({ id }) => id)).toEqual([0, 2, 3].map((n) => event(n, '').id))
    expect([await to.records('silence'), await to.records('delivery')]).toEqual([[], []])
    expect(await to.records('experiment')).toHaveLength(1)
  })

  it('of everything gives one experiment where only that is asked for', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    await imported(to, await exported(from), { experiment: 'search' })
    expect(body(await exported(to))).toBe(body(await exported(from, 'search')))
  })

  it('names what there is where the experiment is unknown', async () => {
    const store = await memoryStore()
    await fill(store)
    await expect(exported(store, 'chekout')).rejects.toThrow(
      'the store has nothing of experiment chekout: it has checkout, search',
    )
  })

  it('with more events than go into one publication keeps their ids and the number of the last publication', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    const numbers = Array.from({ length: 1300 }, (_, number) => number)
    await publish(from, { experiment: 'checkout', sequence: 2, events: numbers.slice(0, 700) })
    await publish(from, { experiment: 'search', sequence: 1, events: numbers.slice(700) })
    await imported(to, await exported(from))
    expect(body(await exported(to))).toBe(body(await exported(from)))
  })
})

describe('importing again', () => {
  it('changes nothing', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    const archive = await exported(from)
    await imported(to, archive)
    const { position } = await to.activity(null)
    expect(await imported(to, archive)).toEqual({
      experiments: { written: [], known: ['checkout', 'search'], added: [], beside: [], forked: [] },
      events: { written: 0, known: 4, leftOut: 0 },
      records: { written: 0, known: 3, leftOut: 0 },
    })
    expect((await to.activity(position)).experiments).toEqual([])
    expect(body(await exported(to))).toBe(body(archive))
  })

  it('does not bring back a delivery that was made, nor replace a silence that was changed', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    const archive = await exported(from)
    await imported(to, archive)
    await to.deleteRecords('delivery', ['d1'])
    await to.putRecords('silence', [{ id: 's1', json: '{"reason":"other"}', untilMs: null }])
    expect((await imported(to, archive)).records).toEqual({ written: 0, known: 2, leftOut: 1 })
    expect(await to.records('silence')).toEqual([{ id: 's1', json: '{"reason":"other"}', untilMs: null }])
  })

  it('leaves a store alone that has gone on since, also where it has given up and adopted the writers', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    const archive = await exported(from)
    await imported(to, archive)
    const token = (await to.lease('w9', ['checkout'], 10_000)).get('checkout') ?? -1
    await to.retire('checkout', 'w1', token)
    await flush(to, {
      experiment: 'checkout',
      writer: 'w9',
      sequence: 1,
      rows: [row('a', { slice: HISTORY, value: 40 })],
      adopted: [{ writer: 'w1', keys: [row('a'), row('b')] }],
    })
    const before = await exported(to)
    expect((await imported(to, archive)).experiments).toMatchObject({ known: ['checkout', 'search'] })
    expect(await exported(to)).toBe(before)
  })

  it('goes on where the first time was interrupted', async () => {
    const from = await memoryStore()
    await fill(from)
    const archive = await exported(from)
    for (let calls = 0; calls < 20; calls++) {
      const to = await memoryStore()
      await imported(failingAfter(to, calls), archive).catch((error: Error) => expect(error.message).toBe('cut'))
      await imported(to, archive)
      expect(body(await exported(to))).toBe(body(archive))
    }
  })
})

describe('an archive that is a later account than the store', () => {
  it('replaces it: rows that were folded or adopted since are not counted twice', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await flush(from, { experiment: 'e', writer: 'w1', sequence: 1, rows: [row('a'), row('b')] })
    await flush(from, { experiment: 'e', writer: 'w2', sequence: 1, rows: [row('a'), row('b')] })
    await publish(from, { experiment: 'e', sequence: 1, alerts: ['a', 'b'], events: [0] })
    await imported(to, await exported(from))
    await flush(from, {
      experiment: 'e',
      writer: 'w1',
      sequence: 2,
      rows: [row('a', { slice: HISTORY, value: 5 })],
      dropped: [row('a')],
    })
    const token = (await from.lease('w3', ['e'], 10_000)).get('e') ?? -1
    await from.retire('e', 'w2', token)
    const adopted = [{ writer: 'w2', keys: [row('a'), row('b')] }]
    await flush(from, { experiment: 'e', writer: 'w3', sequence: 1, rows: [row('a'), row('b')], adopted })
    await from.release('w3', ['e'])
    await publish(from, { experiment: 'e', sequence: 2, alerts: ['b'], events: [1] })
    const later = await exported(from)
    expect(await imported(to, later)).toMatchObject({
      experiments: { written: ['e'] },
      events: { written: 1, known: 1 },
    })
    expect(body(await exported(to))).toBe(body(later))
  })

  it('is taken where only state and alerts went on', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await fill(from)
    await imported(to, await exported(from))
    await publish(from, { experiment: 'search', sequence: 2, state: '{"concluded":true}', events: [9] })
    expect((await imported(to, await exported(from))).experiments).toMatchObject({ written: ['search'] })
    expect(body(await exported(to))).toBe(body(await exported(from)))
  })
})

describe('an archive and a store that both went on', () => {
  it('add up where no writer was given up, and only where that is asked for', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await flush(from, { experiment: 'e', writer: 'w1', sequence: 1, rows: [row('a')] })
    await imported(to, await exported(from))
    await flush(from, { experiment: 'e', writer: 'w1', sequence: 2, rows: [row('a', { value: 2 })] })
    await flush(to, { experiment: 'e', writer: 'w2', sequence: 1, rows: [row('a')] })
    const before = await exported(to)
    expect((await imported(to, await exported(from))).experiments).toMatchObject({ beside: ['e'], written: [] })
    expect(await exported(to)).toBe(before)
    const result = await imported(to, await exported(from), { add: true })
    expect(result.experiments).toMatchObject({ beside: [], written: ['e'] })
    expect(await to.rowsOf('e', 'w1')).toEqual([row('a', { value: 2 })])
    expect(await to.rowsOf('e', 'w2')).toEqual([row('a')])
  })

  it('are refused where one of them has adopted what the other has too, and nothing is changed', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await flush(from, { experiment: 'e', writer: 'w1', sequence: 1, rows: [row('a')] })
    await imported(to, await exported(from))
    const token = (await to.lease('w9', ['e'], 10_000)).get('e') ?? -1
    await to.retire('e', 'w1', token)
    await flush(to, {
      experiment: 'e',
      writer: 'w9',
      sequence: 1,
      rows: [row('a')],
      adopted: [{ writer: 'w1', keys: [row('a')] }],
    })
    await flush(from, { experiment: 'e', writer: 'w1', sequence: 2, rows: [row('a', { value: 2 })] })
    const before = await exported(to)
    const { experiments } = await imported(to, await exported(from), { add: true })
    expect(experiments).toMatchObject({ forked: ['e'], written: [] })
    expect(await exported(to)).toBe(before)
  })
})

describe('an archive whose writers the store has adopted and forgotten', () => {
  it('is not added by mistake', async () => {
    const [from, to] = [await memoryStore(), await memoryStore()]
    await flush(from, { experiment: 'e', writer: 'w1', sequence: 1, rows: [row('a')] })
    await flush(to, { experiment: 'e', writer: 'w9', sequence: 1, rows: [row('a', { slice: HISTORY })] })
    expect((await imported(to, await exported(from))).experiments).toMatchObject({ beside: ['e'], written: [] })
    expect(await to.rowsOf('e', 'w1')).toEqual([])
  })
})

describe('importing where replicas run', () => {
  it('adds the counts of an experiment that one of them evaluates, and leaves alerts, state and lease to it', async () => {
    const backend = sharedBackend()
    const [from, replica, to] = [await memoryStore(), await memoryStore(backend), await memoryStore(backend)]
    await fill(from)
    await flush(replica, { experiment: 'checkout', writer: 'live', sequence: 1, rows: [row('a')] })
    const token = (await replica.lease('live', ['checkout'], 10_000)).get('checkout') ?? -1
    const result = await imported(to, await exported(from), { add: true })
    expect(result.experiments).toEqual({ written: ['search'], known: [], added: ['checkout'], beside: [], forked: [] })
    const { rows, alerts, state } = await to.load('checkout')
    expect(rows).toHaveLength(5)
    expect({ alerts, state }).toEqual({ alerts: [], state: null })
    expect((await replica.lease('live', ['checkout'], 10_000)).get('checkout')).toBe(token)
    expect((await replica.lease('live', ['search'], 10_000)).has('search')).toBe(true)
    expect(body(await exported(to, 'search'))).toContain(`"${event(1, '').id}"`)
  })

  it('leaves writers that were given up to whoever evaluates next', async () => {
    const backend = sharedBackend()
    const [from, to] = [await memoryStore(), await memoryStore(backend)]
    await fill(from)
    await imported(to, await exported(from))
    const token = (await to.lease('live', ['checkout'], 10_000)).get('checkout') ?? -1
    expect(await to.retire('checkout', 'gone', token)).toBe(true)
    const adopted = [{ writer: 'gone', keys: [row('b')] }]
    const rows = [row('b', { slice: HISTORY })]
    expect(await flush(to, { experiment: 'checkout', writer: 'live', sequence: 1, rows, adopted })).toBe('written')
    expect(await to.rowsOf('checkout', 'gone')).toEqual([])
  })

  it('tells no old event anew', async () => {
    const backend = sharedBackend()
    const [from, to] = [await memoryStore(), await memoryStore(backend)]
    await fill(from)
    await publish(to, { experiment: 'other', sequence: 1, events: [2] })
    const seen: string[] = []
    to.watchEvents(null, (events) => void seen.push(...events.map(({ id }) => id)))
    expect((await imported(to, await exported(from))).events).toEqual({ written: 1, known: 3, leftOut: 0 })
    await Promise.resolve()
    expect(seen).toEqual([`${NOW_MS}-3`])
  })
})

/** The store, whose verbs fail from this call on. */
function failingAfter<Verbs extends object>(store: Verbs, calls: number): Verbs {
  let left = calls
  return new Proxy(store, {
    get: (target, verb) => {
      const member: unknown = Reflect.get(target, verb)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]): Promise<unknown> => {
        if (left-- <= 0) throw new Error('cut')
        return await Reflect.apply(member, target, args)
      }
    },
  })
}
