import { describe, expect, test } from 'vitest'
import { type IntakeParts, RequestIntake } from '../../src/daemon/request-intake.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { Written } from '../../src/store/keeper/requests.ts'
import type { Claim } from '../../src/store/port.ts'
import { engineSettings } from '../engine/settings.ts'
import { EPOCH_MS, request, span, variantOf } from '../engine/traffic.ts'

/** A keeper whose writes end as the test says. */
class Writes {
  readonly asked: string[] = []
  readonly claims: (readonly string[])[] = []
  claimed: (experiment: string) => Claim = () => 'ours'
  #waiting = new Map<string, PromiseWithResolvers<Written>>()

  counted(identity: string): Promise<Written> {
    this.asked.push(identity)
    const waiting = Promise.withResolvers<Written>()
    this.#waiting.set(identity, waiting)
    return waiting.promise
  }

  waitWith(identity: string): Promise<Written> | null {
    return this.#waiting.get(identity)?.promise ?? null
  }

  async claim(_identity: string, experiments: readonly string[]): Promise<Claim[]> {
    this.claims.push(experiments)
    return experiments.map(this.claimed)
  }

  end(identity: string, written: Written): void {
    this.#waiting.get(identity)?.resolve(written)
    this.#waiting.delete(identity)
  }
}

function intake(changed: Partial<IntakeParts> = {}): {
  take: RequestIntake
  engine: Engine
  writes: Writes
  recorded: string[]
} {
  const engine = new Engine(engineSettings({}), EPOCH_MS)
  const writes = new Writes()
  const recorded: string[] = []
  const take = new RequestIntake({
    engine,
    keeper: writes,
    ack: 'durable',
    shared: false,
    refusal: () => null,
    onAccepted: ({ identity }) => recorded.push(identity),
    ...changed,
  })
  return { take, engine, writes, recorded }
}

function twoSpans(identity: string) {
  const [a, b] = ['a', 'b'].map((id) => span({ endMs: EPOCH_MS, attributes: variantOf(id, 'treatment') }))
  return request([a, b], { identity })
}

function received(engine: Engine): { attributed: number; duplicate: number } {
  const { attributed = 0, duplicate = 0 } = engine.items().traces as Record<string, number>
  return { attributed, duplicate }
}

describe('acknowledging in memory', () => {
  test('answers at once, and tells the keeper which requests were counted, each once', () => {
    const { take, engine, writes, recorded } = intake({ ack: 'memory' })
    const answers = [1, 2].map(() => take.consume(twoSpans('r1'), EPOCH_MS))
    expect(answers).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }])
    expect([writes.asked, recorded]).toEqual([['r1'], ['r1', 'r1']])
    expect(received(engine)).toEqual({ attributed: 2, duplicate: 2 })
  })
})

describe('acknowledging durably', () => {
  test('answers when the request is written; one that comes again meanwhile waits with it', async () => {
    const { take, engine, writes } = intake()
    const answers: string[] = []
    const send = (name: string): Promise<void> =>
      Promise.resolve(take.consume(twoSpans('r1'), EPOCH_MS)).then(({ kind }) => void answers.push(`${name} ${kind}`))
    const both = [send('first'), send('second')]
    await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toEqual([])
    writes.end('r1', 'written')
    await Promise.all(both)
    expect(answers).toEqual(['first accepted', 'second accepted'])
    expect(received(engine)).toEqual({ attributed: 2, duplicate: 2 })
    await send('third')
    expect(answers[2]).toBe('third accepted')
  })

  test.each(['failed', 'undone'] as const)('asks the sender to come again where the write has %s', async (written) => {
    const { take, writes } = intake()
    const answer = Promise.resolve(take.consume(twoSpans('r1'), EPOCH_MS))
    writes.end('r1', written)
    expect(await answer).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 2 })
  })

  test('counts nothing new while nothing can be promised, and says why', async () => {
    const { take, engine, writes } = intake({ refusal: () => 'the disk is full' })
    const answer = await take.consume(twoSpans('r1'), EPOCH_MS)
    expect(answer).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('the disk is full') })
    expect([received(engine).attributed, writes.asked]).toEqual([0, []])
  })

  test('refuses malformed bytes at once', () => {
    const { take } = intake()
    const broken = { ...twoSpans('r1'), body: new Uint8Array([255, 255]) }
    expect(take.consume(broken, EPOCH_MS)).toMatchObject({ kind: 'malformed' })
  })
})

describe('acknowledging durably where replicas share the store', () => {
  test('claims the request for each of its experiments before it counts', async () => {
    const { take, engine, writes } = intake({ shared: true })
    const answer = Promise.resolve(take.consume(twoSpans('r1'), EPOCH_MS))
    expect(received(engine).attributed).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    writes.end('r1', 'written')
    expect((await answer).kind).toBe('accepted')
    expect(writes.claims.map((asked) => asked.toSorted())).toEqual([['a', 'b']])
  })

  test('counts for those experiments alone that no other replica has counted', async () => {
    const { take, engine, writes } = intake({ shared: true })
    writes.claimed = (experiment) => (experiment === 'a' ? 'counted' : 'ours')
    const answer = Promise.resolve(take.consume(twoSpans('r1'), EPOCH_MS))
    await new Promise((resolve) => setImmediate(resolve))
    writes.end('r1', 'written')
    expect((await answer).kind).toBe('accepted')
    expect(engine.tracked().map(({ experiment }) => experiment)).toEqual(['b'])
  })

  test('counts nothing that others have counted whole, and acknowledges it', async () => {
    const { take, engine, writes } = intake({ shared: true })
    writes.claimed = () => 'counted'
    expect(await take.consume(twoSpans('r1'), EPOCH_MS)).toMatchObject({ kind: 'accepted', refused: 0 })
    expect(received(engine)).toEqual({ attributed: 0, duplicate: 2 })
    expect([writes.asked, engine.tracked()]).toEqual([[], []])
  })

  test.each([
    ['another replica may be at it', (): Claim => 'busy'],
    [
      'the store cannot be asked',
      (): Claim => {
        throw new Error('Redis is away')
      },
    ],
  ])('asks the sender to come again where %s', async (_, claimed) => {
    const { take, engine, writes } = intake({ shared: true })
    writes.claimed = claimed
    expect((await take.consume(twoSpans('r1'), EPOCH_MS)).kind).toBe('unavailable')
    expect(received(engine).attributed).toBe(0)
  })
})
