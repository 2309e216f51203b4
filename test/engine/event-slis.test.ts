// Log records and span events as exposures and events: which SLI counts them, in which cohort, and what the ledger says.
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import type { EventSli } from '../../src/model/slo.ts'
import { sliReport, sloReport, variantReport } from './reports.ts'
import { engineSettings, slo } from './settings.ts'
import { exposure, logs } from './telemetry.ts'
import { EPOCH_MS, request, span, variantOf } from './traffic.ts'

const named = (name: string): Matcher => [
  [{ field: 'event.name', anyOf: [{ kind: 'equal', operand: name, negated: false }] }],
]

const CONVERSION: EventSli = {
  name: 'conversion',
  from: 'events',
  where: null,
  ignoreWhen: null,
  badWhen: null,
  good: named('checkout.completed'),
  value: null,
  goodBelow: null,
  percentiles: [],
  valid: { kind: 'exposures' },
  attribution: null,
}
const TREATMENT = variantOf('checkout', 'treatment')
const TRACE = 'a'.repeat(32)

function engineWith(sli: Partial<EventSli>, changes: Parameters<typeof engineSettings>[0] = {}): Engine {
  const settings = engineSettings({ slis: [{ ...CONVERSION, ...sli }], slos: [], unitKey: 'k', ...changes })
  return new Engine(settings, EPOCH_MS)
}

test('a record that tells no time is counted when it comes', () => {
  const engine = engineWith({ valid: { kind: 'judged' } })
  engine.consume(logs([{ atMs: 0, event: 'checkout.completed', attributes: TREATMENT }]), EPOCH_MS + 1500)
  engine.advanceTo(EPOCH_MS + 5000)
  expect(sliReport(engine, 'checkout/treatment', 'conversion').windows['5m']).toMatchObject({ good: 1 })
})

