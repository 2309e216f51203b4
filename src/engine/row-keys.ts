// Rows of the store by what they belong to: cohort, slice, writer.
import type { AdoptedRows, RowKey, WriterState } from '../model/partial.ts'
import type { AdoptedKey } from './own-partials.ts'
import type { TrackedCohort } from './tracked-cohort.ts'

export function keyOf(tracked: TrackedCohort, slice: number): RowKey {
  return { variant: tracked.variant, segmentKey: tracked.cohort.segmentKey, slice }
}

/** The last minute that a writer changes no more; one that is gone changes nothing. */
export function lastSealed({ sealedMinute, retired }: WriterState): number {
  return retired ? Infinity : sealedMinute
}

/** The key alone. */
export function bare({ variant, segmentKey, slice }: RowKey): RowKey {
  return { variant, segmentKey, slice }
}

export function byWriter(adopted: readonly AdoptedKey[]): AdoptedRows[] {
  const writers = new Map<string, RowKey[]>()
  for (const { writer, key } of adopted) {
    const keys = writers.get(writer)
    if (keys === undefined) writers.set(writer, [key])
    else keys.push(key)
  }
  return [...writers].map(([writer, keys]) => ({ writer, keys }))
}

export function byCohort<Row extends RowKey>(rows: readonly Row[]): [Omit<RowKey, 'slice'>, Row[]][] {
  const cohorts = new Map<string, [Omit<RowKey, 'slice'>, Row[]]>()
  for (const row of rows) {
    const name = JSON.stringify([row.variant, row.segmentKey])
    const found = cohorts.get(name)
    if (found === undefined) cohorts.set(name, [row, [row]])
    else found[1].push(row)
  }
  return [...cohorts.values()]
}
