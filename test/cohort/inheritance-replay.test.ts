import { describe, expect, test } from 'vitest'
import { entryOf, recording } from './restart.ts'
import { observationOf } from './traffic.ts'

describe('experiments that are unwritten', () => {
  test('are given again what the entry gave them, also of spans parked before it; the others are not', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    const before = entryOf(player)
    player.tagged(1, 1, { a: 'x', b: 'y' })
    player.untagged(2, 1, 101)
    const caught = entryOf(player, ['b'])
    player.deliveries.length = 0
    expect(player.restart([before, caught], 3)).toMatchObject({ parkedItems: 2, pendingItems: 0 })
    expect(player.deliveries).toEqual(['100 b=y', '101 b=y'])
    expect(player.seen.slice(-2)).toEqual([observationOf(1, 100), observationOf(1, 101)])
    expect(player.firsts).toEqual([100, 101])
  })

  test('are not given again what an earlier entry gave them', () => {
    const player = recording()
    player.untagged(0, 1, 100)
    player.tagged(1, 1, { a: 'x' })
    const before = entryOf(player)
    player.untagged(2, 1, 101)
    const caught = entryOf(player, ['a'])
    player.deliveries.length = 0
    player.restart([before, caught], 3)
    expect(player.deliveries).toEqual(['101 a=x'])
  })

  test('that a limit refuses now leave a span unattributed that had nothing else', () => {
    const player = recording()
    player.tagged(0, 1, { a: 'x' })
    player.untagged(1, 1, 100)
    const caught = entryOf(player, ['a'])
    expect(player.restart([caught], 2, { refused: ['a'] }).pendingItems).toBe(1)
    player.traces.advance(60_000)
    expect(player.releases).toEqual(['limit'])
  })
})
