import { describe, expect, test } from 'vitest'
import { MAX_TAGS } from '../../src/cohort/tags.ts'
import { observationOf, Player } from './traffic.ts'

describe('an untagged span', () => {
  test('takes the tags that its trace has at once', () => {
    const player = new Player()
    player.tagged(0, 1, { a: 'x', b: 'y' })
    expect(player.untagged(5, 1, 100)).toBe(true)
    expect(player.deliveries.toSorted()).toEqual(['100 a=x', '100 b=y'])
    expect(player.firsts).toEqual([100])
    expect(player.traces.pendingItems).toBe(0)
  })

  test('waits for a tag of its trace', () => {
    const player = new Player()
    expect(player.untagged(0, 1, 100)).toBe(false)
    expect(player.traces.pendingItems).toBe(1)
    player.tagged(5, 1, { a: 'x', b: 'y' })
    expect(player.deliveries.toSorted()).toEqual(['100 a=x', '100 b=y'])
    expect(player.firsts).toEqual([100])
    expect(player.traces.pendingItems).toBe(0)
  })

  test('goes on waiting for tags of further experiments', () => {
    const player = new Player()
    player.tagged(0, 1, { a: 'x' })
    player.untagged(1, 1, 100)
    player.tagged(2, 1, { b: 'y' })
    player.tagged(3, 1, { a: 'z', c: 'w' })
    expect(player.deliveries).toEqual(['100 a=x', '100 b=y', '100 c=w'])
    expect(player.firsts).toEqual([100])
  })

  test('is given all of itself when it is delivered, now or later', () => {
    const player = new Player()
    for (let span = 100; span < 108; span++) player.untagged(0, span % 3, span)
    for (const trace of [0, 1, 2]) player.tagged(1, trace + 3, { a: 'x' })
    player.tagged(1, 1, { a: 'x' })
    player.tagged(1, 2, { a: 'x' })
    player.untagged(2, 1, 109)
    expect(player.seen.length).toBeGreaterThan(4)
    for (const seen of player.seen) {
      const trace = seen.second === 109 ? 1 : seen.second % 3
      expect(seen).toEqual(observationOf(trace, seen.second))
    }
  })

  test('takes nothing from another trace', () => {
    const player = new Player()
    player.untagged(0, 1, 100)
    player.tagged(1, 2, { a: 'x' })
    player.untagged(2, 3, 101)
    expect(player.deliveries).toEqual([])
    expect(player.traces.pendingItems).toBe(2)
  })

  test('takes the first tag of an experiment, and no other after it', () => {
    const player = new Player()
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'first' })
    player.tagged(2, 1, { a: 'second' })
    player.untagged(3, 1, 101)
    expect(player.deliveries).toEqual(['100 a=first', '101 a=first'])
  })

  test('ends unattributed, on its transport, when its wait is over', () => {
    const player = new Player()
    player.untagged(0, 1, 100)
    player.untagged(0, 1, 101)
    player.traces.advance(10_001)
    expect([player.releases, player.transports]).toEqual([
      ['unattributed', 'unattributed'],
      [100 % 3, 101 % 3],
    ])
    expect([player.traces.pendingItems, player.traces.parkedItems]).toEqual([0, 0])
    player.traces.advance(30_000)
    expect(player.releases.length).toBe(2)
  })

  test('is not reported when it ends after having been attributed', () => {
    const player = new Player()
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'x' })
    player.untagged(2, 1, 101)
    player.traces.advance(60_000)
    expect(player.releases).toEqual([])
    expect(player.traces.parkedItems).toBe(0)
  })
})

