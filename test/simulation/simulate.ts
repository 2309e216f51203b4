// A plan, run and checked.
import { checkCounts } from './check-counts.ts'
import { checkEvents } from './check-events.ts'
import type { Plan } from './plan.ts'
import { type Tampering, World } from './world.ts'

export interface Simulated {
  /** Kinds of problems that there are. */
  readonly kinds: ReadonlySet<string>
  readonly world: World
  /** What is not as it must be; empty: all is well. */
  readonly problems: readonly string[]
}

export async function simulate(plan: Plan, tampering?: Tampering): Promise<Simulated> {
  const world = new World(plan, tampering)
  await world.run()
  const problems = [...notReady(world), ...checkCounts(world), ...checkEvents(world)]
  return { world, problems, kinds: new Set(problems.map(kindOf)) }
}

/** What is left of a problem without its numbers and names, near enough. */
function kindOf(problem: string): string {
  return problem
    .replace(/^\S*\/.*?: /, '')
    .replaceAll(/[\w-]*\d[\w-]*|\S+\/\S+/g, '#')
    .slice(0, 40)
}

function notReady({ running, plan }: World): string[] {
  const missing = plan.replicas - running.length
  const problems = missing === 0 ? [] : [`${missing} replicas do not run`]
  for (const [at, { keeper }] of running.entries()) {
    if (!keeper.isLoaded) problems.push(`running replica ${at} has not loaded`)
    for (const problem of keeper.problems) problems.push(`running replica ${at} still has a problem: ${problem}`)
  }
  return problems
}
