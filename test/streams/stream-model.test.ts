// The table of time series against a naive model of the rules: any points in any order, of a few series, whose times are whole seconds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PointText, Stream } from './points.ts'

const EXPIRY_S = 40
const VIEW_START_S = 5
const YOUNG_S = 20
const BOUNDS = [1]
type Told = string | readonly number[]

/** Of a cumulative series: what its last point said. */
interface Last {
  start: number
  time: number
  seen: number
  counts: readonly number[]
}

/** Of a delta series: the seconds of the latest run without a gap, and its end. */
interface Run {
  seen: number
  time: number
  seconds: Set<number>
}

interface Sent {
  readonly stream: number
  readonly start: number
  readonly time: number
  readonly stale: boolean
  readonly counts: readonly number[]
}

const total = (counts: readonly number[]): number => counts.reduce((sum, one) => sum + one, 0)

const isAllNew = (start: number, time: number): boolean =>
  start >= VIEW_START_S && start < time && time - start <= YOUNG_S

class CumulativeModel {
  readonly #known = new Map<number, Last>()
  readonly #ended = new Map<number, number>()

  take({ stream, start, time, stale, counts }: Sent, now: number): Told {
    const known = this.#known.get(stream)
    if (known !== undefined && (stale || now - known.seen > EXPIRY_S)) {
      this.#known.delete(stream)
      this.#ended.set(stream, known.time)
    }
    if (stale) return 'stale'
    const before = this.#known.get(stream)
    if (before === undefined) {
      const isNew = isAllNew(start, time) && start >= (this.#ended.get(stream) ?? 0)
      this.#ended.delete(stream)
      this.#known.set(stream, { start, time, seen: now, counts })
      return isNew ? counts : 'baseline'
    }
    const since = start === 0 ? before.start : start
    if (time < before.time) return 'out_of_order'
    if (time === before.time) return total(counts) === total(before.counts) ? 'duplicate' : 'out_of_order'
    if (since < before.start) return 'overlap'
    const isLater = since > before.start && (before.start > 0 || since >= before.time)
    if (isLater && since < before.time && total(counts) >= total(before.counts)) return 'overlap'
    this.#known.set(stream, { start: since, time, seen: now, counts })
    if (isLater) return isAllNew(since, time) ? counts : 'baseline'
    const gained = counts.map((count, at) => count - before.counts[at])
    return gained.some((count) => count < 0) ? counts : gained
  }
}

class DeltaModel {
  readonly #runs = new Map<number, Run>()

  take({ stream, start, time, stale, counts }: Sent, now: number): Told {
    if (stale) return 'stale'
    const run = this.#runs.get(stream)
    const said = secondsOf(start === 0 ? time : start, time)
    if (run === undefined || now - run.seen > EXPIRY_S) {
      this.#runs.set(stream, { seen: now, time, seconds: new Set(said) })
      return counts
    }
    run.seen = now
    if (start === 0) {
      if (time <= run.time) return time === run.time ? 'duplicate' : 'out_of_order'
      for (const second of secondsOf(run.time, time)) run.seconds.add(second)
      run.time = time
      return counts
    }
    const first = Math.min(run.time + 1, ...run.seconds)
    if (time < first) {
      if (time === first - 1) for (const second of said) run.seconds.add(second)
      return counts
    }
    const known = said.filter((second) => second <= run.time && second >= first).length
    // It reaches over the end of what was told, if by nothing else.
    if (known > 0 || start < run.time) return known === said.length ? 'duplicate' : 'overlap'
    run.seconds = start === run.time ? new Set([...run.seconds, ...said]) : new Set(said)
    run.time = time
    return counts
  }
}

function secondsOf(start: number, time: number): number[] {
  return Array.from({ length: time - start }, (_, at) => start + 1 + at)
}

const sent = fc
  .record({
    stream: fc.integer({ min: 1, max: 2 }),
    time: fc.integer({ min: 2, max: 60 }),
    length: fc.constantFrom(0, 1, 2, 5, 20, 30),
    hasStart: fc.boolean(),
    stale: fc.integer({ min: 0, max: 12 }).map((one) => one === 0),
    counts: fc.tuple(fc.nat(9), fc.nat(9)),
    wait: fc.constantFrom(0, 1, 3, 10, 41),
    /** Sends the point before this one once more instead. */
    isRetry: fc.integer({ min: 0, max: 7 }).map((one) => one === 0),
  })
  .map(({ time, length, hasStart, ...others }) => ({
    ...others,
    time,
    start: hasStart ? Math.max(1, time - length) : 0,
  }))

function readTold(told: ReturnType<Stream['take']>): Told {
  if (typeof told === 'string') return told
  if (typeof told === 'number') return [told]
  return [told['-Infinity..1'] ?? 0, told['1..Infinity'] ?? 0]
}

test.each<[string, boolean, boolean, readonly string[]]>([
  ['cumulative sums', false, false, ['baseline', 'duplicate', 'out_of_order', 'overlap', 'stale', 'counted']],
  ['cumulative histograms', false, true, ['baseline', 'duplicate', 'out_of_order', 'overlap', 'stale', 'counted']],
  ['delta sums', true, false, ['duplicate', 'out_of_order', 'overlap', 'stale', 'counted']],
  ['delta histograms', true, true, ['duplicate', 'out_of_order', 'overlap', 'stale', 'counted']],
])('%s add what the model says, point by point', (_kind, delta, isHistogram, outcomes) => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 14 }), (points) => {
      const stream = new Stream({
        expiryMs: EXPIRY_S * 1000,
        viewStartMs: VIEW_START_S * 1000,
        youngMs: YOUNG_S * 1000,
      })
      const model = delta ? new DeltaModel() : new CumulativeModel()
      let now = 100
      for (const [at, own] of points.entries()) {
        const { wait, isRetry: _isRetry, counts: both, ...point } = own.isRetry && at > 0 ? points[at - 1] : own
        // A delta of no length says the same as one without a start.
        if (delta && point.start === point.time) continue
        now += wait
        const counts = isHistogram ? both : [both[0]]
        const numbers: Partial<PointText> = isHistogram ? { bounds: BOUNDS, counts } : { value: counts[0] }
        const told = readTold(stream.take({ ...point, ...numbers, delta }, now * 1000))
        const expected = model.take({ ...point, counts }, now)
        expect(told).toEqual(expected)
        seen.add(typeof expected === 'string' ? expected : 'counted')
      }
    }),
    { numRuns: 600, seed: 1 },
  )
  expect([...seen].toSorted()).toEqual(outcomes.toSorted())
})