describe('times are exact', () => {
  test('a tag waitMs after the span reaches it, one later does not', () => {
    const player = new Player()
    player.untagged(0, 1, 100)
    player.untagged(1, 1, 101)
    player.tagged(10_000, 1, { a: 'x' })
    expect(player.deliveries).toEqual(['100 a=x', '101 a=x'])
    player.tagged(10_001, 1, { b: 'y' })
    expect(player.deliveries).toEqual(['100 a=x', '101 a=x', '101 b=y'])
  })

  test('a tag that comes too late does not reach the span, though nothing swept between', () => {
    const player = new Player()
    player.untagged(0, 1, 100)
    player.tagged(10_001, 1, { a: 'x' })
    expect(player.deliveries).toEqual([])
    expect(player.releases).toEqual(['unattributed'])
  })

  test('a tag is kept for waitMs after the last tagged span', () => {
    const player = new Player()
    player.tagged(0, 1, { a: 'x' })
    player.tagged(9000, 1, { a: 'x' })
    expect(player.untagged(19_000, 1, 100)).toBe(true)
    const other = new Player()
    other.tagged(0, 1, { a: 'x' })
    expect(other.untagged(10_001, 1, 100)).toBe(false)
  })

  test('an untagged span keeps the tags of its trace alive', () => {
    const player = new Player()
    player.tagged(0, 1, { a: 'x' })
    player.untagged(10_000, 1, 100)
    expect(player.untagged(20_000, 1, 101)).toBe(true)
    expect(player.untagged(30_001, 1, 102)).toBe(false)
  })

  test('a trace that was forgotten may get another variant', () => {
    const player = new Player()
    player.tagged(0, 1, { a: 'old' })
    player.tagged(10_001, 1, { a: 'new' })
    player.untagged(10_002, 1, 100)
    expect(player.deliveries).toEqual(['100 a=new'])
  })

  test('time does not go back', () => {
    const player = new Player()
    player.untagged(5000, 1, 100)
    player.untagged(0, 1, 101)
    player.traces.advance(15_000)
    expect(player.releases).toEqual([])
    player.traces.advance(15_001)
    expect(player.releases.length).toBe(2)
  })
})

describe('what cannot inherit', () => {
  test('a span without a trace id ends unattributed at once', () => {
    const player = new Player()
    player.tagged(0, 0, { a: 'x' })
    expect(player.untagged(0, 0, 100)).toBe(false)
    expect(player.releases).toEqual(['unattributed'])
    expect([player.traces.traceCount, player.traces.pendingItems, player.deliveries.length]).toEqual([0, 0, 0])
  })

  test('nothing inherits when the wait is 0', () => {
    const player = new Player({ waitMs: 0 })
    player.tagged(0, 1, { a: 'x' })
    expect(player.untagged(0, 1, 100)).toBe(false)
    expect([player.releases, player.deliveries]).toEqual([['unattributed'], []])
  })

  test('an empty list of tags is no sight of the trace', () => {
    const player = new Player()
    player.tagged(0, 1, {})
    expect(player.traces.traceCount).toBe(0)
  })
})

describe('a limit', () => {
  test('that refuses all deliveries ends the span as limit when its wait is over', () => {
    const player = new Player({ refused: ['a'] })
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'x' })
    expect(player.untagged(2, 1, 101)).toBe(false)
    expect(player.traces.pendingItems).toBe(2)
    expect(player.releases).toEqual([])
    player.traces.advance(10_001)
    expect([player.releases, player.traces.pendingItems]).toEqual([['limit'], 1])
    player.traces.advance(10_003)
    expect([player.releases, player.traces.pendingItems]).toEqual([['limit', 'limit'], 0])
  })

  test('that refuses one experiment leaves the others', () => {
    const player = new Player({ refused: ['a'] })
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'x' })
    player.tagged(2, 1, { b: 'y' })
    player.untagged(3, 1, 101)
    expect(player.deliveries).toEqual(['100 b=y', '101 b=y'])
    expect(player.firsts).toEqual([100, 101])
    player.traces.advance(60_000)
    expect(player.releases).toEqual([])
  })
})