describe('conversions against exposures', () => {
  test('good ones are the events, valid ones the exposures, each at its own time', () => {
    const engine = engineWith({})
    engine.consume(logs(['u1', 'u2', 'u3', 'u4'].map((unit) => exposure(EPOCH_MS, 'treatment', unit))), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 400_000)
    const conversion = { atMs: EPOCH_MS + 400_000, event: 'checkout.completed', attributes: TREATMENT }
    engine.consume(logs([conversion]), EPOCH_MS + 400_000)
    engine.advanceTo(EPOCH_MS + 401_000)
    const { events, good, bad, windows } = sliReport(engine, 'checkout/treatment', 'conversion')
    expect({ events, good, bad }).toEqual({ events: 4, good: 1, bad: 3 })
    expect(windows['5m']).toEqual({ events: 0, good: 1, bad: 0, good_ratio: null })
  })

  test('an objective burns by exposures without a conversion', () => {
    const engine = engineWith({}, { slos: [slo({ name: 'converts', sli: 'conversion', objective: 0.5 })] })
    engine.consume(logs([1, 2, 3, 4].map((unit) => exposure(EPOCH_MS, 'treatment', `u${unit}`))), EPOCH_MS)
    engine.consume(logs([{ atMs: EPOCH_MS, event: 'checkout.completed', attributes: TREATMENT }]), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(sloReport(engine, 'checkout/treatment', 'converts').burn['5m']).toBe(1.5)
  })

  test('an event in a trace belongs to the variant of the exposure in that trace, whichever comes first', () => {
    const engine = engineWith({})
    engine.consume(
      logs([{ atMs: EPOCH_MS, event: 'checkout.completed', traceId: TRACE }], { service: 'till' }),
      EPOCH_MS,
    )
    expect(engine.items().logs).toMatchObject({ received: 1, pending: 1 })
    engine.consume(logs([{ ...exposure(EPOCH_MS, 'treatment'), traceId: TRACE }]), EPOCH_MS + 500)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(sliReport(engine, 'checkout/treatment/till', 'conversion').good).toBe(1)
    expect(engine.items().logs).toMatchObject({ received: 2, attributed: 2, pending: 0 })
  })

  test('an exposure is one of its own flag alone, also in a span that evaluated several', () => {
    const engine = engineWith({})
    const flag = (key: string, variant: string) => ({
      name: 'feature_flag.evaluation',
      timeUnixNano: BigInt(EPOCH_MS) * 1_000_000n,
      attributes: { 'feature_flag.key': key, 'feature_flag.result.variant': variant },
    })
    engine.consume(
      request([{ ...span({ endMs: EPOCH_MS }), events: [flag('a', 'on'), flag('b', 'off'), flag('a', 'on')] }]),
      EPOCH_MS,
    )
    engine.advanceTo(EPOCH_MS + 1000)
    expect(variantReport(engine, 'a', 'on').exposures).toBe(2)
    expect(variantReport(engine, 'b', 'off').exposures).toBe(1)
    expect(engine.items().traces).toMatchObject({ received: 1, attributed: 1 })
  })

  test('a failed evaluation is no exposure but a bad event of its own SLI', () => {
    const engine = engineWith({})
    engine.consume(
      logs([
        exposure(EPOCH_MS, 'treatment', 'u1'),
        exposure(EPOCH_MS, 'treatment', 'u2', { 'error.type': 'type_mismatch' }),
      ]),
      EPOCH_MS,
    )
    engine.advanceTo(EPOCH_MS + 1000)
    expect(sliReport(engine, 'checkout/treatment', 'flag_evaluations')).toMatchObject({ events: 2, good: 1, bad: 1 })
    expect(sliReport(engine, 'checkout/treatment', 'conversion')).toMatchObject({ events: 1, good: 0 })
    expect(variantReport(engine, 'checkout', 'treatment')).toMatchObject({ exposures: 1, unique_units: 1 })
  })

  test('the event in a span belongs to its tags and is no item of its own', () => {
    const engine = engineWith({})
    const event = { name: 'checkout.completed', timeUnixNano: BigInt(EPOCH_MS) * 1_000_000n }
    engine.consume(request([{ ...span({ endMs: EPOCH_MS, attributes: TREATMENT }), events: [event, event] }]), EPOCH_MS)
    const untagged = { ...span({ endMs: EPOCH_MS, traceId: TRACE }), events: [event] }
    engine.consume(request([untagged]), EPOCH_MS)
    engine.consume(request([span({ endMs: EPOCH_MS, traceId: TRACE, attributes: TREATMENT })]), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 60_000)
    expect(sliReport(engine, 'checkout/treatment', 'conversion').good).toBe(3)
    expect(engine.items().traces).toEqual({
      received: 3,
      attributed: 3,
      unattributed: 0,
      pending: 0,
      duplicate: 0,
      refused: {},
    })
  })
})

describe('events that are good or bad by themselves', () => {
  const severe: Matcher = [[{ field: 'severity', anyOf: [{ kind: 'order', operator: '>=', operand: 17 }] }]]

  test('error logs are a share of all logs', () => {
    const engine = engineWith({ name: 'logs', good: null, badWhen: severe, valid: { kind: 'judged' } })
    const records = [9, 9, 17, 21, 13].map((severity) => ({ atMs: EPOCH_MS, severity, attributes: TREATMENT }))
    engine.consume(logs(records), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(sliReport(engine, 'checkout/treatment', 'logs')).toMatchObject({ events: 5, good: 3, bad: 2 })
  })

  test('error logs are a share of requests', () => {
    const where: Matcher = [[{ field: 'span.kind', anyOf: [{ kind: 'equal', operand: 'SERVER', negated: false }] }]]
    const engine = engineWith(
      { name: 'errors', good: null, badWhen: severe, valid: { kind: 'records', from: 'spans', where } },
      { slos: [slo({ name: 'errors', sli: 'errors', objective: 0.9 })] },
    )
    const spans = [2, 2, 2, 2, 3].map((kind) => span({ endMs: EPOCH_MS, kind, attributes: TREATMENT }))
    engine.consume(request(spans), EPOCH_MS)
    engine.consume(logs([9, 17].map((severity) => ({ atMs: EPOCH_MS, severity, attributes: TREATMENT }))), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(sliReport(engine, 'checkout/treatment', 'errors')).toMatchObject({ events: 4, good: 3, bad: 1 })
    expect(sloReport(engine, 'checkout/treatment', 'errors').burn['5m']).toBe(2.5)
  })

  test('what is to be ignored is neither good nor bad', () => {
    const limited: Matcher = [
      [{ field: 'http.response.status_code', anyOf: [{ kind: 'equal', operand: 429, negated: false }] }],
    ]
    const engine = engineWith({ valid: { kind: 'judged' }, good: null, where: named('call'), ignoreWhen: limited })
    const records = [200, 429, 200].map((status) => ({
      atMs: EPOCH_MS,
      event: 'call',
      attributes: { ...TREATMENT, 'http.response.status_code': status },
    }))
    engine.consume(logs(records), EPOCH_MS)
    engine.advanceTo(EPOCH_MS + 1000)
    expect(sliReport(engine, 'checkout/treatment', 'conversion')).toMatchObject({ events: 2, good: 2, bad: 0 })
    expect(engine.items().logs).toMatchObject({ received: 3, attributed: 3 })
  })
})

describe('the ledger of logs', () => {
  test('tells late, future, untagged and repeated records apart', () => {
    const engine = engineWith({})
    const at = (ms: number) => ({ atMs: EPOCH_MS + ms, attributes: TREATMENT })
    const sent = logs([at(0), at(-61_000), at(61_000), { atMs: EPOCH_MS }])
    expect(engine.consume(sent, EPOCH_MS)).toMatchObject({ kind: 'accepted', refused: 2 })
    engine.consume(sent, EPOCH_MS)
    expect(engine.items().logs).toEqual({
      received: 8,
      attributed: 1,
      unattributed: 1,
      pending: 0,
      duplicate: 4,
      refused: { late: 1, future: 1 },
    })
  })
})
