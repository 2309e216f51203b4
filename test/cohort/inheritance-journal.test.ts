import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJournal } from '../../src/cohort/inheritance-journal-reader.ts'
import { JournalError } from '../../src/cohort/traces.ts'
import { entryOf, recording } from './restart.ts'
import { observationOf, Player, SLI_COUNT, traceIdOf } from './traffic.ts'

describe('the journal', () => {
  test('has nothing where nothing came in, or nothing is recorded', () => {
    expect(recording().traces.takeJournal()).toBe(null)
    expect(recording().traces.encodeWaiting()).toBe(null)
    const player = new Player()
    player.untagged(0, 1, 100)
    expect(player.traces.takeJournal()).toBe(null)
  })

  test('gives what came in once, with the moments that say how long it is needed', () => {
    const player = recording()
    player.untagged(5000, 1, 100)
    player.tagged(7000, 2, { a: 'x' })
    expect(player.traces.takeJournal()).toMatchObject({ needsSinceMs: -5000, lastMs: 7000 })
    expect(player.traces.takeJournal()).toBe(null)
    player.untagged(8000, 2, 101)
    expect(player.traces.takeJournal()).toMatchObject({ needsSinceMs: -2000, lastMs: 8000 })
  })

  test('has no record of spans that take no part', () => {
    const player = recording()
    player.untagged(0, 0, 100)
    player.tagged(0, 0, { a: 'x' })
    player.tagged(0, 1, {})
    expect(player.traces.takeJournal()).toBe(null)
  })

  test('names what many spans share once', () => {
    const player = recording()
    const sizeOf = (first: number): number => {
      for (let span = first; span < first + 5; span++) player.untagged(1000, 1, span)
      return player.traces.takeJournal()!.bytes.length
    }
    player.tagged(1000, 1, { 'checkout-redesign': 'treatment' })
    player.traces.takeJournal()
    expect(sizeOf(100)).toBe(sizeOf(200))
    for (let span = 0; span < 1000; span++) player.untagged(1000, 1, 5 * span + 1)
    expect(player.traces.takeJournal()!.bytes.length).toBeLessThan(1000 * (2 + 3 * 8 + SLI_COUNT * 9) + 200)
  })

  test('that would grow beyond the bound is the state instead, and needs no earlier entry', () => {
    const player = recording({ maxBytes: 65_536 })
    for (let at = 0; at < 20_000; at++) player.tagged(at / 10, 1, { [`e${at % 3}`]: 'x' })
    player.untagged(2000, 1, 100)
    player.untagged(2000, 2, 101)
    const taken = player.traces.takeJournal()!
    expect([taken.lastMs, taken.needsSinceMs]).toEqual([2000, Infinity])
    expect(taken.bytes.length).toBeLessThan(500)
    expect(player.deliveries).toEqual(['100 e2=x', '100 e1=x', '100 e0=x'])
    player.deliveries.length = 0
    const { pendingItems, parkedItems, traces } = player.restart([{ ...taken, unwritten: [] }], 2000)
    expect({ pendingItems, parkedItems, traces }).toEqual({ pendingItems: 1, parkedItems: 2, traces: 2 })
    player.tagged(2001, 2, { e0: 'y' })
    player.untagged(2002, 1, 102)
    expect(player.deliveries.toSorted()).toEqual(['101 e0=y', '102 e0=x', '102 e1=x', '102 e2=x'])
  })
})

