import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Series } from '../../src/slices/series.ts'
import { HOUR, histories, plan, play, START } from './arbitraries.ts'
import { NaiveSeries } from './naive-series.ts'

const PERCENTILES = [0, 0.1, 0.5, 0.9, 0.99, 1]
const slices = plan([HOUR])

function withValues(cursor = START): Series {
  return new Series(slices, { digest: true, cursor })
}

describe('percentiles of a series', () => {
  it('are those of the values of the last five minutes, to half a minute', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const series = withValues()
        const naive = new NaiveSeries(slices)
        for (const action of history) {
          if (action.kind === 'record' && action.event.weight !== 1) continue
          play(series, [action], (event) => naive.events.push(event))
          const values = naive.values(series.cursor)
          const quantiles = series.quantiles(PERCENTILES)
          if (values.length === 0) expect(quantiles).toBeNull()
          // So few values are all kept: a percentile is one of them, or the middle of two.
          else
            PERCENTILES.forEach((p, i) => {
              const rank = p * values.length
              const below = values[Math.max(0, Math.ceil(rank) - 1)]
              const above = values[Math.min(values.length - 1, Math.floor(rank))]
              expect(quantiles?.[i]).toBeGreaterThanOrEqual(Math.min(below, above))
              expect(quantiles?.[i]).toBeLessThanOrEqual(Math.max(below, above))
            })
        }
      }),
      { numRuns: 200 },
    )
  })

  it('leave out the half-minutes that are still to come, and take them in when they begin', () => {
    const cursor = 30 * 1000
    const series = withValues(cursor)
    series.record(cursor, true, 1, 1)
    series.record(cursor + 1, true, 1, 5)
    expect(series.quantiles([1])).toEqual([1])
    series.advance(cursor + 1)
    expect(series.quantiles([1])).toEqual([5])
  })

  it('count a sampled value as often as it stands for', () => {
    const series = withValues()
    series.record(START, true, 97, 1)
    series.record(START, true, 3, 2)
    expect(series.quantiles([0.5, 0.97, 0.98])).toEqual([1, 1.5, 2])
  })

  it('are null without values, or where none are asked for', () => {
    expect(withValues().quantiles([0.5])).toBeNull()
    const series = new Series(slices, { digest: false, cursor: START })
    series.record(START, true, 1, 1)
    expect(series.quantiles([0.5])).toBeNull()
  })

  it('of merged partials are within the error of a digest, in any order, at successive cursors', () => {
    const whole = withValues()
    const writers = [withValues(), withValues(), withValues()]
    const naive = new NaiveSeries(slices)
    for (let i = 0; i < 30_000; i++) {
      const value = Math.exp(Math.sin(i * 12.9898) * 3)
      const event = { second: whole.cursor - (i % 40), good: true, weight: 1, value }
      naive.events.push(event)
      for (const series of [whole, writers[i % 3]]) series.record(event.second, true, 1, value)
      if (i % 50 === 0) for (const series of [whole, ...writers]) series.advance(series.cursor + 1)
    }
    const merged = [0, 1].map((turn) => {
      const series = withValues(whole.cursor)
      for (let i = 0; i < 3; i++) series.merge(writers[turn === 0 ? i : 2 - i].encode())
      return series
    })
    for (let step = 0; step < 400; step += 7) {
      const values = naive.values(whole.cursor)
      for (const series of [whole, ...merged]) {
        const quantiles = series.quantiles([0.5, 0.9, 0.99])
        if (values.length === 0) expect(quantiles).toBeNull()
        else
          [0.5, 0.9, 0.99].forEach((p, i) => {
            const rank = values.findIndex((value) => value > (quantiles?.[i] ?? Number.NaN)) / values.length
            expect(Math.abs(rank - p)).toBeLessThan(values.length > 1000 ? 0.004 : 0.02)
          })
        series.advance(series.cursor + 7)
      }
    }
  })
})
