// Ten rehearsals of ten minutes: the treatment fails from the first minute on, until the flag is off.
import type { Recording } from '../play/recording.ts'

const REHEARSALS = 10
const LENGTH_S = 600
const BROKEN_AT_S = 60

export function traffic(to: Recording): void {
  for (let rehearsal = 0; rehearsal < REHEARSALS; rehearsal++) rehearse(to, rehearsal)
}

function rehearse(to: Recording, rehearsal: number): void {
  const isStuck = rehearsal === 6
  const seconds = isStuck ? 95 : Math.round(20 + 25 * to.random())
  for (let second = 1; second <= LENGTH_S; second++) {
    const at = rehearsal * LENGTH_S + second
    const isBroken = second > BROKEN_AT_S && second <= BROKEN_AT_S + seconds
    request(to, at, 'control', false)
    request(to, at, 'treatment', isBroken)
    if (second === BROKEN_AT_S + seconds)
      to.logs({ 'service.name': 'automation' }, [
        {
          event: 'rollback.done',
          at,
          attributes: {
            ...tagsOf('treatment'),
            'rollback.seconds': seconds,
            'rollback.outcome': isStuck ? 'failed' : 'done',
          },
        },
      ])
  }
}

function request(to: Recording, at: number, variant: string, failed: boolean): void {
  to.spans({ 'service.name': 'shop' }, [
    { name: 'GET /', at, ms: to.duration(50), failed, attributes: tagsOf(variant) },
  ])
}

function tagsOf(variant: string): Record<string, string> {
  return { 'experiment.id': 'rehearsal', 'experiment.variant': variant }
}
