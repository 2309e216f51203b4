// A smaller plan that fails too: without what does not matter. Tries to leave out ever smaller stretches of the actions, then spans of what
// is left; bounded, since the first readable story is worth more than the shortest.
import type { Action, Plan } from './plan.ts'

/** Whether the plan still fails. */
type Fails = (plan: Plan) => Promise<boolean>

export async function shrink(plan: Plan, fails: Fails, options: { readonly attempts: number }): Promise<Plan> {
  let left = options.attempts
  const stillFails = async (smaller: Plan): Promise<boolean> => left-- > 0 && (await fails(smaller))
  const fewer = await withoutStretches(plan, stillFails)
  const thinner = await withFewerSpans(fewer, stillFails)
  return withoutStretches(thinner, stillFails)
}

async function withoutStretches(plan: Plan, stillFails: Fails): Promise<Plan> {
  let smallest = plan
  for (
    let length = Math.ceil(plan.actions.length / 2);
    length >= 1;
    length = length === 1 ? 0 : Math.ceil(length / 2)
  ) {
    for (let from = smallest.actions.length - length; from > -length; from -= length) {
      const actions = smallest.actions.toSpliced(Math.max(0, from), length + Math.min(0, from))
      if (await stillFails({ ...smallest, actions })) smallest = { ...smallest, actions }
    }
  }
  return smallest
}

async function withFewerSpans(plan: Plan, stillFails: Fails): Promise<Plan> {
  let smallest = plan
  for (const [at, action] of plan.actions.entries()) {
    if (action.kind !== 'send') continue
    for (let span = action.spans.length - 1; span >= 0; span--) {
      const now = smallest.actions[at]
      if (now.kind !== 'send' || now.spans.length === 1) break
      const thinner: Action = { ...now, spans: now.spans.toSpliced(span, 1) }
      const candidate = { ...smallest, actions: smallest.actions.with(at, thinner) }
      if (await stillFails(candidate)) smallest = candidate
    }
  }
  return smallest
}
