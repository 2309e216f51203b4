// How a request of spans goes into cohorts and into trace inheritance, and what survives of it: the way of its items without an engine.
import { describe, expect, test } from 'vitest'
import { EngineParts } from '../../src/engine/engine-parts.ts'
import { ItemIntake } from '../../src/engine/items.ts'
import { Ledger } from '../../src/engine/ledger.ts'
import { INHERITANCE } from '../../src/engine/request-scope.ts'
import type { EngineSettings } from '../../src/model/settings.ts'
import { AVAILABILITY, engineSettings, LATENCY } from '../engine/settings.ts'
import { EPOCH_MS, request, type SpanSketch, span, variantOf } from '../engine/traffic.ts'

const TRACE_A = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
const TRACE_B = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

/** Notes what is counted as "experiment=variant", a span each. */
class Process {
  readonly counted: string[] = []
  readonly ledger: Ledger
  readonly intake: ItemIntake

  constructor(changes: Partial<EngineSettings> = {}) {
    const { settings, registry, units } = new EngineParts(engineSettings(changes), EPOCH_MS, {})
    this.ledger = new Ledger((signal) => this.intake.pendingItems(signal))
    this.intake = new ItemIntake({
      settings,
      registry,
      ledger: this.ledger,
      counter: {
        count: ({ variant, experiment }) => {
          if (!experiment.isUntagged) this.counted.push(`${experiment.id}=${variant.name}`)
        },
        contribute: () => {},
        seeStream: () => {},
      },
      units,
      view: { startMs: EPOCH_MS, youngMs: Infinity },
      journal: true,
    })
  }

  send(sketches: readonly Partial<SpanSketch>[], skip: readonly string[] = []) {
    return this.intake.consume(requestOf(sketches), EPOCH_MS, { skip: new Set(skip) })
  }

  foresee(sketches: readonly Partial<SpanSketch>[], nowMs = EPOCH_MS) {
    return this.intake.experimentsOf(requestOf(sketches), nowMs)?.toSorted() ?? null
  }

  get touched() {
    const { experiments, journal } = this.intake.lastTouched
    return [...experiments, ...(journal ? [INHERITANCE] : [])].toSorted()
  }

  items() {
    return this.ledger.report('traces')
  }
}

function requestOf(sketches: readonly Partial<SpanSketch>[]) {
  return request(sketches.map((sketch) => span({ endMs: EPOCH_MS, ...sketch })))
}

const MALFORMED = { ...requestOf([]), body: Uint8Array.of(0xff, 0xff) }
const untagged = { traceId: TRACE_A }
const inA = (experiment: string, traceId = TRACE_A) => ({ traceId, attributes: variantOf(experiment, 'treatment') })

describe('what a request touches', () => {
  const requests: Readonly<Record<string, { sketches: readonly Partial<SpanSketch>[]; touches: readonly string[] }>> = {
    'is nothing where there is no span': { sketches: [], touches: [] },
    'is the experiment of a tagged span without a trace': {
      sketches: [{ attributes: variantOf('a', 'x') }],
      touches: ['a'],
    },
    'is the inheritance too where the span has a trace': { sketches: [inA('a')], touches: ['', 'a'] },
    'is each experiment once': { sketches: [inA('a'), inA('b', TRACE_B), inA('a')], touches: ['', 'a', 'b'] },
    'is nothing where spans have neither tag nor trace': { sketches: [{}], touches: [] },
    'is the inheritance for an untagged span': { sketches: [untagged], touches: [''] },
    'is nothing for spans that are late or in the future': {
      sketches: [
        { ...inA('a'), endMs: EPOCH_MS - 60_001 },
        { ...untagged, endMs: EPOCH_MS + 60_001 },
      ],
      touches: [],
    },
  }
  test.each(Object.entries(requests))('%s', (_name, { sketches, touches }) => {
    const process = new Process()
    expect(process.foresee(sketches)).toEqual(touches)
    process.send(sketches)
    expect(process.touched).toEqual(touches)
  })

  test('is also what its trace is known to belong to', () => {
    const process = new Process()
    process.send([inA('a'), inA('b')])
    expect(process.foresee([untagged])).toEqual(['', 'a', 'b'])
    expect(process.foresee([untagged], EPOCH_MS + 10_001)).toEqual([''])
    process.send([untagged])
    expect(process.touched).toEqual(['', 'a', 'b'])
  })

  test('is nothing in the inheritance where nothing is inherited', () => {
    const process = new Process({ inheritMs: 0 })
    process.send([inA('a'), untagged])
    expect(process.touched).toEqual(['a'])
    expect(process.foresee([inA('a'), untagged])).toEqual(['a'])
  })

  test('is not an experiment that a limit refused', () => {
    const process = new Process({ limits: { ...engineSettings().limits, experiments: 1 } })
    process.send([inA('a'), inA('b')])
    expect(process.touched).toEqual(['', 'a'])
  })

  test('is told without changing anything', () => {
    const process = new Process()
    const long = { traceId: TRACE_A, attributes: variantOf('n'.repeat(300), 'x') }
    expect(process.foresee([inA('a'), untagged, long])).toEqual(['', 'a'])
    expect([process.counted, process.items(), process.touched]).toEqual([[], {}, []])
    expect([process.intake.unusableTags, process.intake.takeJournal()]).toEqual([0, null])
  })

  test('is not told of malformed bytes, and is nothing', () => {
    const process = new Process()
    process.send([inA('a')])
    expect(process.intake.experimentsOf(MALFORMED, EPOCH_MS)).toBe(null)
    expect(process.touched).toEqual(['', 'a'])
    process.intake.consume(MALFORMED, EPOCH_MS)
    expect(process.touched).toEqual([])
  })
})

