// Units whose minute holds nothing else: they are in the store as long as any count would be.
import { describe, expect, test } from 'vitest'
import { HISTORY } from '../../src/model/partial.ts'
import { minuteOf } from '../../src/slices/minute-counts.ts'
import { sliReport, variantReport } from './reports.ts'
import { RowTable } from './row-table.ts'
import { exposure, logs } from './telemetry.ts'
import { at, buy, engineWith, type UnitEngine } from './unit-settings.ts'

const LATER = 7200
const once = { oncePerUnit: true }

function newcomer(table: RowTable): UnitEngine {
  const engine = engineWith(once)
  engine.advanceTo(at(LATER))
  engine.exchange.load('checkout', table.othersOf('newcomer'))
  engine.advanceTo(at(LATER + 2))
  return engine
}

/** An exposure, and a conversion minutes after it; written, folded and written again. */
function folded(): RowTable {
  const table = new RowTable()
  const engine = engineWith(once)
  for (const [seconds, sent] of [
    [0, exposure(at(0), 'treatment', 'u1')],
    [300, buy(at(300), 'u1')],
  ] as const) {
    engine.consume(logs([sent]), at(seconds))
    engine.advanceTo(at(seconds + 1))
    table.flush('own', engine)
  }
  for (let seconds = 310; seconds <= LATER; seconds += 30) {
    engine.advanceTo(at(seconds))
    table.flush('own', engine)
  }
  return table
}

describe('minutes in which there are only units', () => {
  test('are in the history once they are folded, which is as new as they are', () => {
    const rows = folded().rowsOf('own')
    expect(rows.map(({ slice }) => slice)).toEqual([HISTORY])
    expect(minuteOf(rows[0].newestSecond)).toBe(minuteOf(at(300) / 1000))
    expectKnown(newcomer(folded()))
  })

  test('stay there where the history is taken back, adopted or handed over anew', () => {
    const table = folded()
    const takesBack = newcomer(table)
    takesBack.exchange.rebuild('checkout', { rows: [], writers: [] }, table.rowsOf('own'))
    const adopts = newcomer(table)
    adopts.adopt('checkout', table.othersOf('another').rows)
    for (const engine of [takesBack, adopts]) {
      engine.exchange.beginAnew('checkout', [])
      const next = new RowTable()
      next.flush('heir', engine)
      expect(next.rowsOf('heir').map(({ newestSecond }) => minuteOf(newestSecond))).toEqual([minuteOf(at(300) / 1000)])
      expectKnown(newcomer(next))
    }
  })
})

function expectKnown(engine: UnitEngine): void {
  expect(variantReport(engine, 'checkout', 'treatment').unique_units).toBe(1)
  expect(sliReport(engine, 'checkout/treatment', 'conversion')).toMatchObject({ events: 1, good: 1 })
}
