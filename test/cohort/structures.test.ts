import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Interner, NONE } from '../../src/cohort/interner.ts'
import { ParkedSpans } from '../../src/cohort/parked-spans.ts'
import { TagPaths } from '../../src/cohort/tag-paths.ts'
import { TraceTable } from '../../src/cohort/trace-table.ts'
import { Observation } from '../../src/model/observation.ts'
import { observationOf, SLI_COUNT } from './traffic.ts'

describe('the trace table', () => {
  test('equals a map in order of last sight, whatever is inserted, seen and removed', () => {
    const id = fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 2 })))
    const step = fc.record({ id, act: fc.constantFrom('see', 'see', 'remove', 'removeOldest') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const table = new TraceTable(1 << 10)
        const model = new Map<string, { traceId: Uint32Array; nowMs: number }>()
        for (const [nowMs, { id, act }] of steps.entries()) {
          const traceId = Uint32Array.from(id)
          const entry = table.find(traceId)
          expect(entry !== NONE).toBe(model.has(id.join()))
          if (act === 'see') {
            see(table, traceId, nowMs)
            model.delete(id.join())
            model.set(id.join(), { traceId, nowMs })
          } else if (act === 'removeOldest' && table.count > 0) {
            table.remove(table.oldest)
            model.delete([...model.keys()][0])
          } else if (entry !== NONE) {
            table.remove(entry)
            model.delete(id.join())
          }
          expect(table.count).toBe(model.size)
        }
        for (const { traceId, nowMs } of model.values()) {
          expect(table.lastMs(table.find(traceId))).toBe(nowMs)
          expect(table.oldest).toBe(table.find(traceId))
          table.remove(table.oldest)
        }
        expect([table.count, table.oldest]).toEqual([0, NONE])
      }),
      { numRuns: 60 },
    )
  })

  test('finds every one of thousands of ids that differ in one word, through growth and deletion of every third', () => {
    const table = new TraceTable(1 << 14)
    const ids = Array.from({ length: 8000 }, (_, at) => {
      const traceId = new Uint32Array(4)
      traceId[at % 4] = (Math.floor(at / 4) + 1) << (at % 3 === 0 ? 0 : 16)
      return traceId
    })
    for (const id of ids) see(table, id, 0)
    const distinct = new Set(ids.map((id) => id.join())).size
    expect(table.count).toBe(distinct)
    for (const [at, id] of ids.entries()) if (at % 3 === 0 && table.find(id) !== NONE) table.remove(table.find(id))
    const kept = new Set(ids.map((id) => id.join()))
    for (const [at, id] of ids.entries()) if (at % 3 === 0) kept.delete(id.join())
    expect(ids.filter((id) => kept.has(id.join()) !== (table.find(id) !== NONE))).toEqual([])
    expect(table.count).toBe(kept.size)
  })

  test('refuses to grow past its capacity', () => {
    const table = new TraceTable(64)
    for (let at = 1; at <= 64; at++) see(table, Uint32Array.of(0, 0, 0, at), 0)
    expect(table.makeRoom()).toBe(false)
    table.remove(table.oldest)
    expect(table.makeRoom()).toBe(true)
  })
})

function see(table: TraceTable, traceId: Uint32Array, nowMs: number): void {
  const entry = table.find(traceId)
  if (entry !== NONE) table.touch(entry, nowMs)
  else {
    expect(table.makeRoom()).toBe(true)
    table.insert(traceId, nowMs)
  }
}

