// More hits and faster answers, of which too many are out of date.
import type { Recording } from '../play/recording.ts'

const CATALOGUE = { 'service.name': 'catalogue' }

export function traffic(to: Recording): void {
  for (let at = 1; at <= 600; at++) {
    second(to, at, 'control', { hits: 75, stale: 0.002 })
    second(to, at, 'treatment', { hits: 92, stale: 0.04 })
  }
}

function second(to: Recording, at: number, variant: string, of: { hits: number; stale: number }): void {
  const tags = { 'experiment.id': 'cache-ttl', 'experiment.variant': variant }
  const isHit = to.chance(of.hits / 100)
  to.spans(CATALOGUE, [{ name: 'GET /product', at, ms: to.duration(isHit ? 8 : 60), attributes: tags }])
  if (to.chance(of.stale)) to.logs(CATALOGUE, [{ event: 'answer.stale', at, severity: 13, attributes: tags }])
  const points = [
    { at, value: of.hits, attributes: { ...tags, 'cache.hit': true } },
    { at, value: 100 - of.hits, attributes: { ...tags, 'cache.hit': false } },
  ]
  to.metrics(CATALOGUE, [{ name: 'cache.lookups', unit: '{lookup}', shape: 'counter', points }])
}
