// Replicas that see the same cumulative time series warn of it; one that moved from one to the other is no reason to.
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import type { MetricSli } from '../../src/model/slo.ts'
import { RowTable } from './row-table.ts'
import { engineSettings } from './settings.ts'
import { metrics } from './telemetry.ts'
import { EPOCH_MS, variantOf } from './traffic.ts'

const REQUESTS: MetricSli = {
  name: 'requests',
  from: 'metrics',
  metric: 'requests',
  where: null,
  ignoreWhen: null,
  badWhen: null,
  goodBelow: null,
  percentiles: [],
}

/** A counter that grows by ten a minute; its point of each minute reaches the replica that is named for it. The warnings of both. */
function warningsAfter(route: readonly ('a' | 'b')[], temporality: 'cumulative' | 'delta'): string[][] {
  const table = new RowTable()
  const begin = () => new Engine(engineSettings({ slis: [REQUESTS], slos: [] }), EPOCH_MS)
  const engines = { a: begin(), b: begin() }
  for (const [minute, to] of route.entries()) {
    const atMs = EPOCH_MS + (minute + 1) * 60_000
    const isDelta = temporality === 'delta'
    const point = {
      atMs,
      startMs: isDelta ? atMs - 60_000 : EPOCH_MS,
      value: isDelta ? 10 : 10 * (minute + 1),
      attributes: variantOf('checkout', 'treatment'),
    }
    engines[to].consume(metrics([{ name: 'requests', temporality, monotonic: true, points: [point] }]), atMs)
    for (const [writer, engine] of Object.entries(engines)) {
      engine.advanceTo(atMs + 1000)
      table.flush(writer, engine)
    }
    for (const [writer, engine] of Object.entries(engines)) {
      const others = table.othersOf(writer)
      if (!engine.exchange.follow('checkout', others)) engine.exchange.rebuild('checkout', others, null)
    }
  }
  return Object.values(engines).map((engine) =>
    engine.experiments().flatMap(({ warnings }) => warnings.map(({ code }) => code)),
  )
}

describe('a cumulative time series', () => {
  test('whose points are spread over two replicas is a warning on both', () => {
    expect(warningsAfter(['a', 'b', 'a', 'b', 'a'], 'cumulative')).toEqual([
      ['stream_at_two_replicas'],
      ['stream_at_two_replicas'],
    ])
  })

  test('that moves to another replica once is none', () => {
    expect(warningsAfter(['a', 'a', 'a', 'b', 'b'], 'cumulative')).toEqual([[], []])
  })
})

test('a delta time series may be spread over replicas', () => {
  expect(warningsAfter(['a', 'b', 'a', 'b', 'a'], 'delta')).toEqual([[], []])
})
