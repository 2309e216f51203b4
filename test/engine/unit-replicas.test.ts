// Units of several engines over one store: the sample, and what is told of it, is that of one engine which saw everybody, whoever saw whom,
// in which order, and whatever happened on the way.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PartialRow } from '../../src/model/partial.ts'
import { rungBelow } from '../../src/units/thresholds.ts'
import { HASH_RANGE, UnitHasher } from '../../src/units/unit-hasher.ts'
import { RowTable } from './row-table.ts'
import { exposure, logs } from './telemetry.ts'
import { EPOCH_MS } from './traffic.ts'
import { engineWith, sampleOf, UNIT_KEY, type UnitEngine } from './unit-settings.ts'

const CAPACITY = 64
const hasher = new UnitHasher(UNIT_KEY)

const step = fc.record({
  replica: fc.nat({ max: 2 }),
  pauseMs: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 5000 }) }, fc.nat({ max: 4_000_000 })),
  act: fc.constantFrom('see', 'see', 'see', 'flush', 'follow', 'rebuild', 'takeBack', 'restart'),
  units: fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 40 }),
  variant: fc.constantFrom('control', 'treatment'),
  service: fc.constantFrom('shop', 'cart'),
})
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

interface Replica {
  writer: string
  engine: UnitEngine
}

class Fleet {
  readonly table = new RowTable()
  readonly single = newEngine()
  readonly replicas: Replica[] = []
  /** Variants by unit. */
  readonly seen = new Map<string, Set<string>>()
  readonly #gone: string[] = []
  #nowMs = EPOCH_MS
  #writers = 0

  constructor() {
    for (let at = 0; at < 3; at++) this.replicas.push(this.#begin())
  }

  run({ replica: at, pauseMs, act, ...sketch }: Step): void {
    this.#nowMs += pauseMs
    const replica = this.replicas[at]
    replica.engine.advanceTo(this.#nowMs)
    if (act === 'see') this.#see(replica.engine, sketch)
    else if (act === 'flush') this.table.flush(replica.writer, replica.engine)
    else if (act === 'follow') this.#follow(replica)
    else if (act === 'rebuild') this.#rebuild(replica, null)
    else if (act === 'takeBack') this.#takeBack(replica)
    else this.#restart(replica)
  }

  /** Everybody hands over and takes in everything, one after the other goes, and one comes new. */
  settle(): UnitEngine[] {
    for (const { writer, engine } of this.replicas) this.table.flush(writer, engine)
    for (const replica of this.replicas) this.#follow(replica)
    this.#adopt(this.replicas[0])
    for (const replica of this.replicas.slice(1)) this.#restart(replica)
    const engines = [...this.replicas, this.#begin()].map(({ engine }) => engine)
    this.#nowMs += 1000
    for (const engine of [this.single, ...engines]) engine.advanceTo(this.#nowMs)
    return engines
  }

  /** Begins with what the table has. */
  #begin(): Replica {
    const replica = { writer: `w${this.#writers++}`, engine: newEngine() }
    replica.engine.advanceTo(this.#nowMs)
    replica.engine.exchange.load('checkout', this.table.othersOf(replica.writer))
    return replica
  }

  #see(engine: UnitEngine, { units, variant, service }: Pick<Step, 'units' | 'variant' | 'service'>): void {
    const sent = units.map((unit) => exposure(this.#nowMs, variant, `u${unit}`))
    for (const one of [engine, this.single]) one.consume(logs(sent, { service }), this.#nowMs)
    for (const unit of units) this.seen.set(`u${unit}`, new Set([...(this.seen.get(`u${unit}`) ?? []), variant]))
  }

  #follow({ engine, writer }: Replica): void {
    const others = this.table.othersOf(writer)
    if (!engine.exchange.follow('checkout', others)) engine.exchange.rebuild('checkout', others, null)
    expect([engine.exchange.damagedRows, engine.exchange.refusedRows]).toEqual([0, 0])
  }

  #rebuild({ engine, writer }: Replica, own: readonly PartialRow[] | null): void {
    engine.exchange.rebuild('checkout', this.table.othersOf(writer), own)
  }

  /** Counts anew what it handed over. */
  #takeBack(replica: Replica): void {
    this.table.flush(replica.writer, replica.engine)
    this.#rebuild(replica, this.table.rowsOf(replica.writer))
  }

  #restart(replica: Replica): void {
    this.table.flush(replica.writer, replica.engine)
    this.table.retire(replica.writer)
    this.#gone.push(replica.writer)
    Object.assign(replica, this.#begin())
  }

  #adopt({ engine, writer }: Replica): void {
    for (const gone of this.#gone.splice(0))
      engine.adopt(
        'checkout',
        this.table.rowsOf(gone).map((row) => ({ ...row, writer: gone })),
      )
    this.table.flush(writer, engine)
  }
}

describe('units of several engines that share a store', () => {
  test('are a function of the set of who was seen', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const fleet = new Fleet()
        for (const one of steps) fleet.run(one)
        for (const engine of [...fleet.settle(), fleet.single]) expect(toldBy(engine)).toEqual(truthOf(fleet.seen))
      }),
      { numRuns: 150 },
    )
  })

