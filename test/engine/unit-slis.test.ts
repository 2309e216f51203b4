// Units: who was exposed to what, and conversions that belong to the variant of their unit.
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import { UnitHasher } from '../../src/units/unit-hasher.ts'
import { UnitSample } from '../../src/units/unit-sample.ts'
import { sliReport, sloReport, variantReport } from './reports.ts'
import { slo } from './settings.ts'
import { exposure, logs } from './telemetry.ts'
import { at, buy, engineWith, sampleOf, UNIT_KEY } from './unit-settings.ts'

describe('a conversion by unit', () => {
  test('belongs to the variant and the cohort of the first exposure, whatever service tells of it', () => {
    const engine = engineWith({})
    engine.consume(logs([exposure(at(0), 'treatment', 'u1'), exposure(at(0), 'control', 'u2')]), at(0))
    engine.consume(logs([buy(at(5), 'u1'), buy(at(6), 'u1')], { service: 'till' }), at(6))
    engine.advanceTo(at(7))
    expect(sliReport(engine, 'checkout/treatment/shop', 'conversion')).toMatchObject({ events: 1, good: 2, bad: 0 })
    expect(sliReport(engine, 'checkout/control/shop', 'conversion')).toMatchObject({ events: 1, good: 0, bad: 1 })
    expect(engine.items().logs).toMatchObject({ received: 4, attributed: 4, pending: 0 })
  })

  test('does not count before the exposure, nor after the window', () => {
    const engine = engineWith({ windowMs: 20_000 })
    engine.consume(logs([exposure(at(10), 'treatment', 'u1')]), at(10))
    engine.consume(logs([buy(at(9), 'u1'), buy(at(30), 'u1'), buy(at(31), 'u1')]), at(31))
    engine.advanceTo(at(60))
    expect(sliReport(engine, 'checkout/treatment', 'conversion').good).toBe(1)
    expect(engine.items().logs).toMatchObject({ received: 4, attributed: 2, unattributed: 2, pending: 0 })
  })

  test('waits for an exposure that is received later, as long as spans wait for their trace', () => {
    const engine = engineWith({})
    engine.consume(logs([buy(at(2), 'u1'), buy(at(2), 'u2')]), at(2))
    expect(engine.items().logs).toMatchObject({ received: 2, pending: 2 })
    engine.consume(logs([exposure(at(1), 'treatment', 'u1')]), at(11))
    engine.consume(logs([exposure(at(1), 'treatment', 'u2')]), at(13))
    engine.advanceTo(at(14))
    expect(sliReport(engine, 'checkout/treatment', 'conversion').good).toBe(1)
    expect(engine.items().logs).toMatchObject({ received: 4, attributed: 3, unattributed: 1, pending: 0 })
  })

  test('counts once for each unit where that is asked for, in windows too', () => {
    const slos = [slo({ name: 'converts', sli: 'conversion', objective: 0.5 })]
    const engine = engineWith({ oncePerUnit: true }, { slos })
    const exposures = ['u1', 'u1', 'u2', 'u3', 'u4'].map((unit) => exposure(at(0), 'treatment', unit))
    engine.consume(logs(exposures), at(0))
    engine.consume(logs([buy(at(5), 'u1'), buy(at(6), 'u1'), buy(at(6), 'stranger')]), at(6))
    engine.advanceTo(at(20))
    expect(sliReport(engine, 'checkout/treatment', 'conversion')).toMatchObject({ events: 4, good: 1, bad: 3 })
    expect(sloReport(engine, 'checkout/treatment', 'converts').burn['5m']).toBe(1.5)
    engine.advanceTo(at(400))
    const { events, windows } = sliReport(engine, 'checkout/treatment', 'conversion')
    expect([events, windows['5m'].events, windows['1h'].events]).toEqual([4, 0, 4])
  })
})