describe('after a restart', () => {
  test('a span that waits is given the tags that come, with all of itself', () => {
    const player = recording()
    for (let span = 100; span < 108; span++) player.untagged(0, 1, span)
    const entry = entryOf(player)
    expect(player.restart([entry], 1)).toEqual({
      parkedItems: 8,
      pendingItems: 8,
      traces: 1,
      foreign: { entries: 0, spans: 0 },
      damaged: [],
    })
    player.tagged(2, 1, { a: 'x' })
    expect(player.seen).toEqual([100, 101, 102, 103, 104, 105, 106, 107].map((span) => observationOf(1, span)))
  })

  test('names with any characters are what they were', () => {
    const player = recording()
    const observation = observationOf(1, 100)
    observation.segmentKey = 'übung\u0000\ud83d\ude00\ud800'
    player.traces.park(observation, 0)
    player.restart([entryOf(player)], 0)
    player.tagged(1, 1, { 'naïve \udfff': 'ж' })
    expect(player.seen[0].segmentKey).toBe(observation.segmentKey)
    player.restart([entryOf(player)], 1)
    player.untagged(2, 1, 101)
    expect(player.deliveries.at(-1)).toBe('101 naïve \udfff=ж')
  })

  test('a span keeps its receipt: its wait goes on where it was', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    player.untagged(4000, 2, 101)
    player.restart([entryOf(player)], 9000)
    player.traces.advance(10_000)
    expect(player.releases).toEqual([])
    player.traces.advance(10_001)
    expect([player.releases, player.traces.pendingItems]).toEqual([['unattributed'], 1])
  })

  test('what went over while nobody was there is released by the next tick, not by the restoring', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    expect(player.restart([entryOf(player)], 60_000).pendingItems).toBe(1)
    expect(player.releases).toEqual([])
    player.traces.advance(60_000)
    expect(player.releases).toEqual(['unattributed'])
  })

  test('a span that was attributed is neither pending nor released', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'x' })
    expect(player.restart([entryOf(player)], 2)).toMatchObject({ parkedItems: 1, pendingItems: 0 })
    player.tagged(3, 1, { b: 'y' })
    player.traces.advance(60_000)
    expect([player.deliveries, player.firsts, player.releases]).toEqual([['100 a=x', '100 b=y'], [100], []])
  })

  test('a span that limits refused ends as that', () => {
    const player = recording({ refused: ['a'] })
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'x' })
    player.untagged(1, 1, 101)
    player.restart([entryOf(player)], 2)
    player.traces.advance(60_000)
    expect(player.releases).toEqual(['limit', 'limit'])
  })

  test('a trace keeps a tag that it learnt in an entry that is gone, as long as its spans went on', () => {
    const player = recording()
    player.tagged(0, 1, { a: 'x' })
    player.traces.takeJournal()
    player.untagged(9000, 1, 100)
    player.tagged(18_000, 1, { b: 'y' })
    const entry = entryOf(player)
    player.restart([entry], 18_000)
    player.untagged(18_001, 1, 101)
    expect(player.deliveries.toSorted()).toEqual(['100 a=x', '100 b=y', '101 a=x', '101 b=y'])
  })

  test('it is all in the first entry of the new process, since the old ones go with it', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    player.tagged(0, 2, { a: 'x' })
    player.restart([entryOf(player)], 1)
    const second = player.traces.takeJournal()!
    expect(second.needsSinceMs).toBe(Infinity)
    player.restart([{ ...second, unwritten: [] }], 2)
    player.tagged(3, 1, { b: 'y' })
    player.untagged(3, 2, 101)
    expect(player.deliveries).toEqual(['100 b=y', '101 a=x'])
  })

  test('nothing is released at once where the clock went back', () => {
    const player = recording()
    player.untagged(1_000_000, 1, 100)
    player.restart([entryOf(player)], 500_000)
    player.untagged(500_001, 2, 101)
    player.traces.advance(510_000)
    expect([player.releases, player.traces.pendingItems]).toEqual([[], 2])
    player.traces.advance(510_002)
    expect(player.releases).toEqual(['unattributed', 'unattributed'])
  })
})

