import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { HISTORY } from '../../src/model/partial.ts'
import type { ExperimentReport } from '../../src/model/report.ts'
import { RowTable } from './row-table.ts'
import { engineSettings, slo, WORKBOOK_POLICY } from './settings.ts'
import { EPOCH_MS, request, span, variantOf } from './traffic.ts'

const TAGGED = variantOf('checkout', 'treatment')
const workbook = engineSettings({ slos: [slo({ policy: { ...WORKBOOK_POLICY, minEvents: 5, minBad: 1 } })] })
const DAY_MS = 86_400_000

/** What happens to one of three engines that share a table, one after the other. */
const step = fc.record({
  replica: fc.nat({ max: 2 }),
  pauseMs: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 20_000 }) }, fc.nat({ max: 900_000 })),
  act: fc.constantFrom(
    'send',
    'send',
    'send',
    'send',
    'flush',
    'flush',
    'lose',
    'doubt',
    'follow',
    'follow',
    'rebuild',
    'restart',
    'anew',
  ),
  variant: fc.constantFrom('control', 'treatment'),
  ageMs: fc.integer({ min: -4000, max: 50_000 }),
  error: fc.boolean(),
  service: fc.constantFrom('shop', 'cart'),
  weighted: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

interface Replica {
  writer: string
  engine: Engine
  readonly gone: string[]
}

/** Several engines over one table beside one engine that receives everything. */
class Fleet {
  readonly table = new RowTable()
  readonly single = new Engine(workbook, EPOCH_MS)
  readonly replicas: Replica[]
  readonly gone: string[] = []
  #nowMs = EPOCH_MS
  #writers = 0

