// The key of unit hashes: one for all replicas, kept by the store, waited for where the store is away, given back where it is lost.
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { UnitKey } from '../../src/daemon/unit-key.ts'

/** A store's secret that can be away and can be lost, and replicas that ask for it. */
class Rig {
  readonly lines: { level: number; msg: string }[] = []
  kept: string | null = null
  isAway = false
  asked = 0

  replica(settings = { unitKey: '', unitAttributes: ['user.id'] }) {
    const keys: string[] = []
    const due: { ms: number; task: () => void }[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => void this.lines.push(JSON.parse(line)) })
    const unitKey = new UnitKey({
      settings,
      secret: async (proposal) => {
        this.asked++
        if (this.isAway) throw new Error('away')
        return (this.kept ??= proposal)
      },
      onKey: (key) => void keys.push(key),
      log,
      later: (ms, task) => {
        const one = { ms, task }
        due.push(one)
        return () => void due.splice(due.indexOf(one), 1)
      },
    })
    /** Lets the time until the next question pass; gives it, in milliseconds. */
    const pass = async (): Promise<number | null> => {
      const next = due.shift()
      next?.task()
      await new Promise(setImmediate)
      return next?.ms ?? null
    }
    return { unitKey, keys, pass }
  }
}

describe('the key of unit hashes', () => {
  test('is random, the same on all replicas, and told once', async () => {
    const rig = new Rig()
    const [one, other] = [rig.replica(), rig.replica()]
    await Promise.all([one.unitKey.begin(), other.unitKey.begin()])
    expect(one.keys).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(other.keys).toEqual(one.keys)
    await one.pass()
    expect(one.keys).toHaveLength(1)
    const elsewhere = new Rig().replica()
    await elsewhere.unitKey.begin()
    expect(elsewhere.keys[0]).not.toBe(one.keys[0])
  })

  test('is waited for where the store is away, with one warning', async () => {
    const rig = new Rig()
    rig.isAway = true
    const { unitKey, keys, pass } = rig.replica()
    await unitKey.begin()
    expect(await pass()).toBe(1000)
    expect(await pass()).toBe(1000)
    expect(keys).toEqual([])
    rig.isAway = false
    expect(await pass()).toBe(1000)
    expect(keys).toEqual([rig.kept])
    expect(await pass()).toBe(10_000)
    expect(rig.lines.map(({ msg }) => msg)).toEqual([
      'units are not counted until the store tells the key of their hashes',
      'the store has told the key of unit hashes: units are counted from now on',
    ])
  })

  test('is given back to a store that has lost it, by a replica that has not made it too', async () => {
    const rig = new Rig()
    const maker = rig.replica()
    await maker.unitKey.begin()
    maker.unitKey.stop()
    const { unitKey, keys, pass } = rig.replica()
    await unitKey.begin()
    rig.kept = null
    rig.isAway = true
    expect(await pass()).toBe(10_000)
    rig.isAway = false
    expect(await pass()).toBe(10_000)
    expect(rig.kept).toBe(maker.keys[0])
    expect(keys).toEqual(maker.keys)
    expect(rig.lines).toEqual([])
  })

  test('becomes that of a replica that was faster after a loss, so that all have one', async () => {
    const rig = new Rig()
    const [one, other] = [rig.replica(), rig.replica()]
    await one.unitKey.begin()
    rig.kept = null
    await other.unitKey.begin()
    await one.pass()
    await one.pass()
    expect(one.keys).toEqual([expect.any(String), other.keys[0]])
    expect(rig.lines.map(({ msg }) => msg)).toEqual(['the key of unit hashes has become another: units begin anew'])
  })

  test('is never in the log', async () => {
    const rig = new Rig()
    rig.isAway = true
    const { unitKey, keys, pass } = rig.replica()
    await unitKey.begin()
    rig.isAway = false
    await pass()
    rig.kept = '0123456789abcdef'
    await pass()
    expect(keys).toHaveLength(2)
    expect(rig.lines).toHaveLength(3)
    for (const key of keys) expect(JSON.stringify(rig.lines)).not.toContain(key)
  })

  test.each([
    ['the configuration has one', { unitKey: 'own', unitAttributes: ['user.id'] }],
    ['units are not looked at', { unitKey: '', unitAttributes: [] }],
  ])('is not asked for where %s', async (_, settings) => {
    const rig = new Rig()
    const { unitKey, keys } = rig.replica(settings)
    await unitKey.begin()
    expect([rig.asked, keys]).toEqual([0, []])
  })

  test('is not asked for any more after the end, whatever is on its way', async () => {
    const rig = new Rig()
    const { unitKey, keys, pass } = rig.replica()
    const begun = unitKey.begin()
    unitKey.stop()
    await begun
    expect(keys).toEqual([])
    expect(await pass()).toBeNull()
  })
})
