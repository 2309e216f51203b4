import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JournalKeeper } from './restart.ts'
import { Player } from './traffic.ts'

const WAIT_MS = 100
/** A trace that is in no arrival: its tagged span makes a moment known to the journal. */
const CLOCK_TRACE = 99

interface Arrival {
  readonly trace: number
  /** Null: the span has no tag. */
  readonly tags: Readonly<Record<string, string>> | null
}

type Act = { readonly arrive: Arrival } | 'advance' | 'commit' | 'crash' | 'stop'

interface Step {
  readonly act: Act
  readonly laterMs: number
}

const experiment = fc.constantFrom('a', 'b', 'c')
const tags = fc.dictionary(experiment, fc.constantFrom('x', 'y'), { minKeys: 1, maxKeys: 3 })

function steps(options: { traces: number; ends: readonly ('crash' | 'stop')[]; length: number }): fc.Arbitrary<Step[]> {
  const arrive = fc.record({
    trace: fc.integer({ min: 1, max: options.traces }),
    tags: fc.option(tags, { freq: 2 }),
  })
  const act = fc.oneof(
    { weight: 12, arbitrary: fc.record({ arrive }) },
    { weight: 1, arbitrary: fc.constant<Act>('advance') },
    { weight: 3, arbitrary: fc.constant<Act>('commit') },
    { weight: 1, arbitrary: fc.constantFrom<Act>(...options.ends) },
  )
  const laterMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 }), fc.constantFrom(WAIT_MS, WAIT_MS + 1))
  return fc.array(fc.record({ act, laterMs }), { maxLength: options.length, size: 'max' })
}

function play(player: Player, arrival: Arrival, at: { nowMs: number; span: number }): void {
  if (arrival.tags === null) player.untagged(at.nowMs, arrival.trace, at.span)
  else player.tagged(at.nowMs, arrival.trace, arrival.tags)
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}

/** Everything that can be told of a delivery, in an order that does not depend on when it was made. */
function delivered(player: Player): string[] {
  return player.seen
    .map(
      (seen, at) =>
        `${player.deliveries[at]} ${[...seen.traceId, ...seen.values, ...seen.outcomes].join()} ${seen.segmentKey} ` +
        `${seen.endMs} ${seen.weight} ${seen.transport}`,
    )
    .toSorted()
}

function expectAlike(player: Player, twin: Player): void {
  const { traces } = player
  expect([traces.pendingItems, traces.parkedItems, traces.traceCount]).toEqual([
    twin.traces.pendingItems,
    twin.traces.parkedItems,
    twin.traces.traceCount,
  ])
}

test.each(['crash', 'stop'] as const)(
  'whatever arrives, and however often the process ends (%s), everything ends as if it had gone on',
  (end) => {
    fc.assert(
      fc.property(
        steps({ traces: 4, ends: [end], length: 150 }),
        fc.subarray(['a', 'b', 'c'], { maxLength: 2 }),
        (played, refused) => {
          const player = new Player({ waitMs: WAIT_MS, refused, journal: end === 'crash' })
          const twin = new Player({ waitMs: WAIT_MS, refused })
          const keeper = new JournalKeeper()
          let nowMs = 0
          for (const [span, { act, laterMs }] of played.entries()) {
            nowMs += laterMs
            if (act === 'advance') for (const each of [player, twin]) each.traces.advance(nowMs)
            else if (act === 'commit') keeper.commit(player)
            else if (typeof act === 'object') for (const each of [player, twin]) play(each, act.arrive, { nowMs, span })
            else {
              for (const each of [player, twin]) each.tagged(nowMs, CLOCK_TRACE, { a: 'x' })
              if (end === 'crash') keeper.commit(player)
              else keeper.stop(player)
              keeper.restart(player, nowMs)
              expectAlike(player, twin)
            }
          }
          for (const each of [player, twin]) each.traces.advance(nowMs + 3 * WAIT_MS)
          expect(delivered(player)).toEqual(delivered(twin))
          expect(ascending(player.firsts)).toEqual(ascending(twin.firsts))
          expect(player.releases.toSorted()).toEqual(twin.releases.toSorted())
          expect(ascending(player.transports)).toEqual(ascending(twin.transports))
          expectAlike(player, twin)
        },
      ),
      { numRuns: 400 },
    )
  },
)

test('where a commit is caught in its middle, what it had counted for unwritten experiments is counted again, and nothing else', () => {
  fc.assert(
    fc.property(
      steps({ traces: 3, ends: ['crash'], length: 120 }),
      fc.infiniteStream(fc.subarray(['a', 'b', 'c'])),
      (played, unwrittenSets) => {
        const player = new Player({ waitMs: WAIT_MS, journal: true })
        const twin = new Player({ waitMs: WAIT_MS })
        const keeper = new JournalKeeper()
        const lost: string[] = []
        let committed = 0
        let nowMs = 0
        for (const [span, { act, laterMs }] of played.entries()) {
          nowMs += laterMs
          if (act === 'commit') {
            keeper.commit(player)
            committed = player.deliveries.length
          } else if (act === 'crash') {
            for (const each of [player, twin]) each.tagged(nowMs, CLOCK_TRACE, { d: 'x' })
            const [unwritten] = unwrittenSets.take(1)
            keeper.commit(player, unwritten)
            const since = player.deliveries.slice(committed)
            lost.push(...since.filter((delivery) => unwritten.some((id) => delivery.includes(` ${id}=`))))
            keeper.restart(player, nowMs)
            expectAlike(player, twin)
            // The flushes of the new process are written with its first entry.
            keeper.commit(player)
            committed = player.deliveries.length
          } else if (typeof act === 'object') {
            for (const each of [player, twin]) play(each, act.arrive, { nowMs, span })
          }
        }
        expect(player.deliveries.toSorted()).toEqual([...twin.deliveries, ...lost].toSorted())
        expect(ascending(player.firsts)).toEqual(ascending(twin.firsts))
      },
    ),
    { numRuns: 300 },
  )
})

test('however little room there is, no span is counted twice for an experiment over restarts, and each process ends what it holds', () => {
  fc.assert(
    fc.property(
      steps({ traces: 300, ends: ['crash', 'stop'], length: 700 }),
      fc.integer({ min: 9000, max: 30_000 }),
      (played, maxBytes) => {
        const player = new Player({ waitMs: WAIT_MS, maxBytes, journal: true })
        const keeper = new JournalKeeper()
        let received = 0
        let nowMs = 0
        for (const [span, { act, laterMs }] of played.entries()) {
          nowMs += Math.min(laterMs, 3)
          if (act === 'commit') keeper.commit(player)
          else if (act === 'crash' || act === 'stop') {
            if (act === 'crash') keeper.commit(player)
            else keeper.stop(player)
            received -= player.traces.pendingItems
            keeper.restart(player, nowMs)
            received += player.traces.pendingItems
          } else if (typeof act === 'object') {
            if (act.arrive.tags === null) received++
            play(player, act.arrive, { nowMs, span })
          }
          expect(player.firsts.length + player.releases.length + player.traces.pendingItems).toBe(received)
        }
        const pairs = player.deliveries.map((delivery) => delivery.split('=')[0])
        expect(new Set(pairs).size).toBe(pairs.length)
      },
    ),
    { numRuns: 60 },
  )
})
