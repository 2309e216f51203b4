// Fifty seeds for every `npm test`; more of them: npm run simulate. And that a broken rule does not go unnoticed.
import { describe, expect, test } from 'vitest'
import { forgetsRows, givesAllClaims, tellsOfUnwritten, writesOldRows } from './broken-stores.ts'
import { generate } from './generate.ts'
import type { Plan } from './plan.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import { tell } from './story.ts'
import type { Tampering } from './world.ts'

const SEEDS = 50
const GROUPS = 10

describe('replicas, clients and a store in trouble', () => {
  test.each(Array.from({ length: GROUPS }, (_, group) => group * (SEEDS / GROUPS) + 1))(
    'count exactly and tell once: seeds from %i',
    async (from) => {
      for (let seed = from; seed < from + SEEDS / GROUPS; seed++) {
        const plan = generate(seed)
        const { problems } = await simulate(plan)
        expect(problems, tell(plan, problems)).toEqual([])
      }
    },
  )

  test('do the same for the same seed', async () => {
    const [one, other] = [await simulate(generate(3)), await simulate(generate(3))]
    const storyOf = ({ world }: typeof one): unknown => [world.acts, world.server.events]
    expect(storyOf(one)).toEqual(storyOf(other))
    expect(one.world.acts.length).toBeGreaterThan(0)
  })
})

describe('the simulation finds', () => {
  const seeds = Array.from({ length: 12 }, (_, at) => generate(at + 1))

  test.each<[string, Tampering, RegExp]>([
    ['a store that writes old rows over later ones', writesOldRows, /tells .* is right/],
    ['a store that says "written" of what it has not', forgetsRows, /tells .* is right/],
    ['a store that gives every claim to everybody', givesAllClaims, /was acknowledged and counted 2 times/],
    ['a store that loses publications and does not say so', tellsOfUnwritten, /by the events these fire/],
  ])('%s', async (_, tampering, says) => {
    const found: string[] = []
    for (const plan of seeds) {
      found.push(...(await simulate(plan, tampering)).problems)
      if (found.some((problem) => says.test(problem))) break
    }
    expect(found).toContainEqual(expect.stringMatching(says))
  })

  test('the shortest story', async () => {
    const fails = async (plan: Plan): Promise<boolean> => (await simulate(plan, forgetsRows)).problems.length > 0
    const plan = seeds[2]
    expect(await fails(plan)).toBe(true)
    const smallest = await shrink(plan, fails, { attempts: 150 })
    expect(smallest.actions.length).toBeLessThan(plan.actions.length / 3)
    const { problems } = await simulate(smallest, forgetsRows)
    expect(tell(smallest, problems)).toMatch(/request \d+ to some replica: .*\n(.*\n)*Then:\n {2}.*is right/)
  })
})