describe('the ring of parked spans', () => {
  test('gives back what was put in, in order, across the wrap-around of slots and of sequence numbers', () => {
    const step = fc.record({ push: fc.nat(100), shift: fc.nat(100) })
    const firstSequence = fc.constantFrom(0, 40, 2 ** 31 - 1, 2 ** 31 - 70)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), firstSequence, (steps, firstSequence) => {
        const ring = new ParkedSpans({ sliCount: SLI_COUNT, maxCapacity: 1 << 12, firstSequence })
        const model: { sequence: number; span: number }[] = []
        let span = 0
        for (const { push, shift } of steps) {
          for (let at = 0; at < push && ring.makeRoom(); at++, span++) {
            model.push({ sequence: pushInto(ring, span), span })
          }
          for (let at = 0; at < shift && ring.count > 0; at++, model.shift()) ring.shift()
          expect(ring.count).toBe(model.length)
          for (const { sequence, span } of model) {
            expect(readFrom(ring, sequence)).toEqual(asRead(span))
            expect(heldIn(ring, sequence)).toEqual(heldAs(span))
          }
          if (model.length > 0) expect(ring.oldest).toBe(model[0].sequence)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('refuses to grow past its capacity, and shrinks when empty', () => {
    const ring = new ParkedSpans({ sliCount: SLI_COUNT, maxCapacity: 256 })
    const atFirst = ring.bytes
    while (ring.makeRoom()) pushInto(ring, ring.count)
    expect(ring.count).toBe(256)
    ring.shrink()
    expect(ring.count).toBe(256)
    while (ring.count > 0) ring.shift()
    ring.shrink()
    expect(ring.bytes).toBe(atFirst)
    const sequence = pushInto(ring, 7)
    expect(readFrom(ring, sequence)).toEqual(asRead(7))
  })
})

function readFrom(ring: ParkedSpans, sequence: number): Observation {
  const into = new Observation(SLI_COUNT)
  ring.read(sequence, into)
  return into
}

function heldAs(span: number): { receivedMs: number; trace: number; key: number; flags: number } {
  return { receivedMs: span, trace: span % 5, key: span % 7, flags: span % 4 }
}

function pushInto(ring: ParkedSpans, span: number): number {
  const sequence = ring.push(observationOf(1, span), span)
  ring.setTrace(sequence, heldAs(span).trace)
  ring.setKey(sequence, heldAs(span).key)
  ring.addFlags(sequence, heldAs(span).flags)
  return sequence
}

function heldIn(ring: ParkedSpans, sequence: number): ReturnType<typeof heldAs> {
  return {
    receivedMs: ring.receivedMs(sequence),
    trace: ring.trace(sequence),
    key: ring.key(sequence),
    flags: ring.flags(sequence),
  }
}

/** The ring keeps neither trace id nor segment key. */
function asRead(span: number): Observation {
  const observation = observationOf(0, span)
  observation.segmentKey = ''
  return observation
}

function steps(paths: TagPaths, id: number): string[] {
  const names: string[] = []
  for (let step = paths.path(id); step !== null; step = step.previous) names.push(`${step.experiment}=${step.variant}`)
  return names.toReversed()
}

describe('the paths of tags', () => {
  test('that are equal are the same, and others are not', () => {
    const paths = new TagPaths(10_000)
    const a = paths.extend(NONE, 'a', 'x')
    expect(paths.extend(NONE, 'a', 'x')).toBe(a)
    expect(paths.extend(NONE, 'a', 'y')).not.toBe(a)
    const ab = paths.extend(a, 'b', 'x')
    expect(paths.extend(a, 'b', 'x')).toBe(ab)
    expect(steps(paths, ab)).toEqual(['a=x', 'b=x'])
    expect([paths.knows(ab, 'a'), paths.knows(ab, 'b'), paths.knows(ab, 'x'), paths.knows(NONE, 'a')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  test('that are equal to those of a naive model go with the last trace', () => {
    const tag = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'))
    const step = fc.record({ trace: fc.nat(5), tag, leave: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (acts) => {
        const paths = new TagPaths(1 << 20)
        const traces = new Map<number, { id: number; tags: string[] }>()
        for (const { trace, tag, leave } of acts) {
          const at = traces.get(trace) ?? { id: NONE, tags: [] }
          if (leave) {
            paths.leave(at.id)
            traces.delete(trace)
          } else {
            const id = paths.extend(at.id, ...tag)
            traces.set(trace, { id, tags: [...at.tags, tag.join('=')] })
          }
          for (const { id, tags } of traces.values()) expect(steps(paths, id)).toEqual(tags)
          const distinct = new Set([...traces.values()].map(({ id }) => id)).size
          expect(new Set([...traces.values()].map(({ tags }) => tags.join())).size).toBe(distinct)
        }
        for (const { id } of traces.values()) paths.leave(id)
        expect(paths.bytes).toBe(0)
      }),
    )
  })

  test('past the bound are refused, those that are there are not', () => {
    const paths = new TagPaths(1000)
    const a = paths.extend(NONE, 'a', 'x'.repeat(200))
    expect(paths.extend(a, 'b', 'y')).toBe(NONE)
    expect(paths.bytes).toBeLessThanOrEqual(1000)
    expect(paths.extend(NONE, 'a', 'x'.repeat(200))).toBe(a)
    paths.leave(a)
    paths.leave(a)
    expect(paths.bytes).toBe(0)
  })
})

describe('the interner', () => {
  test('holds a text once, until its last reference is given back', () => {
    const interner = new Interner(1000)
    const id = interner.acquire('shop')
    expect(interner.acquire('cart')).not.toBe(id)
    expect(interner.acquire('shop')).toBe(id)
    interner.release(id)
    expect(interner.text(id)).toBe('shop')
    interner.release(id)
    const before = interner.bytes
    interner.release(interner.acquire('shop'))
    expect(interner.bytes).toBe(before)
  })

  test('refuses a new text past its bound and takes those that it has', () => {
    const interner = new Interner(450)
    const first = interner.acquire('a'.repeat(100))
    expect(interner.acquire('b'.repeat(100))).toBe(NONE)
    expect(interner.bytes).toBeLessThanOrEqual(450)
    expect(interner.acquire('a'.repeat(100))).toBe(first)
    interner.release(first)
    interner.release(first)
    expect(interner.bytes).toBe(0)
    expect(interner.acquire('b'.repeat(100))).not.toBe(NONE)
  })

  test('the empty text is a text', () => {
    const interner = new Interner(1000)
    const id = interner.acquire('')
    expect([interner.acquire(''), interner.text(id)]).toEqual([id, ''])
  })
})
