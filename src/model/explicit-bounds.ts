// The bounds of explicit histograms. All points of an instrument have the same: they share one copy, so that to compare, to copy and to check them is
// done once.
import type { NumberRow } from './number-row.ts'

/** Bounds that are shared, at most, and how many a histogram has for that: no instrument has more. */
const SLOTS = 256
const MOST_BOUNDS = 1024

export class ExplicitBounds {
  readonly values: Float64Array
  /** Whether all are finite and each is above the one before it. */
  readonly areAscending: boolean
  /** The ends of all buckets, where those without one are taken to end at their neighbour. */
  readonly edges: Float64Array

  constructor(values: Float64Array) {
    this.values = values
    this.areAscending = values.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > values[at - 1]))
    this.edges = edgesOf(values)
  }

  equals(other: ExplicitBounds): boolean {
    return other === this || this.#has(other.values, other.values.length)
  }

  isRow({ values, length }: NumberRow): boolean {
    return this.#has(values, length)
  }

  #has(values: Float64Array, length: number): boolean {
    if (length !== this.values.length) return false
    for (let at = 0; at < length; at++) if (this.values[at] !== values[at]) return false
    return true
  }
}

export const NO_BOUNDS = new ExplicitBounds(new Float64Array(0))
const shared: ExplicitBounds[] = Array.from({ length: SLOTS }, () => NO_BOUNDS)
let latest = NO_BOUNDS

/** The shared copy of these bounds. Two with the same bounds are nearly always the same object; equals() tells where they are not. */
export function sharedBounds(row: NumberRow): ExplicitBounds {
  if (row.length === 0) return NO_BOUNDS
  if (row.length > MOST_BOUNDS) return new ExplicitBounds(row.values.slice(0, row.length))
  if (latest.isRow(row)) return latest
  const slot = slotOf(row)
  if (!shared[slot].isRow(row)) shared[slot] = new ExplicitBounds(row.values.slice(0, row.length))
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
