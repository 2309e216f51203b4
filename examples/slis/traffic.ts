// Ten minutes of a shop that measures itself in every way: five of untagged traffic, then five with an experiment of two variants.
import type { Recording } from '../play/recording.ts'

const SHOP = { 'service.name': 'shop' }

export function traffic(to: Recording): void {
  for (let at = 1; at <= 300; at++) second(to, at, {}, 'nobody')
  for (let at = 301; at <= 600; at++)
    for (const variant of ['control', 'treatment']) {
      const tags = { 'experiment.id': 'checkout', 'experiment.variant': variant }
      second(to, at, tags, variant)
      people(to, at, variant)
    }
}

function second(to: Recording, at: number, tags: Record<string, string>, variant: string): void {
  const worse = variant === 'treatment'
  to.spans(SHOP, [
    {
      name: 'POST /checkout',
      at,
      ms: to.duration(worse ? 320 : 250),
      failed: to.chance(worse ? 0.05 : 0.002),
      attributes: { ...tags, 'http.response.status_code': to.chance(0.1) ? 429 : 200, 'http.response.body.size': 9000 },
    },
  ])
  if (to.chance(worse ? 0.04 : 0.01)) to.logs(SHOP, [{ event: 'exception', at, severity: 17, attributes: tags }])
  to.metrics(SHOP, [
    {
      name: 'db.client.operation.duration',
      unit: 's',
      shape: { bounds: [0.01, 0.1, 1] },
      points: [{ at, value: [20, 9, 1, 0], attributes: tags }],
    },
    {
      name: 'process.cpu.utilization',
      unit: '1',
      shape: 'gauge',
      points: [{ at, value: worse ? 0.72 : 0.55, attributes: tags }],
    },
    { name: 'rows.read', unit: '{row}', shape: 'counter', points: [{ at, value: 1000, attributes: tags }] },
    {
      name: 'rows.valid',
      unit: '{row}',
      shape: 'counter',
      points: [{ at, value: worse ? 997 : 1000, attributes: tags }],
    },
    {
      name: 'cost.usd',
      unit: 'USD',
      shape: 'counter',
      points: [{ at, value: worse ? 0.025 : 0.015, attributes: tags }],
    },
    { name: 'requests', unit: '{request}', shape: 'counter', points: [{ at, value: 10, attributes: tags }] },
  ])
}

/** One person a second is exposed; some of them buy, some of those twice. */
function people(to: Recording, at: number, variant: string): void {
  const unit = `${variant}-${at}`
  to.exposures(SHOP, 'checkout', at, { [variant]: [unit] })
  if (!to.chance(variant === 'treatment' ? 0.6 : 0.7)) return
  const purchase = { event: 'purchase', at: at + 0.5, attributes: { 'user.id': unit } }
  to.logs(SHOP, to.chance(0.1) ? [purchase, { ...purchase, at: at + 0.7 }] : [purchase])
}
