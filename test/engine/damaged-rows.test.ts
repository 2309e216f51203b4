// Rows that come back damaged from a store: what can be read of them is counted, the rest is told, and nothing fails.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packPartials, UNITS, unpackPartials } from '../../src/engine/state.ts'
import { HISTORY, type PartialRow, type WriterRow } from '../../src/model/partial.ts'
import { sliReport, variantReport } from './reports.ts'
import { RowTable } from './row-table.ts'
import { exposure, logs } from './telemetry.ts'
import { at, buy, engineWith, type UnitEngine } from './unit-settings.ts'

type Change = (bytes: Uint8Array) => Uint8Array

const NOTHING = { rows: [], writers: [] }
const HOURS = 7200

/** What an engine wrote that saw a unit each minute for three minutes, of which the oldest two are folded. */
const written = writtenRows()

function writtenRows(): PartialRow[] {
  const table = new RowTable()
  const engine = engineWith({})
  for (const [n, seconds] of [0, 60, HOURS].entries()) {
    engine.consume(logs([exposure(at(seconds), 'treatment', `u${n}`), buy(at(seconds), `u${n}`)]), at(seconds))
    engine.advanceTo(at(seconds + 1))
    table.flush('own', engine)
  }
  return table.rowsOf('own')
}

/** An engine that knows the cohort and takes back what is its own. */
function takingBack(rows: readonly PartialRow[]): UnitEngine {
  const engine = engineWith({})
  engine.advanceTo(at(HOURS))
  engine.consume(logs([exposure(at(HOURS), 'treatment', 'other')]), at(HOURS))
  engine.exchange.rebuild('checkout', NOTHING, rows)
  engine.advanceTo(at(HOURS + 2))
  return engine
}

function damage(rows: readonly PartialRow[], slice: number, change: Change): PartialRow[] {
  expect(rows.some((row) => row.slice === slice)).toBe(true)
  return rows.map((row) => (row.slice === slice ? { ...row, bytes: change(row.bytes) } : row))
}

/** Breaks the partials of one name. */
function breaking(broken: string): Change {
  return (bytes) =>
    packPartials(
      [...unpackPartials(bytes)].map(({ name, partial }) => ({
        name,
        partial: name === broken ? partial.subarray(0, partial.length - 1) : partial,
      })),
    )
}

describe('own rows that are taken back', () => {
  test('are whole where nothing is damaged', () => {
    const engine = takingBack(written)
    expect(engine.exchange.damagedRows).toBe(0)
    expect(variantReport(engine, 'checkout', 'treatment').unique_units).toBe(3)
    expect(sliReport(engine, 'checkout/treatment', 'conversion')).toMatchObject({ events: 3, good: 3 })
  })

  test.each<[string, Change, { units: number; events: number }]>([
    ['units', breaking(UNITS), { units: 1, events: 3 }],
    ['counts', breaking('conversion'), { units: 3, events: 1 }],
    ['end', (bytes) => bytes.subarray(0, bytes.length - 1), { units: 1, events: 3 }],
    ['beginning', (bytes) => bytes.subarray(1), { units: 1, events: 1 }],
  ])('lose nothing else where the %s of one are damaged, and that is told', (_, change, { units, events }) => {
    const engine = takingBack(damage(written, HISTORY, change))
    expect(engine.exchange.damagedRows).toBe(1)
    expect(variantReport(engine, 'checkout', 'treatment').unique_units).toBe(units)
    expect(sliReport(engine, 'checkout/treatment', 'conversion').events).toBe(events)
  })

  test('are handed over anew as they were taken', () => {
    const engine = takingBack(damage(written, HISTORY, breaking(UNITS)))
    engine.exchange.beginAnew('checkout', [])
    const table = new RowTable()
    table.flush('own', engine)
    const next = engineWith({})
    next.advanceTo(at(HOURS))
    next.exchange.load('checkout', table.othersOf('next'))
    next.advanceTo(at(HOURS + 2))
    expect(next.exchange.damagedRows).toBe(0)
    expect(variantReport(next, 'checkout', 'treatment').unique_units).toBe(1)
    expect(sliReport(next, 'checkout/treatment', 'conversion').events).toBe(3)
  })

  test('never fail, whatever has become of them', () => {
    fc.assert(
      fc.property(anyDamage, (change) => {
        takingBack(written.map((row) => ({ ...row, bytes: change(row.bytes) })))
      }),
      { numRuns: 500 },
    )
  })
})

describe('rows of a writer that is gone', () => {
  const ofGone: WriterRow[] = written.map((row) => ({ ...row, writer: 'gone' }))

  function adopting(rows: readonly WriterRow[]): { engine: UnitEngine; adopted: number[] } {
    const engine = engineWith({})
    engine.advanceTo(at(2 * HOURS))
    engine.exchange.load('checkout', { rows, writers: [] })
    return { engine, adopted: engine.adopt('checkout', rows).map(({ slice }) => slice) }
  }

  test('are adopted where they are whole, and left in the store where they are not', () => {
    expect(adopting(ofGone).adopted).toContain(HISTORY)
    const { engine, adopted } = adopting(
      damage(ofGone, HISTORY, breaking(UNITS)).map((row) => ({ ...row, writer: 'gone' })),
    )
    expect(adopted).toHaveLength(ofGone.length - 1)
    expect(adopted).not.toContain(HISTORY)
    expect(engine.exchange.damagedRows).toBe(1)
  })

  test('never fail, whatever has become of them', () => {
    fc.assert(
      fc.property(anyDamage, (change) => {
        const { engine } = adopting(ofGone.map((row) => ({ ...row, bytes: change(row.bytes) })))
        engine.advanceTo(at(2 * HOURS + 1))
        engine.takeFlushes(10)
      }),
      { numRuns: 500 },
    )
  })
})

const anyDamage: fc.Arbitrary<Change> = fc.oneof(
  fc.nat({ max: 400 }).map(
    (length): Change =>
      (bytes) =>
        bytes.subarray(0, length % (bytes.length + 1)),
  ),
  fc.array(fc.record({ place: fc.nat({ max: 400 }), byte: fc.nat({ max: 255 }) }), { minLength: 1, maxLength: 5 }).map(
    (changes): Change =>
      (bytes) => {
        const changed = bytes.slice()
        for (const { place, byte } of changes) changed[place % changed.length] = byte
        return changed
      },
  ),
)