  constructor(size: number) {
    this.replicas = Array.from({ length: size }, () => ({ ...this.#begin(), gone: [] }))
  }

  run({ replica: at, pauseMs, act, ...sketch }: Step): void {
    this.#nowMs += pauseMs
    const replica = this.replicas[at]
    replica.engine.advanceTo(this.#nowMs)
    if (act === 'send') this.#send(replica.engine, sketch)
    else if (act === 'flush') this.table.flush(replica.writer, replica.engine, 1)
    else if (act === 'lose') for (const draft of replica.engine.takeFlushes(2)) replica.engine.exchange.giveBack(draft)
    else if (act === 'doubt') this.#doubt(replica)
    else if (act === 'follow') this.#follow(replica)
    else if (act === 'rebuild') this.#rebuild(replica, null)
    else if (act === 'restart') this.#restart(replica)
    else replica.engine.exchange.beginAnew('checkout', [])
  }

  /** Everybody hands over and takes in everything; then all know the same. */
  settle(): ExperimentReport[][] {
    this.#nowMs += 1000
    for (const { engine } of this.replicas) engine.advanceTo(this.#nowMs)
    for (const { writer, engine } of this.replicas) this.table.flush(writer, engine)
    for (const replica of this.replicas) this.#follow(replica)
    for (const replica of this.replicas) {
      this.#adopt(replica)
      this.#follow(replica)
      this.table.flush(replica.writer, replica.engine)
    }
    // What is adopted must be counted by one who comes new.
    const newcomer = this.#begin()
    newcomer.engine.advanceTo(this.#nowMs)
    newcomer.engine.exchange.load('checkout', this.table.othersOf(newcomer.writer))
    const engines = [...this.replicas, newcomer].map(({ engine }) => engine)
    this.#nowMs += 1000
    this.single.advanceTo(this.#nowMs)
    return engines.map((engine) => {
      engine.advanceTo(this.#nowMs)
      return engine.experiments()
    })
  }

  #begin(): { writer: string; engine: Engine } {
    return { writer: `w${this.#writers++}`, engine: new Engine(workbook, EPOCH_MS) }
  }

  #send(engine: Engine, sketch: Pick<Step, 'variant' | 'ageMs' | 'error' | 'service' | 'weighted'>): void {
    const spans = [
      span({
        endMs: this.#nowMs - sketch.ageMs,
        error: sketch.error,
        attributes: variantOf('checkout', sketch.variant),
        ...(sketch.weighted ? { traceState: 'ot=th:c' } : {}),
      }),
    ]
    for (const one of [engine, this.single]) one.consume(request(spans, { service: sketch.service }), this.#nowMs)
  }

  /** A flush that was written, of which nobody heard. */
  #doubt({ engine, writer }: Replica): void {
    for (const draft of engine.takeFlushes(2)) {
      this.table.write(writer, draft)
      engine.exchange.giveBack(draft)
    }
  }

  #follow({ engine, writer }: Replica): void {
    const others = this.table.othersOf(writer)
    if (!engine.exchange.follow('checkout', others)) engine.exchange.rebuild('checkout', others, null)
    expect([engine.exchange.damagedRows, engine.exchange.refusedRows]).toEqual([0, 0])
  }

  #rebuild({ engine, writer }: Replica, own: null): void {
    engine.exchange.rebuild('checkout', this.table.othersOf(writer), own)
  }

  /** Ends after a last flush; another goes on in its place, from what the table has. */
  #restart(replica: Replica): void {
    this.table.flush(replica.writer, replica.engine)
    this.table.retire(replica.writer)
    this.gone.push(replica.writer)
    Object.assign(replica, this.#begin())
    replica.engine.advanceTo(this.#nowMs)
    replica.engine.exchange.load('checkout', this.table.othersOf(replica.writer))
  }

  #adopt({ engine }: Replica): void {
    for (const writer of this.gone.splice(0)) {
      const rows = this.table.rowsOf(writer).map((row) => ({ writer, ...row }))
      engine.adopt('checkout', rows)
    }
  }
}

describe('engines that share a store', () => {
  test('report all the same, whatever happens on the way: what one engine reports that received everything', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
        const fleet = new Fleet(3)
        for (const one of steps) fleet.run(one)
        const reports = fleet.settle()
        const expected = comparable(fleet.single.experiments())
        for (const report of reports) expect(comparable(report)).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  test('do not count their own rows twice when they are told of them by others', () => {
    const table = new RowTable()
    const [a, b] = [engineWith(3), engineWith(2)]
    table.flush('a', a)
    table.flush('b', b)
    for (let time = 0; time < 3; time++) {
      expect(a.exchange.follow('checkout', table.othersOf('a'))).toBe(true)
      expect(b.exchange.follow('checkout', table.othersOf('b'))).toBe(true)
    }
    expect([eventsIn(a), eventsIn(b)]).toEqual([5, 5])
    for (const [writer, engine] of [
      ['a', a],
      ['b', b],
    ] as const) {
      engine.exchange.beginAnew('checkout', [])
      table.flush(writer, engine)
    }
    expect(eventsIn(newcomer(table))).toBe(5)
  })
})

describe('what an engine hands over', () => {
  test('is only what changed, in pieces of the size asked for', () => {
    const engine = new Engine(engineSettings(), EPOCH_MS)
    for (let service = 0; service < 5; service++)
      engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })], { service: `s${service}` }), EPOCH_MS)
    const sizes = (): number[] => {
      const found: number[] = []
      for (let drafts = engine.takeFlushes(2); drafts.length > 0; drafts = engine.takeFlushes(2))
        found.push(...drafts.map(({ rows }) => rows.length))
      return found
    }
    expect(sizes()).toEqual([2, 2, 1])
    expect(sizes()).toEqual([])
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })], { service: 's3' }), EPOCH_MS)
    expect(sizes()).toEqual([1])
  })

  test('is a row a minute, and one of all that is older', () => {
    const table = new RowTable()
    const engine = engineWith(1)
    table.flush('a', engine)
    expect(slicesOf(table)).toEqual([minute(EPOCH_MS)])
    for (const laterMs of [3_600_000, 7_200_000]) {
      engine.consume(request([span({ endMs: EPOCH_MS + laterMs, attributes: TAGGED })]), EPOCH_MS + laterMs)
      engine.advanceTo(EPOCH_MS + laterMs + 1000)
      table.flush('a', engine)
    }
    expect(slicesOf(table)).toEqual([HISTORY, minute(EPOCH_MS + 7_200_000)])
    expect(eventsIn(newcomer(table))).toBe(3)
  })

  test('promises minutes that will not change once nothing of them is left to write', () => {
    const table = new RowTable()
    const engine = engineWith(1)
    engine.advanceTo(EPOCH_MS + 600_000)
    const drafts = engine.takeFlushes(10)
    const promised = drafts[0].sealedMinute
    expect(promised).toBeGreaterThan(minute(EPOCH_MS))
    expect(promised).toBeLessThan(minute(EPOCH_MS + 600_000 - workbook.allowedLatenessMs))
    for (const draft of drafts) table.write('a', draft)
    expect(table.writers).toMatchObject([{ writer: 'a', sealedMinute: promised }])
  })

  test('goes with its cohort: a forgotten one is forgotten in the store too, and so is its experiment', () => {
    const table = new RowTable()
    const engine = new Engine(engineSettings({ slos: [slo({ windowSeconds: DAY_MS / 1000 })] }), EPOCH_MS)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS)
    table.flush('a', engine)
    engine.advanceTo(EPOCH_MS + 3 * DAY_MS)
    table.flush('a', engine)
    expect(slicesOf(table)).toEqual([])
    expect(engine.exchange.takeForgotten()).toEqual(['checkout'])
    expect(engine.exchange.takeForgotten()).toEqual([])
  })

  test('can be had from the store again, where a request turned out to be counted elsewhere', () => {
    const table = new RowTable()
    const engine = engineWith(2)
    table.flush('a', engine)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS + 1000)
    engine.exchange.rebuild('checkout', table.othersOf('a'), table.rowsOf('a'))
    engine.advanceTo(EPOCH_MS + 2000)
    expect(eventsIn(engine)).toBe(2)
    engine.exchange.beginAnew('checkout', [])
    table.flush('a', engine)
    expect(eventsIn(newcomer(table))).toBe(2)
  })
})

