// The lower limit turns away three times as many, and spares the database: fewer errors for the others.
import type { Recording } from '../play/recording.ts'

export function traffic(to: Recording): void {
  for (let at = 1; at <= 600; at++) {
    request(to, at, 'control', { limited: 0.05, failed: 0.006 })
    request(to, at, 'treatment', { limited: 0.15, failed: 0.002 })
  }
}

function request(to: Recording, at: number, variant: string, share: { limited: number; failed: number }): void {
  const status = to.chance(share.limited) ? 429 : to.chance(share.failed) ? 503 : 200
  const attributes = {
    'experiment.id': 'lower-limit',
    'experiment.variant': variant,
    'http.response.status_code': status,
  }
  to.spans({ 'service.name': 'api' }, [{ name: 'GET /items', at, ms: to.duration(40), attributes }])
}
