// Random flushes, some late, repeated, ahead or of writers that were given up, against a model that is nothing but maps.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Flush, PartialRow, Store } from '../../../src/store/port.ts'
import { commitOf, flush, keyOf, lead, plainRows, type Stand } from './stand.ts'

interface Written {
  sequence: number
  retired: boolean
  readonly rows: Map<string, PartialRow>
}

/** What the law says. */
class Model {
  readonly #writers = new Map<string, Written>()

  of(writer: string): Written {
    let written = this.#writers.get(writer)
    if (written === undefined) this.#writers.set(writer, (written = { sequence: 0, retired: false, rows: new Map() }))
    return written
  }

  flush(one: Flush): string {
    const known = this.of(one.writer)
    if (one.sequence <= known.sequence) return 'written'
    if (known.retired) return 'retired'
    if (known.sequence < one.after) return 'lost'
    known.sequence = one.sequence
    for (const key of one.dropped) known.rows.delete(textOf(key))
    for (const row of one.rows) known.rows.set(textOf(row), row)
    for (const { writer, keys } of one.adopted) for (const key of keys) this.of(writer).rows.delete(textOf(key))
    return 'written'
  }

  forget(): void {
    this.#writers.clear()
  }

  rows(): string[] {
    return plainRows(
      [...this.#writers].flatMap(([writer, { rows }]) => [...rows.values()].map((row) => ({ ...row, writer }))),
    )
  }
}

const WRITERS = ['w1', 'w2', 'w3']
const COHORTS = ['control', 'treatment']

const writer = fc.constantFrom(...WRITERS)
const cell = fc.record({
  variant: fc.constantFrom(...COHORTS),
  age: fc.integer({ min: -1, max: 3 }),
  byte: fc.nat(255),
})
const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('flush' as const),
      writer,
      /** Distance to the sequence that is stored. */
      step: fc.constantFrom(1, 1, 1, 1, 2, 0, -1),
      after: fc.constantFrom('stored', 'stored', 'nothing', 'more'),
      rows: fc.array(cell, { maxLength: 4 }),
      dropped: fc.array(cell, { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), writer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('adopt' as const), writer, from: writer }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

export function describeRandomOperations(stand: Stand): void {
  describe('random operations', () => {
    test('leave in the store what the law says, and are answered as it says', async () => {
      const store = await stand.open()
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
          const experiment = `run-${run++}`
          const model = new Model()
          for (const one of operations) await perform(one, { store, model, experiment, stand })
          expect(plainRows((await store.load(experiment)).rows)).toEqual(model.rows())
          for (const id of WRITERS) expect(await store.rowsOf(experiment, id)).toHaveLength(model.of(id).rows.size)
        }),
        { numRuns: 60 },
      )
    })
  })
}

async function perform(
  one: Operation,
  on: { readonly store: Store; readonly model: Model; readonly experiment: string; readonly stand: Stand },
): Promise<void> {
  const { store, model, experiment } = on
  if (one.kind === 'retire') {
    expect(await store.retire(experiment, one.writer, await lead(store, 'leader', experiment))).toBe(true)
    model.of(one.writer).retired = true
  } else if (one.kind === 'forget') {
    expect(await store.forget(experiment, await lead(store, 'leader', experiment))).toBe(true)
    model.forget()
  } else {
    const made = one.kind === 'flush' ? flushOf(one, on) : adoption(one, on)
    const expected = model.flush(made)
    expect(await store.commit(commitOf([made]))).toEqual([expected])
  }
}

function flushOf(
  one: Extract<Operation, { kind: 'flush' }>,
  { model, experiment, stand }: { readonly model: Model; readonly experiment: string; readonly stand: Stand },
): Flush {
  const stored = model.of(one.writer).sequence
  const after = { stored, nothing: 0, more: stored + 1 }[one.after] ?? 0
  const rowOf = (made: (typeof one.rows)[number]): PartialRow =>
    stand.row(made.variant, [made.byte], { slice: made.age < 0 ? -1 : stand.minute - made.age })
  const rows = new Map(one.rows.map((made) => [textOf(rowOf(made)), rowOf(made)]))
  // A key is not written and dropped by the same flush.
  const dropped = one.dropped
    .map(rowOf)
    .filter((row) => !rows.has(textOf(row)))
    .map(keyOf)
  return flush(one.writer, Math.max(1, stored + one.step), { experiment, after, rows: [...rows.values()], dropped })
}

/** The rows of a writer that was given up, as its heir's; of one that was not, nothing. */
function adoption(
  one: Extract<Operation, { kind: 'adopt' }>,
  { model, experiment }: { readonly model: Model; readonly experiment: string },
): Flush {
  const { sequence } = model.of(one.writer)
  const from = model.of(one.from)
  const rows = from.retired && one.from !== one.writer ? [...from.rows.values()] : []
  return flush(one.writer, sequence + 1, { experiment, rows, adopted: [{ writer: one.from, keys: rows.map(keyOf) }] })
}

function textOf({ variant, segmentKey, slice }: Pick<PartialRow, 'variant' | 'segmentKey' | 'slice'>): string {
  return JSON.stringify([variant, segmentKey, slice])
}