  test('are so too where the last one seen before an end was one too many', () => {
    const table = new RowTable()
    const engine = newEngine()
    see(engine, { units: inside.slice(0, CAPACITY), service: 'shop' })
    engine.advanceTo(EPOCH_MS + 1000)
    table.flush('one', engine)
    see(engine, { units: beyond.slice(0, 1), service: 'cart' })
    engine.advanceTo(EPOCH_MS + 2000)
    table.flush('one', engine)
    const next = newEngine()
    next.exchange.load('checkout', table.othersOf('two'))
    expect(toldBy(next)).toMatchObject({ threshold: FIRST_RUNG, units: CAPACITY })
  })

  test('are not told as whole beyond the threshold by who counts its own anew', () => {
    const table = new RowTable()
    const [one, other] = [newEngine(), newEngine()]
    see(one, { units: inside.slice(0, 1), service: 'shop' })
    see(other, { units: [...inside.slice(1, 1 + CAPACITY), ...beyond.slice(0, 1)], service: 'cart' })
    other.advanceTo(EPOCH_MS + 1000)
    table.flush('other', other)
    one.exchange.load('checkout', table.othersOf('one'))
    const { threshold } = toldBy(one)!
    expect(threshold).toBeLessThanOrEqual(FIRST_RUNG)
    see(one, { units: beyond, service: 'shop' })
    one.exchange.rebuild('checkout', { rows: [], writers: [] }, null)
    expect(toldBy(one)).toMatchObject({ threshold, units: 1 })
  })
})

const FIRST_RUNG = rungBelow(HASH_RANGE)
const everybody = Array.from({ length: 2000 }, (_unused, n) => `u${n}`)
const [inside, beyond] = [true, false].map((isInside) =>
  everybody.filter((unit) => hasher.hash(unit) < FIRST_RUNG === isInside),
)

function see(engine: UnitEngine, { units, service }: { units: readonly string[]; service: string }): void {
  engine.consume(
    logs(
      units.map((unit) => exposure(EPOCH_MS, 'control', unit)),
      { service },
    ),
    EPOCH_MS,
  )
}

function newEngine(): UnitEngine {
  return engineWith({}, sampleOf(CAPACITY))
}

interface Told {
  readonly threshold: number
  readonly units: number
  readonly inSeveral: number
  readonly ofTreatment: number
}

function toldBy({ units }: UnitEngine): Told | null {
  return units === null
    ? null
    : {
        threshold: units.threshold,
        units: units.sampled,
        inSeveral: units.sampledInSeveral,
        ofTreatment: Math.round((units.uniqueOf('treatment')?.units ?? 0) * units.probability),
      }
}

function truthOf(seen: ReadonlyMap<string, ReadonlySet<string>>): Told | null {
  if (seen.size === 0) return null
  const hashes = new Map([...seen].map(([unit, variants]) => [hasher.hash(unit), variants]))
  let threshold = HASH_RANGE
  const inside = (): ReadonlySet<string>[] =>
    [...hashes].flatMap(([hash, variants]) => (hash < threshold ? [variants] : []))
  while (inside().length > CAPACITY) threshold = rungBelow(threshold)
  return {
    threshold,
    units: inside().length,
    inSeveral: inside().filter((variants) => variants.size > 1).length,
    ofTreatment: inside().filter((variants) => variants.has('treatment')).length,
  }
}
