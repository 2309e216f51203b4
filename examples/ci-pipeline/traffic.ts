// Two days with a build every half hour on each kind of runner: the new ones are quicker, and fail more.
import type { Recording } from '../play/recording.ts'

const HALF_HOUR_S = 1800

export function traffic(to: Recording): void {
  for (let at = HALF_HOUR_S; at <= 96 * HALF_HOUR_S; at += HALF_HOUR_S) {
    build(to, at, 'control', { minutes: 8, failed: 0.08 })
    build(to, at + 60, 'treatment', { minutes: 5, failed: 0.3 })
  }
}

function build(to: Recording, at: number, variant: string, of: { minutes: number; failed: number }): void {
  const attributes = { 'experiment.id': 'runners', 'experiment.variant': variant }
  const ms = to.duration(of.minutes * 60_000, 0.25)
  to.spans({ 'service.name': 'ci' }, [
    { name: 'build', kind: 'internal', at, ms, failed: to.chance(of.failed), attributes },
  ])
}
