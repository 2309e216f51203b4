// Five reads a second of each schema. From the fifth minute on a column is read wrongly, for one row in fifty.
import type { Recording } from '../play/recording.ts'

const ORDERS = { 'service.name': 'orders' }
const READS = 5

export function traffic(to: Recording): void {
  for (let at = 1; at <= 600; at++) {
    reads(to, at, 'old', 12)
    reads(to, at, 'shadow', 9)
    comparisons(to, at)
  }
}

function reads(to: Recording, at: number, variant: string, median: number): void {
  const read = () => ({ name: 'read', at, ms: to.duration(median), attributes: tagsOf(variant) })
  to.spans(ORDERS, Array.from({ length: READS }, read))
}

function comparisons(to: Recording, at: number): void {
  const comparison = () => {
    const result = at > 300 && to.chance(0.02) ? 'different' : 'same'
    return { event: 'comparison', at, attributes: { ...tagsOf('shadow'), 'comparison.result': result } }
  }
  to.logs(ORDERS, Array.from({ length: READS }, comparison))
}

function tagsOf(variant: string): Record<string, string> {
  return { 'experiment.id': 'orders-schema', 'experiment.variant': variant }
}
