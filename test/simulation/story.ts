// A plan in plain words, in the order of time, and what came out of it.
import type { Action, FaultPlan, Plan, RequestPlan, SpanPlan } from './plan.ts'

const SHOWN_PROBLEMS = 12

export function tell(plan: Plan, problems: readonly string[]): string {
  const { seed, ack, store, replicas, endMs } = plan
  const where = store === 'shared' ? 'a shared store' : 'a store of its own'
  const lines = [
    `Seed ${seed}: ${replicas === 1 ? 'one replica' : `${replicas} replicas`} on ${where}, acknowledging ${ack === 'durable' ? 'durably' : 'in memory'}.`,
    ...plan.actions.map((action) => `  ${clock(action.atMs)}  ${sentence(action)}`),
    `  ${clock(endMs)}  all faults end`,
    'Then:',
    ...problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  ${problem}`),
  ]
  if (problems.length > SHOWN_PROBLEMS) lines.push(`  and ${problems.length - SHOWN_PROBLEMS} more`)
  return lines.join('\n')
}

function sentence(action: Action): string {
  return action.kind === 'send' ? request(action) : fault(action)
}

function request({ number, spans, replica, mishap }: RequestPlan): string {
  const to = replica === null ? 'some replica' : `replica ${replica}`
  const how = mishap === 'none' ? '' : `; at first: ${mishap}`
  return `request ${number} to ${to}: ${spans.map(span).join('; ')}${how}`
}

function span({ ageMs, slow, error, service, trace, tags }: SpanPlan): string {
  const words = [error ? 'an error' : 'a success', ...(slow ? ['slow'] : []), `of ${service}, trace ${trace},`]
  const belongs = tags.length === 0 ? 'without a tag' : `in ${tags.map((tag) => tag.join('=')).join(' and ')}`
  const age = ageMs >= 0 ? `${seconds(ageMs)} old` : `${seconds(-ageMs)} ahead`
  return [...words, `${age},`, belongs].join(' ')
}

function fault(one: FaultPlan): string {
  switch (one.kind) {
    case 'crash':
      return `replica ${one.replica} is killed, and started again after ${seconds(one.downMs)}`
    case 'restart':
      return `replica ${one.replica} is stopped, and started again after ${seconds(one.downMs)}`
    case 'pause':
      return `replica ${one.replica} does nothing for ${seconds(one.forMs)}`
    case 'clock step':
      return `the wall clock of replica ${one.replica} jumps by ${seconds(one.byMs)}`
    case 'outage':
      return `${one.replica === null ? 'nobody' : `replica ${one.replica}`} ${one.replica === null ? 'reaches' : 'does not reach'} the store for ${seconds(one.forMs)}; calls ${one.hangs ? 'are not answered' : 'are refused'}`
    case 'slow':
      return `calls to the store take up to ${seconds(one.upToMs)} each way for ${seconds(one.forMs)}${one.reorders ? ', and overtake each other' : ''}`
    case 'flaky':
      return `of the calls to the store ${Math.round(one.share * 100)} % are cut off for ${seconds(one.forMs)}`
    case 'failover':
      return `another server goes on with what the store held ${seconds(one.backMs)} before`
    case 'emptied':
      return 'the store comes back empty'
    case 'evicted':
      return `the store evicts all that it has of ${one.experiment}`
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}

function clock(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  return `${String(minutes).padStart(2)}:${((ms % 60_000) / 1000).toFixed(3).padStart(6, '0')}`
}