describe('leadership', () => {
  test('who does not lead an experiment neither judges it nor tells of it, and takes over what fires', () => {
    const leader = burning()
    expect(leader.takeEvents().map(({ type }) => type)).toEqual([
      'cohortd.experiment.discovered',
      'cohortd.burn.firing',
    ])
    const { state, alerts } = leader.exchange.takeChanges('checkout', false)

    const follower = burning((engine) => engine.exchange.leadNone())
    expect(follower.takePublications()).toEqual([])
    expect(follower.firing()).toEqual([])
    follower.exchange.setState('checkout', state)
    follower.exchange.setAlerts('checkout', alerts, true)
    expect(follower.firing()).toHaveLength(1)

    follower.exchange.lead('checkout')
    follower.advanceTo(EPOCH_MS + 4000)
    expect(follower.takePublications(), 'it goes on where the other one was').toEqual([])
    follower.advanceTo(EPOCH_MS + 30 * 3_600_000)
    expect(follower.takePublications()).toMatchObject([
      {
        experiment: 'checkout',
        state: null,
        alerts: [{ variant: 'treatment', json: null }],
        events: [{ type: 'cohortd.burn.resolved' }],
      },
    ])
  })

  test('who comes to lead judges what happened before', () => {
    const engine = burning((one) => one.exchange.leadNone())
    engine.advanceTo(EPOCH_MS + 10_000)
    engine.exchange.lead('checkout')
    engine.advanceTo(EPOCH_MS + 11_000)
    const [publication] = engine.takePublications()
    expect(publication.events.map(({ type }) => type)).toEqual(['cohortd.experiment.discovered', 'cohortd.burn.firing'])
    expect(publication.alerts).toHaveLength(1)
    expect(JSON.parse(publication.state!)).toMatchObject({ discoveredMs: EPOCH_MS })
    engine.exchange.unlead('checkout')
    engine.advanceTo(EPOCH_MS + 30 * 3_600_000)
    expect(engine.takePublications()).toEqual([])
  })
})

function engineWith(count: number): Engine {
  const engine = new Engine(workbook, EPOCH_MS)
  for (let number = 0; number < count; number++)
    engine.consume(request([span({ endMs: EPOCH_MS, attributes: TAGGED })]), EPOCH_MS)
  engine.advanceTo(EPOCH_MS + 1000)
  return engine
}

function burning(before: (engine: Engine) => void = () => {}): Engine {
  const engine = new Engine(workbook, EPOCH_MS)
  before(engine)
  const spans = Array.from({ length: 50 }, () => span({ endMs: EPOCH_MS, error: true, attributes: TAGGED }))
  engine.consume(request(spans), EPOCH_MS)
  engine.advanceTo(EPOCH_MS + 3000)
  return engine
}

function newcomer(table: RowTable): Engine {
  const engine = new Engine(workbook, EPOCH_MS + 7_200_000)
  engine.exchange.load('checkout', table.othersOf('newcomer'))
  return engine
}

function eventsIn(engine: Engine): number | undefined {
  return engine.experiment('checkout')?.variants[0].cohorts[0].slis[0].windows['6h'].events
}

function slicesOf(table: RowTable): number[] {
  return table
    .rowsOf('a')
    .map(({ slice }) => slice)
    .sort((a, b) => a - b)
}

function minute(ms: number): number {
  return Math.floor((ms / 1000 - 1) / 60)
}

/** Without what differs by design: percentiles (equal within the digest's error), the moment of discovery, the order of first sight. */
function comparable(reports: readonly ExperimentReport[]): unknown {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    if (typeof value !== 'object' || value === null)
      return typeof value === 'number' ? Number(value.toPrecision(9)) : value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !['percentiles', 'since', 'verdict', 'alert'].includes(key))
        .map(([key, inner]) => [key, sorted(inner)]),
    )
  }
  return sorted(reports)
}
