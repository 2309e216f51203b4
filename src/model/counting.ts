// What the two sides of an SLI's counts mean.
import type { Sli } from './slo.ts'

/**
 * `judged`: good and bad events. `good_of_valid`: the numerator counts good events, the denominator all valid ones, each at its own time.
 * `bad_of_valid`: the numerator counts bad ones. `amount`: the numerator is an amount such as a cost; it burns as bad events do, against an
 * upper bound.
 */
export type Counting = 'judged' | 'good_of_valid' | 'bad_of_valid' | 'amount'

/** What the sides of the SLI's counts mean. */
export function countingOf(sli: Sli): Counting {
  if (sli.from === 'ratio') return sli.numeratorIs === 'amount' ? 'amount' : `${sli.numeratorIs}_of_valid`
  if (sli.from === 'ingest') return 'good_of_valid'
  if (sli.from !== 'events' || sli.valid.kind === 'judged') return 'judged'
  return sli.good === null && sli.badWhen !== null ? 'bad_of_valid' : 'good_of_valid'
}
