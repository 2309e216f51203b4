// The /metrics page over the engine's last numbers, written piece by piece: constant memory, and the event loop gets
// its turn after each piece, so a scrape of any size delays nothing else.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CohortReading, Reading } from '../model/reading.ts'
import { COHORT_METRICS } from './catalogue.ts'
import { cohortLabelText } from './cohort-labels.ts'
import { cohortSampleWriters } from './cohort-samples.ts'
import type { ExpositionFormat } from './exposition-format.ts'
import { CONTENT_TYPES, familyHeader, negotiateFormat, pageEnd } from './exposition-format.ts'
import { globalFamilies, selfFamilies } from './global-samples.ts'
import type { SelfMetrics } from './self-metrics.ts'

/** Characters of a piece; about 0.3 ms of work. */
const PIECE_LENGTH = 64 * 1024
/** Cohorts looked at before the loop gets its turn, whether or not they had anything to say. */
const COHORTS_PER_TURN = 1000

export interface ExpositionInput {
  /** Null before the first tick: then the page tells of the daemon alone. */
  readonly reading: Reading | null
  readonly selfMetrics: SelfMetrics
}

/** The page and its content type for a scraper's Accept header. */
export function metricsPage(
  input: ExpositionInput,
  accept: string | undefined,
): { readonly contentType: string; readonly chunks: AsyncGenerator<Uint8Array> } {
  const format = negotiateFormat(accept)
  return { contentType: CONTENT_TYPES[format], chunks: exposition(input, format) }
}

/** The page's bytes in pieces of about 64 KB. Ticks that pass meanwhile show: one family is read after the other. */
export async function* exposition(input: ExpositionInput, format: ExpositionFormat): AsyncGenerator<Uint8Array> {
  const { reading } = input
  if (reading !== null) {
    yield* cohortFamilies(reading, [...reading.cohorts], format)
    yield* textPieces(globalFamilies(reading, format))
  }
  yield* textPieces(selfFamilies(input.selfMetrics, format))
  const end = pageEnd(format)
  if (end !== '') yield Buffer.from(end)
}

async function* cohortFamilies(
  reading: Reading,
  cohorts: readonly CohortReading[],
  format: ExpositionFormat,
): AsyncGenerator<Uint8Array> {
  const labelsOf = cohortLabelText(reading.segments)
  const labels: string[] = []
  for (const writer of cohortSampleWriters(reading)) {
    let text = ''
    let header = familyHeader(writer.name, COHORT_METRICS[writer.name], format)
    let looked = 0
    for (let at = 0; at < cohorts.length; at++) {
      const lines = writer.samples(cohorts[at], (labels[at] ??= labelsOf(cohorts[at])))
      if (lines !== '') {
        text += header + lines
        header = ''
      }
      if (++looked < COHORTS_PER_TURN && text.length < PIECE_LENGTH) continue
      if (text !== '') yield Buffer.from(text)
      text = ''
      looked = 0
      await nextTurn()
    }
    if (text !== '') yield Buffer.from(text)
  }
}

async function* textPieces(parts: Iterable<string>): AsyncGenerator<Uint8Array> {
  let text = ''
  for (const part of parts) {
    text += part
    if (text.length < PIECE_LENGTH) continue
    yield Buffer.from(text)
    text = ''
    await nextTurn()
  }
  if (text !== '') yield Buffer.from(text)
}
