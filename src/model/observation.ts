// What remains of a span or log record once every SLI has judged it: enough to count it in any cohort, now or when its trace is known.

// Outcomes: which sides of an SLI a record counts on. For SLIs that judge each event these are good and bad; for those that compare two
// kinds of events, numerator and denominator, and one record may be both.
export const NO_EVENT = 0
export const GOOD = 1
export const BAD = 2
export const NUMERATOR = GOOD
export const DENOMINATOR = BAD

/** One record's outcomes, reused from request to request. */
export class Observation {
  /** Four big-endian words; all zero: no trace. */
  readonly traceId = new Uint32Array(4)
  /** The second that ends at or after the record's end: slice s holds (s - 1, s]. */
  second = 0
  /** End in Unix milliseconds, for lateness. */
  endMs = 0
  weight = 1
  /** By SLI: NO_EVENT, or bits of GOOD and BAD (NUMERATOR and DENOMINATOR). */
  readonly outcomes: Uint8Array
  /** By SLI: the value measured; NaN where there is none. */
  readonly values: Float64Array
  /** Segment values joined as segmentKey() does. */
  segmentKey = ''
  /** Index into TRANSPORTS. */
  transport = 0
  /** Whether it is of a log record; else of a span. */
  isLog = false
  /** Whether it is of an event within a span: counted like any record, but no item of its own in the ledger. */
  isPart = false

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
