// `npm run simulate`: many seeds, one after the other; a failing one is told as the shortest story that fails alike.
//
//   npm run simulate -- [--seeds 1000] [--from 1] [--seed 17] [--durable | --memory] [--long]
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { generate } from './generate.ts'
import type { Ack, Plan } from './plan.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import { tell } from './story.ts'

const SHRINK_ATTEMPTS = 600
const STORIES = 3
const PROGRESS_EVERY = 100

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    durable: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
  },
})
const ack: Ack | null = values.durable ? 'durable' : values.memory ? 'memory' : null
const from = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const failed: number[] = []
let requests = 0
let faults = 0
const began = performance.now()
for (let seed = from; seed < from + count; seed++) {
  const plan = generate(seed, { ack, long: values.long })
  requests += plan.actions.filter(({ kind }) => kind === 'send').length
  faults += plan.actions.filter(({ kind }) => kind !== 'send').length
  const { problems, kinds } = await simulate(plan)
  if (problems.length > 0) {
    failed.push(seed)
    if (failed.length <= STORIES) console.log(await storyOf(plan, kinds))
  }
  if ((seed - from + 1) % PROGRESS_EVERY === 0)
    console.log(`${seed - from + 1} of ${count} seeds, ${failed.length} failed`)
}
const seconds = ((performance.now() - began) / 1000).toFixed(1)
console.log(`${count} seeds, ${requests} requests, ${faults} faults in ${seconds} s: ${failed.length} failed`)
if (failed.length > 0) {
  console.log(`failed: ${failed.join(' ')}`)
  process.exitCode = 1
}

/** The shortest plan that fails alike. */
async function storyOf(plan: Plan, kinds: ReadonlySet<string>): Promise<string> {
  const failsAlike = async (smaller: Plan): Promise<boolean> => !(await simulate(smaller)).kinds.isDisjointFrom(kinds)
  const smallest = await shrink(plan, failsAlike, { attempts: SHRINK_ATTEMPTS })
  return tell(smallest, (await simulate(smallest)).problems)
}