describe('bounds', () => {
  const small = 64 * 1024

  test('when there is no more room the oldest parked spans are released before their time', () => {
    const player = new Player({ maxBytes: small })
    const total = 5000
    for (let span = 0; span < total; span++) player.untagged(span, 1, span)
    const { traces } = player
    expect(traces.evicted).toBeGreaterThan(0)
    expect(player.releases.length).toBe(traces.evicted)
    expect(traces.pendingItems).toBe(total - traces.evicted)
    expect(traces.bytes).toBeLessThanOrEqual(small)
    player.tagged(total, 1, { a: 'x' })
    expect(player.deliveries.length).toBe(total - traces.evicted)
    expect(player.deliveries[0]).toBe(`${traces.evicted} a=x`)
  })

  test('when there is no more room the longest unseen traces are forgotten; their spans end unattributed in time', () => {
    const player = new Player({ maxBytes: small })
    player.untagged(0, 1, 100)
    player.tagged(0, 2, { a: 'x' })
    for (let trace = 3; trace < 3000; trace++) player.tagged(1, trace, { a: 'x' })
    const { traces } = player
    expect(traces.forgottenTraces).toBe(2999 - traces.traceCount)
    expect(traces.bytes).toBeLessThanOrEqual(small)
    expect(player.untagged(2, 2, 101)).toBe(false)
    player.tagged(3, 1, { a: 'x' })
    expect(player.deliveries).toEqual([])
    expect(traces.pendingItems).toBe(2)
    player.traces.advance(10_001)
    expect([player.releases, traces.pendingItems]).toEqual([['unattributed'], 1])
  })

  test('a forgotten trace does not take the spans of the one that came in its place', () => {
    const player = new Player({ maxBytes: small })
    player.untagged(0, 1, 100)
    let trace = 1
    while (player.traces.forgottenTraces === 0) player.tagged(1, ++trace, { a: 'x' })
    player.untagged(2, trace, 200)
    player.traces.advance(10_001)
    expect(player.releases.length).toBe(1)
    player.tagged(10_001, trace, { b: 'y' })
    expect(player.deliveries).toEqual(['200 a=x', '200 b=y'])
  })

  test('ever new names stay within the bound', () => {
    const player = new Player({ maxBytes: small })
    for (let at = 0; at < 500; at++) {
      player.tagged(at, at + 1, { [`experiment-${at}-${'n'.repeat(200)}`]: `variant-${at}` })
      expect(player.traces.bytes).toBeLessThanOrEqual(small)
    }
    expect(player.traces.forgottenTraces).toBeGreaterThan(0)
    expect(player.untagged(500, 500, 100)).toBe(true)
  })

  test('ever new segments stay within the bound', () => {
    const player = new Player({ maxBytes: small })
    const observation = observationOf(1, 100)
    for (let at = 0; at < 500; at++) {
      observation.segmentKey = `service-${at}-${'n'.repeat(200)}`
      player.traces.park(observation, at)
      expect(player.traces.bytes).toBeLessThanOrEqual(small)
      expect(player.traces.pendingItems + player.releases.length).toBe(at + 1)
    }
    expect(player.traces.evicted).toBeGreaterThan(0)
  })

  test('a segment that finds no room at all ends its span at once', () => {
    const player = new Player({ maxBytes: 4096 })
    const observation = observationOf(1, 100)
    observation.segmentKey = 'n'.repeat(256)
    expect(player.traces.park(observation, 0)).toBe(false)
    expect([player.releases, player.traces.evicted, player.traces.pendingItems]).toEqual([['unattributed'], 1, 0])
  })

  test('a trace learns a bounded number of tags', () => {
    const player = new Player()
    for (let at = 0; at < MAX_TAGS + 5; at++) player.tagged(0, 1, { [`e${at}`]: 'x' })
    player.untagged(1, 1, 100)
    expect(player.deliveries.length).toBe(MAX_TAGS)
    expect(player.traces.droppedTags).toBe(5)
  })

  test('memory is small at first and again once all is over', () => {
    const player = new Player({ maxBytes: 64 << 20 })
    const atFirst = player.traces.bytes
    expect(atFirst).toBeLessThan(20_000)
    for (let span = 0; span < 3000; span++) player.untagged(0, span + 1, span)
    for (let trace = 0; trace < 3000; trace++) player.tagged(0, trace + 1, { a: `${trace}` })
    expect(player.traces.bytes).toBeGreaterThan(10 * atFirst)
    player.traces.advance(10_001)
    expect(player.traces.bytes).toBe(atFirst)
    player.untagged(10_002, 1, 100)
    player.tagged(10_003, 1, { a: 'x' })
    expect(player.deliveries.at(-1)).toBe('100 a=x')
  })
})
