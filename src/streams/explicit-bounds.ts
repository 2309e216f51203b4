// The bounds of explicit histograms. All series of an instrument have the same: they share one copy, so that to compare is to look whether it is the
// same one.
import type { NumberRow } from '../model/metric-point.ts'

/** Bounds that are shared, at most. */
const SLOTS = 256

export class ExplicitBounds {
  /** Ascending. */
  readonly values: Float64Array
  /**
   * The ends of all buckets where those without one are taken to end at their neighbour; null where a bound is infinite.
   */
  readonly edges: Float64Array | null

  constructor(values: Float64Array) {
    this.values = values
    this.edges = values.every(Number.isFinite) ? edgesOf(values) : null
  }

  has({ values, length }: NumberRow): boolean {
    if (length !== this.values.length) return false
    for (let at = 0; at < length; at++) if (this.values[at] !== values[at]) return false
    return true
  }
}

const NO_BOUNDS = new ExplicitBounds(new Float64Array(0))
const shared: ExplicitBounds[] = Array.from({ length: SLOTS }, () => NO_BOUNDS)
let latest = NO_BOUNDS

/** The shared copy of these bounds. Two with the same bounds are nearly always the same object, and may be compared by has() when they are not. */
export function sharedBounds(row: NumberRow): ExplicitBounds {
  if (latest.has(row)) return latest
  const slot = slotOf(row)
  if (!shared[slot].has(row)) shared[slot] = new ExplicitBounds(row.values.slice(0, row.length))
  latest = shared[slot]
  return latest
}

function edgesOf(values: Float64Array): Float64Array {
  const edges = new Float64Array(values.length + 2)
  edges.set(values, 1)
  edges[0] = values[0] > 0 ? 0 : values[0]
  edges[values.length + 1] = Math.max(values[values.length - 1], 0)
  return edges
}

function slotOf({ values, length }: NumberRow): number {
  let hash = length
  for (let at = 0; at < length; at++) hash = (hash * 31 + values[at] * 1e6) % 2_147_483_647
  return Math.abs(Math.floor(hash)) % SLOTS || 0
}
