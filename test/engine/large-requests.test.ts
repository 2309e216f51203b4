// Requests of more items than are staged at a time: counted to the item, or not at all, as small ones are.
import { describe, expect, test } from 'vitest'
import { MOST_STAGED } from '../../src/engine/batch.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { ExportRequest, Signal } from '../../src/model/signal.ts'
import { variantReport } from './reports.ts'
import { engineSettings } from './settings.ts'
import { exposure, logs, metrics } from './telemetry.ts'
import { EPOCH_MS, request, span, variantOf } from './traffic.ts'

const COUNT = 2 * MOST_STAGED + 3
const TREATMENT = variantOf('checkout', 'treatment')
const many = <T>(make: (at: number) => T): T[] => Array.from({ length: COUNT }, (_, at) => make(at))

const LARGE: readonly [Signal, () => ExportRequest][] = [
  ['traces', () => request(many(() => span({ endMs: EPOCH_MS, attributes: TREATMENT })))],
  ['logs', () => logs(many((at) => exposure(EPOCH_MS, 'treatment', `u${at}`)))],
  [
    'metrics',
    () => metrics([{ name: 'm', points: many(() => ({ atMs: EPOCH_MS, value: 1, attributes: TREATMENT })) }]),
  ],
]

describe.each(LARGE)('a large request of %s', (signal, make) => {
  const engineOf = (): Engine => new Engine(engineSettings({ slos: [], unitKey: 'key' }), EPOCH_MS)

  test('is counted whole', () => {
    const engine = engineOf()
    expect(engine.experimentsOf(make(), EPOCH_MS)).toContain('checkout')
    expect(engine.items()[signal]).toEqual({})
    expect(engine.consume(make(), EPOCH_MS).kind).toBe('accepted')
    expect(engine.items()[signal]).toMatchObject({ received: COUNT, attributed: COUNT, pending: 0 })
    engine.advanceTo(EPOCH_MS + 1000)
    if (signal === 'logs')
      expect(variantReport(engine, 'checkout', 'treatment')).toMatchObject({ exposures: COUNT, unique_units: COUNT })
  })

  test('that is broken at its very end is refused whole', () => {
    const engine = engineOf()
    const whole = make()
    const broken = { ...whole, body: whole.body.subarray(0, -1) }
    expect(engine.consume(broken, EPOCH_MS).kind).toBe('malformed')
    expect(engine.experimentsOf(broken, EPOCH_MS)).toBeNull()
    expect(engine.items()[signal]).toMatchObject({ received: 1, attributed: 0, refused: { malformed: 1 } })
    expect(engine.experimentIds).toEqual([])
  })

  test('tells names that are no tags once', () => {
    const engine = engineOf()
    const long = 'x'.repeat(300)
    const tags = variantOf(long, 'on')
    const sent: Record<Signal, () => ExportRequest> = {
      traces: () => request(many(() => span({ endMs: EPOCH_MS, attributes: tags }))),
      logs: () => logs(many(() => ({ atMs: EPOCH_MS, attributes: tags }))),
      metrics: () => metrics([{ name: 'm', points: many(() => ({ atMs: EPOCH_MS, value: 1, attributes: tags })) }]),
    }
    engine.consume(sent[signal](), EPOCH_MS)
    expect(engine.counters.unusableTags).toBe(COUNT)
  })
})