describe('the report of units', () => {
  test('tells unique ones, repeats, shares and contamination', () => {
    const declared = {
      id: 'checkout',
      hypothesis: null,
      owner: null,
      runbookUrl: null,
      control: null,
      allocation: { control: 1, treatment: 3 },
    }
    const engine = engineWith({}, { experiments: [declared] })
    const sent = [
      ...['a', 'b', 'c', 'c'].map((unit) => exposure(at(0), 'treatment', unit)),
      ...['c', 'd'].map((unit) => exposure(at(1), 'control', unit)),
      exposure(at(1), 'control'),
    ]
    engine.consume(logs(sent), at(1))
    engine.advanceTo(at(2))
    const report = engine.experiment('checkout')
    expect(report?.contamination).toMatchObject({ units: 4, contaminated: 1, ratio: 0.25 })
    expect(report?.warnings.map(({ code }) => code)).toContain('exposure_without_unit')
    expect(variantReport(engine, 'checkout', 'treatment')).toMatchObject({
      exposures: 4,
      unique_units: 3,
      units: { relative_error: 0, share: expect.closeTo(0.75), expected_share: 0.75, repeat_exposures: 1 },
    })
    expect(variantReport(engine, 'checkout', 'control')).toMatchObject({ exposures: 3, unique_units: 2 })
  })

  test('is an estimate with its error, in bounded memory, once there are many', () => {
    const engine = engineWith({}, sampleOf(4096))
    const units = 60_000
    for (let from = 0; from < units; from += 1000) {
      const sent = Array.from({ length: 1000 }, (_, n) =>
        exposure(at(from / 1000), n % 2 === 0 ? 'treatment' : 'control', `user-${from + n}`),
      )
      engine.consume(logs(sent), at(from / 1000))
    }
    engine.advanceTo(at(61))
    const { unique_units: unique, units: report } = variantReport(engine, 'checkout', 'treatment')
    expect(report?.relative_error).toBeGreaterThan(0.01)
    expect(report?.relative_error).toBeLessThan(0.06)
    expect(Math.abs(unique! / 30_000 - 1)).toBeLessThan(2 * report!.relative_error)
    expect(report!.repeat_exposures).toBeLessThan(2 * report!.relative_error * unique!)
    expect(sliReport(engine, 'checkout/treatment', 'conversion').estimated).toBe(true)
  })

  test('gives no room to conversions of units outside of it while one inside waits', () => {
    const engine = engineWith({}, sampleOf(64))
    const exposures = Array.from({ length: 60_000 }, (_, n) => exposure(at(0), 'control', `user-${n}`))
    engine.consume(logs(exposures), at(0))
    const hasher = new UnitHasher(UNIT_KEY)
    const sample = new UnitSample({ capacity: 64 })
    for (let n = 0; n < 60_000; n++) sample.see(hasher.hash(`user-${n}`), { group: 0, place: 0, second: 0 })
    const isInside = (id: string): boolean => hasher.hash(id) < sample.threshold
    const strangers = Array.from({ length: 80_000 }, (_, n) => `stranger-${n}`)
    const inside = strangers.find(isInside)!
    const outside = strangers.filter((id) => !isInside(id)).slice(0, 50_000)
    engine.consume(logs([buy(at(2), inside)]), at(2))
    engine.consume(logs(outside.map((id) => buy(at(2), id))), at(2))
    expect(engine.items().logs).toMatchObject({ pending: 20_000, unattributed: 30_001 })
    engine.consume(logs([exposure(at(1), 'treatment', inside)]), at(3))
    engine.advanceTo(at(20))
    expect(sliReport(engine, 'checkout/treatment', 'conversion').good).toBeGreaterThan(0)
    expect(engine.items().logs).toMatchObject({
      received: 110_002,
      attributed: 60_002,
      unattributed: 50_000,
      pending: 0,
    })
  })

  test('knows of every unit in the sample whether it converted, where nearly all do', () => {
    const hasher = new UnitHasher(UNIT_KEY)
    const engine = engineWith({ oncePerUnit: true }, sampleOf(128))
    const seen: string[] = []
    for (let n = 0; n < 400; n++) {
      const unit = `user-${n}`
      seen.push(unit)
      engine.consume(logs([exposure(at(n), 'treatment', unit)]), at(n))
      if (n % 10 > 0) engine.consume(logs([buy(at(n), unit)]), at(n))
      engine.advanceTo(at(n + 1))
      const { threshold, probability, sampled } = engine.units!
      const isSampled = (one: string): boolean => hasher.hash(one) < threshold
      expect(sampled).toBe(seen.filter(isSampled).length)
      const { events, good } = sliReport(engine, 'checkout/treatment', 'conversion')
      expect(events * probability).toBeCloseTo(sampled)
      expect(good! * probability).toBeCloseTo(seen.filter((one, at) => at % 10 > 0 && isSampled(one)).length)
    }
  })

  test('is empty where exposures tell no unit, or units are not looked at', () => {
    const engine = engineWith({}, { unitAttributes: [] })
    engine.consume(logs([exposure(at(0), 'treatment', 'u1')]), at(0))
    engine.advanceTo(at(1))
    expect(variantReport(engine, 'checkout', 'treatment')).toMatchObject({
      exposures: 1,
      unique_units: null,
      units: null,
    })
    expect(engine.experiment('checkout')?.contamination).toBeNull()
  })
})

