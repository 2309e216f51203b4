import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PublishedEvent } from '../../src/model/event.ts'
import { EventLog } from '../../src/publish/event-log.ts'

const event = (id: string): PublishedEvent => ({ id, json: `{"id":"${id}"}` })
const ids = (events: readonly PublishedEvent[]): string[] => events.map((one) => one.id)

function logOf(limit: number, ...appended: string[]): EventLog {
  const log = new EventLog({ limit })
  log.append(appended.map(event))
  return log
}

describe('the event log', () => {
  it('pages through events in the order of both parts of their ids', () => {
    const log = logOf(10, '9-0', '10-0', '10-1', '10-10', '11-0')
    expect(ids(log.after(null, 2))).toEqual(['9-0', '10-0'])
    expect(ids(log.after('10-0', 2))).toEqual(['10-1', '10-10'])
    expect(ids(log.after('10-5', 9))).toEqual(['10-10', '11-0'])
    expect(log.after('11-0', 9)).toEqual([])
    expect([log.oldestId, log.newestId]).toEqual(['9-0', '11-0'])
  })

  it('keeps the newest events and knows that the last one evicted leaves no gap', () => {
    const log = logOf(3, '1-0', '2-0', '3-0', '4-0', '5-0')
    expect(ids(log.after(null, 9))).toEqual(['3-0', '4-0', '5-0'])
    expect(log.continuesFrom('2-0')).toBe(true)
    expect(log.continuesFrom('1-0')).toBe(false)
    expect(log.continuesFrom('4-0')).toBe(true)
    expect(log.continuesFrom('4-1')).toBe(false)
    expect(log.continuesFrom('9-0')).toBe(false)
    expect(log.positionAt('1-0')).toBe('2-0')
    expect(log.positionAt('4-7')).toBe('4-0')
    expect(log.positionAt('9-0')).toBe('5-0')
  })

  it('ignores events that are not newer than the newest, and does not tell of them', () => {
    const log = logOf(10, '5-0')
    const told: string[][] = []
    log.subscribe((events) => told.push(ids(events)))
    log.append(['4-0', '5-0'].map(event))
    log.append(['5-0', '6-0'].map(event))
    expect(told).toEqual([['6-0']])
    expect(ids(log.after(null, 9))).toEqual(['5-0', '6-0'])
  })

  it('tells its listeners until they have had enough', () => {
    const log = new EventLog({ limit: 10 })
    const told: string[] = []
    const end = log.subscribe((events) => told.push(...ids(events)))
    log.append([event('1-0')])
    end()
    log.append([event('2-0')])
    expect(told).toEqual(['1-0'])
  })

  it('restores without telling, and takes the place before a full restore for unknown', () => {
    const log = new EventLog({ limit: 3 })
    log.subscribe(() => expect.unreachable('a restore is no news'))
    log.restore(['7-2', '8-0', '9-0'].map(event))
    expect(log.continuesFrom('7-0')).toBe(false)
    expect(log.continuesFrom('6-0')).toBe(false)
    const floor = log.positionAt('0-0')
    expect(log.continuesFrom(floor)).toBe(true)
    expect(ids(log.after(floor, 9))).toEqual(['7-2', '8-0', '9-0'])
  })

  it('knows after a restore of fewer events than it may keep that nothing was before', () => {
    const log = new EventLog({ limit: 3 })
    log.restore([event('7-0')])
    expect(log.continuesFrom('0-0')).toBe(true)
  })

  it('equals a plain list of the newest events, whatever is appended', () => {
    const steps = fc.array(fc.array(fc.nat(3), { maxLength: 5 }), { maxLength: 40 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 7 }), fc.nat(60), (batches, limit, asked) => {
        const log = new EventLog({ limit })
        const model: number[] = []
        let last = 0
        for (const batch of batches) {
          const numbers = batch.map((step) => (last += step))
          for (const number of numbers) if (number > (model.at(-1) ?? 0)) model.push(number)
          log.append(numbers.map((number) => event(`${number}-0`)))
        }
        const kept = model.slice(-limit)
        expect(ids(log.after(null, 100))).toEqual(kept.map((number) => `${number}-0`))
        expect(ids(log.after(`${asked}-0`, 100))).toEqual(
          kept.filter((number) => number > asked).map((number) => `${number}-0`),
        )
        const missing = model.some((number) => number > asked && number < (kept[0] ?? 0))
        if (log.continuesFrom(`${asked}-0`)) expect(missing).toBe(false)
        expect(log.size).toBe(kept.length)
      }),
    )
  })
})