describe('entries that cannot be taken', () => {
  test('of another configuration are passed over, and the spans that waited in them told', () => {
    const player = recording({ configuration: 'old' })
    player.untagged(0, 1, 100)
    player.untagged(9000, 1, 101)
    player.tagged(9000, 2, { a: 'x' })
    player.untagged(9000, 2, 102)
    const entry = entryOf(player)
    const restored = player.restart([entry], 12_000, { configuration: 'new' })
    expect(restored).toMatchObject({ parkedItems: 0, traces: 0, foreign: { entries: 1, spans: 1 }, damaged: [] })
    expect(player.restart([entry], 12_000, { sliCount: 3 }).foreign).toEqual({ entries: 1, spans: 1 })
    expect(player.restart([entry], 12_000).foreign).toEqual({ entries: 0, spans: 0 })
  })

  test('for damage are told, and the others are taken', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    const first = entryOf(player)
    player.untagged(1, 1, 101)
    const damaged = entryOf(player)
    player.untagged(2, 1, 102)
    const last = entryOf(player)
    const { parkedItems, damaged: errors } = player.restart(
      [first, { ...damaged, bytes: damaged.bytes.subarray(0, -1) }, last],
      3,
    )
    expect(parkedItems).toBe(2)
    expect(errors).toEqual([new JournalError('damaged journal entry: the bytes end early')])
    player.tagged(4, 1, { a: 'x' })
    expect(player.deliveries).toEqual(['100 a=x', '102 a=x'])
  })

  test('a tag learnt in a damaged entry is taken from a later one, and is not given again to those that had it', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    const first = entryOf(player)
    player.tagged(1, 1, { a: 'x' })
    player.traces.takeJournal()
    player.untagged(2, 1, 101)
    expect(player.restart([first, entryOf(player)], 3).pendingItems).toBe(0)
    player.tagged(4, 1, { a: 'z' })
    player.untagged(5, 1, 102)
    expect(player.deliveries).toEqual(['100 a=x', '101 a=x', '102 a=x'])
  })

  test.each([
    ['no bytes', []],
    ['another version', [9, 0, 0, 2]],
    ['a record of an unknown kind', [1, 0, 0, 2, 77]],
    ['a path that was not told', [1, 0, 0, 2, 4, 3]],
    ['a name that was not told', [1, 0, 0, 2, 5, 3]],
    ['a span before any moment', [1, 0, 0, 2, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a length beyond the bytes', [1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['ever more SLIs', [1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['an unknown section', [1, 0, 0, 2, 6, 2]],
  ])('%s is a JournalError', (_name, bytes) => {
    expect(() => readJournal(Uint8Array.from(bytes))).toThrow(JournalError)
  })

  test('whatever byte is changed or missing, an entry is refused or taken, and every span ends', () => {
    const player = recording()
    for (let span = 0; span < 6; span++) player.untagged(span, 1 + (span % 2), span)
    player.tagged(7, 1, { a: 'x', b: 'y' })
    player.untagged(8, 1, 6)
    const { bytes } = player.traces.takeJournal()!
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(bytes.length),
        (at, change, length) => {
          const changed = bytes.slice()
          changed[at] ^= change
          const other = recording()
          const restored = other.restart([{ bytes: changed.subarray(0, length), unwritten: ['a'] }], 10)
          expect(restored.damaged.length + restored.foreign.entries).toBeLessThanOrEqual(1)
          if (restored.damaged.length > 0) expect([restored.parkedItems, other.deliveries]).toEqual([0, []])
          other.traces.advance(60_000)
          expect(other.releases.length).toBe(restored.pendingItems)
          expect([other.traces.parkedItems, other.traces.traceCount]).toEqual([0, 0])
        },
      ),
      { numRuns: 2000, examples: [[52, 194, 344]] },
    )
  })
})

test('the experiments of a trace are told as long as it would keep them', () => {
  const player = new Player()
  player.tagged(0, 1, { a: 'x', b: 'y' })
  const of = (trace: number, nowMs: number): string[] => {
    const into = new Set<string>()
    player.traces.collectExperiments(traceIdOf(trace), nowMs, into)
    return [...into].toSorted()
  }
  expect([of(1, 10_000), of(1, 10_001), of(2, 0)]).toEqual([['a', 'b'], [], []])
  expect(player.traces.traceCount).toBe(1)
})