describe('units of several writers', () => {
  const flushed = (engine: Engine) =>
    engine.takeFlushes(100).flatMap(({ experiment, rows }) => rows.map((row) => ({ ...row, experiment })))

  test('are a union: who was seen by two is counted once, and converts wherever the conversion arrives', () => {
    const attribution = { oncePerUnit: true }
    const [one, two] = [engineWith(attribution), engineWith(attribution)]
    one.consume(logs([exposure(at(0), 'treatment', 'u1'), exposure(at(0), 'treatment', 'u2')]), at(0))
    two.consume(logs([exposure(at(3), 'treatment', 'u1'), exposure(at(3), 'treatment', 'u3')]), at(3))
    for (const [engine, other, writer] of [
      [two, one, 'one'],
      [one, two, 'two'],
    ] as const) {
      engine.advanceTo(at(4))
      const rows = flushed(other).filter(({ experiment }) => experiment === 'checkout')
      engine.exchange.follow('checkout', { rows: rows.map((row) => ({ ...row, writer })), writers: [] })
    }
    two.consume(logs([buy(at(5), 'u1'), buy(at(5), 'u2')]), at(5))
    for (const engine of [one, two]) engine.advanceTo(at(6))
    const rows = flushed(two).filter(({ experiment }) => experiment === 'checkout')
    one.exchange.follow('checkout', { rows: rows.map((row) => ({ ...row, writer: 'two' })), writers: [] })
    for (const engine of [one, two]) {
      engine.advanceTo(at(8))
      expect(variantReport(engine, 'checkout', 'treatment')).toMatchObject({ exposures: 4, unique_units: 3 })
      expect(sliReport(engine, 'checkout/treatment', 'conversion')).toMatchObject({ events: 3, good: 2, bad: 1 })
    }
  })

  test('of another key are not taken, and told of', () => {
    const [one, two] = [engineWith({}), engineWith({}, { unitKey: 'another' })]
    one.consume(logs([exposure(at(0), 'treatment', 'u1')]), at(0))
    two.advanceTo(at(1))
    const rows = flushed(one).filter(({ experiment }) => experiment === 'checkout')
    two.exchange.follow('checkout', { rows: rows.map((row) => ({ ...row, writer: 'one' })), writers: [] })
    two.advanceTo(at(2))
    const report = two.experiment('checkout')
    expect(report?.variants[0]).toMatchObject({ exposures: 1, unique_units: null })
    expect(report?.warnings.map(({ code }) => code)).toContain('foreign_units')
  })
})
