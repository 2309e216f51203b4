// Nine pods of the old version and one of the new: better clicks, the same errors, but slower and hotter.
import type { Recording } from '../play/recording.ts'

export function traffic(to: Recording): void {
  for (let at = 1; at <= 600; at++) for (let pod = 0; pod < 10; pod++) second(to, at, pod)
}

function second(to: Recording, at: number, pod: number): void {
  const isNew = pod === 9
  const resource = {
    'service.name': 'ranking',
    'service.version': isNew ? 'v2.0.0' : 'v1.9.0',
    'k8s.deployment.name': 'ranking',
    'k8s.pod.name': `ranking-${pod}`,
  }
  to.spans(resource, [{ name: 'GET /rank', at, ms: to.duration(isNew ? 110 : 60), failed: to.chance(0.001) }])
  const impression = { event: 'impression', at }
  to.logs(resource, to.chance(isNew ? 0.14 : 0.1) ? [impression, { event: 'click', at }] : [impression])
  if (at % 10 === 0)
    to.metrics(resource, [
      {
        name: 'k8s.pod.cpu.utilization',
        unit: '1',
        shape: 'gauge',
        points: [{ at, value: Number(((isNew ? 0.62 : 0.45) + 0.2 * to.random()).toFixed(3)) }],
      },
    ])
}
