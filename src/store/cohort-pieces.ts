// How cohorts cross from one thread to another: packed into pieces of about a megabyte, so that each crosses without
// being copied by the runtime and no piece holds the event loop for long.
import type { CohortState } from './port.ts'

const PIECE_BYTES = 1 << 20
const PIECE_COHORTS = 1024

/** Some cohorts, column by column; their partials lie one after the other in `bytes`. */
export interface CohortPiece {
  readonly experiments: readonly string[]
  readonly variants: readonly string[]
  readonly segmentKeys: readonly string[]
  readonly alerts: readonly string[]
  readonly lengths: readonly number[]
  /** Owns its buffer, which may be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Packs lazily: a piece is made when it is asked for. The partials are copied. */
export function* packCohorts(cohorts: Iterable<CohortState>): Generator<CohortPiece> {
  let held: CohortState[] = []
  let size = 0
  for (const cohort of cohorts) {
    held.push(cohort)
    size += cohort.partial.length
    if (size < PIECE_BYTES && held.length < PIECE_COHORTS) continue
    yield pack(held, size)
    held = []
    size = 0
  }
  if (held.length > 0) yield pack(held, size)
}

/** The cohorts of a piece; their partials are views of its bytes. */
export function* unpackCohorts(piece: CohortPiece): Generator<CohortState> {
  let at = 0
  for (const [index, experiment] of piece.experiments.entries()) {
    const end = at + piece.lengths[index]
    yield {
      experiment,
      variant: piece.variants[index],
      segmentKey: piece.segmentKeys[index],
      partial: piece.bytes.subarray(at, end),
      alerts: piece.alerts[index],
    }
    at = end
  }
}

function pack(cohorts: readonly CohortState[], size: number): CohortPiece {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const { partial } of cohorts) {
    bytes.set(partial, at)
    at += partial.length
  }
  return {
    experiments: cohorts.map((cohort) => cohort.experiment),
    variants: cohorts.map((cohort) => cohort.variant),
    segmentKeys: cohorts.map((cohort) => cohort.segmentKey),
    alerts: cohorts.map((cohort) => cohort.alerts),
    lengths: cohorts.map((cohort) => cohort.partial.length),
    bytes,
  }
}
