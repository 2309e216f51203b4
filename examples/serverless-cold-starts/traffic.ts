// The larger function is faster and starts cold less often, for more money than was agreed.
import type { Recording } from '../play/recording.ts'

const LARGER = { cold: 0.02, warmMs: 120, coldMs: 700, cost: 0.0045 }
const SMALLER = { cold: 0.08, warmMs: 180, coldMs: 1500, cost: 0.002 }

export function traffic(to: Recording): void {
  for (let at = 1; at <= 600; at++) {
    invocations(to, at, 'control', SMALLER)
    invocations(to, at, 'treatment', LARGER)
  }
}

function invocations(to: Recording, at: number, variant: string, of: typeof LARGER): void {
  const resource = { 'service.name': 'thumbnails', 'faas.name': 'thumbnails' }
  const tags = { 'experiment.id': 'memory-size', 'experiment.variant': variant }
  const isCold = to.chance(of.cold)
  const ms = to.duration(isCold ? of.coldMs : of.warmMs)
  to.spans(resource, [{ name: 'thumbnail', at, ms, attributes: { ...tags, 'faas.coldstart': isCold } }])
  if (at % 10 !== 0) return
  to.metrics(resource, [
    { name: 'faas.cost', unit: 'USD', shape: 'counter', points: [{ at, value: of.cost, attributes: tags }] },
    { name: 'faas.invocations', unit: '{invocation}', shape: 'counter', points: [{ at, value: 10, attributes: tags }] },
  ])
}