describe('a request that another replica has counted in part', () => {
  test('is not counted for an experiment to skip, and booked as if it were', () => {
    const process = new Process()
    process.send([inA('a'), inA('b')], ['a'])
    expect([process.counted, process.touched]).toEqual([['b=treatment'], ['', 'b']])
    expect(process.items()).toMatchObject({ received: 2, attributed: 2, pending: 0 })
  })

  test('neither waits nor tells its traces where the inheritance is to be skipped', () => {
    const process = new Process()
    process.send([untagged, inA('a', TRACE_B)], [INHERITANCE])
    expect([process.counted, process.touched]).toEqual([['a=treatment'], ['a']])
    expect(process.items()).toMatchObject({ received: 2, attributed: 1, duplicate: 1, pending: 0 })
    expect(process.intake.takeJournal()).toBe(null)
    expect(process.foresee([{ traceId: TRACE_B }])).toEqual([''])
  })

  test('still ends spans that take no part in the inheritance', () => {
    const process = new Process()
    process.send([{}], [INHERITANCE])
    expect(process.items()).toMatchObject({ received: 1, unattributed: 1, duplicate: 0 })
  })

  test('gives its tags to spans that waited for them here, whatever is skipped of itself', () => {
    const process = new Process()
    process.send([untagged])
    process.send([inA('a')], ['a'])
    expect([process.counted, process.touched]).toEqual([['a=treatment'], ['', 'a']])
    expect(process.items()).toMatchObject({ received: 2, attributed: 2, pending: 0 })
  })
})

describe('a process that takes over', () => {
  /** The entries that a process leaves which has taken these requests, each with its own commit. */
  function entriesOf(requests: readonly (readonly Partial<SpanSketch>[])[], changes: Partial<EngineSettings> = {}) {
    const process = new Process(changes)
    return requests.map((sketches) => {
      process.send(sketches)
      return { ...process.intake.takeJournal()!, unwritten: [] }
    })
  }

  test('has the pending spans once more as received, and those that were attributed not', () => {
    const process = new Process()
    const restored = process.intake.restore(
      entriesOf([[untagged], [inA('a', TRACE_B)], [{ traceId: TRACE_B }]]),
      EPOCH_MS,
    )
    expect(restored).toMatchObject({ parkedItems: 2, pendingItems: 1, traces: 2 })
    expect([process.counted, process.items()]).toEqual([
      [],
      { received: 1, attributed: 0, unattributed: 0, pending: 1, duplicate: 0, refused: {} },
    ])
    process.send([inA('a')])
    expect(process.counted).toEqual(['a=treatment', 'a=treatment'])
    expect(process.items()).toMatchObject({ received: 2, attributed: 2, pending: 0 })
    process.intake.advance(EPOCH_MS + 60_000)
    expect(process.items()).toMatchObject({ received: 2, attributed: 2, unattributed: 0, pending: 0 })
  })

  test('goes on the same from all that waited at a stop in order', () => {
    const before = new Process()
    before.send([untagged, inA('a', TRACE_B)])
    const process = new Process()
    process.intake.restore([{ ...before.intake.encodeWaiting()!, unwritten: [] }], EPOCH_MS)
    process.send([{ traceId: TRACE_B }, inA('b')])
    expect(process.counted.toSorted()).toEqual(['a=treatment', 'b=treatment', 'b=treatment'])
    expect(process.items()).toMatchObject({ received: 3, attributed: 3, pending: 0 })
  })

  test('counts again for an experiment that was unwritten, and books nothing for it', () => {
    const [first, second] = entriesOf([[untagged], [inA('a')]])
    const process = new Process()
    process.intake.restore([first, { ...second, unwritten: ['a'] }], EPOCH_MS)
    expect([process.counted, process.items()]).toEqual([['a=treatment'], {}])
  })

  test('counts each span once when the request of a caught commit is sent again', () => {
    const requests = [[untagged], [inA('a'), inA('b'), { traceId: TRACE_A, kind: 2 }]]
    const [first, second] = entriesOf(requests)
    const process = new Process()
    process.intake.restore([first, { ...second, unwritten: ['a'] }], EPOCH_MS)
    // The journal and the flush of b were written, that of a was not.
    process.send(requests[1], [INHERITANCE, 'b'])
    expect(process.counted).toEqual(['a=treatment', 'a=treatment', 'a=treatment'])
  })

  test.each<[string, Partial<EngineSettings>]>([
    ['fewer SLIs', { slis: [AVAILABILITY] }],
    ['SLIs in another order', { slis: [LATENCY, AVAILABILITY] }],
    ['SLIs of other names', { slis: [AVAILABILITY, { ...LATENCY, name: 'speed' }] }],
    ['other segments', { segments: ['service.name', 'region'] }],
  ])('passes over what waited under a configuration with %s', (_name, changes) => {
    const process = new Process(changes)
    const restored = process.intake.restore(entriesOf([[untagged, untagged]]), EPOCH_MS)
    expect(restored).toMatchObject({ parkedItems: 0, foreign: { entries: 1, spans: 2 } })
  })

  test('takes what waited under one that differs in what it does not depend on', () => {
    const process = new Process({ slos: [], inheritMs: 5000, tags: [] })
    expect(process.intake.restore(entriesOf([[untagged]]), EPOCH_MS)).toMatchObject({ pendingItems: 1 })
  })
})
