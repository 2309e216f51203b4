// What remains of a record once every SLI has judged it: enough to count it in any cohort, now or when its trace is known.

export const NO_EVENT = 0
export const GOOD = 1
export const BAD = 2

/** One record's outcomes, reused from request to request. */
export class Observation {
  /** Four big-endian words; all zero: no trace. */
  readonly traceId = new Uint32Array(4)
  /** The second that ends at or after the record's end: slice s holds (s - 1, s]. */
  second = 0
  /** End in Unix milliseconds, for lateness. */
  endMs = 0
  weight = 1
  /** By SLI: NO_EVENT, GOOD or BAD. */
  readonly outcomes: Uint8Array
  /** By SLI: the value measured; NaN where there is none. */
  readonly values: Float64Array
  /** Segment values joined as segmentKey() does. */
  segmentKey = ''
  /** Index into TRANSPORTS. */
  transport = 0

  constructor(sliCount: number) {
    this.outcomes = new Uint8Array(sliCount)
    this.values = new Float64Array(sliCount)
  }
}

const SEPARATOR = '\u0000'

/** One text for the values of a cohort's segments; segmentValues() takes it apart. */
export function segmentKey(values: readonly string[]): string {
  return values.length === 1 ? values[0] : values.join(SEPARATOR)
}

export function segmentValues(key: string, count: number): string[] {
  return count === 0 ? [] : count === 1 ? [key] : key.split(SEPARATOR)
}
