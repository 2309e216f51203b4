// Which of two accounts of one experiment is the later one: the archive's, or the store's?
//
// Writers decide it. Their numbers only grow, so per writer the later account is known, and accounts of different writers simply add up.
// One thing does not add up: when a writer is gone, another one adopts its rows, and from then on an account of the adopter holds
// what an earlier account of the gone writer holds too; stores forget writers that have no rows left, so it may not show. While only
// one side has gone on, its account replaces the other's. Where each has something that the other has not, only who runs them can
// know whether the same items are in both under different names: that is refused unless he says that they are not, and refused in
// any case where a writer of both was given up.
import type { StoredExperiment, WriterRow, WriterState } from '../store/port.ts'

export interface ArchivedWriter {
  readonly writer: string
  readonly sequence: number
  readonly sealedMinute: number
  readonly retired: boolean
}

/**
 * `new`: the store has no counts. `same`: both know the same flushes. `known`: the store has all of it, and went on. `later`: the archive goes on
 * where the store stands. `beside`: each has something that the other has not. `forked`: as well, and surely something twice.
 */
export type Stage = 'new' | 'same' | 'known' | 'later' | 'beside' | 'forked'

/** Compares by writers alone. */
export function stageOf(archived: readonly ArchivedWriter[], stored: readonly WriterState[]): Stage {
  const inStore = byName(stored)
  const inArchive = byName(archived)
  // Of one that has written nothing the store knows only that it was given up.
  const counted = stored.filter(({ sequence }) => sequence > 0)
  const archiveWentOn = archived.some(({ writer, sequence }) => (inStore.get(writer)?.sequence ?? 0) < sequence)
  const storeWentOn = counted.some(({ writer, sequence, retired }) => {
    const other = inArchive.get(writer)
    return other === undefined || other.sequence < sequence || (retired && !other.retired)
  })
  if (!archiveWentOn) return storeWentOn ? 'known' : 'same'
  const overtaken = archived.some(({ writer, sequence }) => {
    const other = inStore.get(writer)
    return other?.retired === true && other.sequence < sequence
  })
  if (overtaken) return 'forked'
  if (counted.length === 0) return 'new'
  if (!storeWentOn) return 'later'
  const givenUp = archived.some(({ writer, retired }) => {
    const other = inStore.get(writer)
    return other !== undefined && (retired || other.retired)
  })
  return givenUp ? 'forked' : 'beside'
}

/** Rows of the store that the archive's account of the same writer has no more: folded into its history, or adopted by another writer. */
export function rowsGone(writer: string, archived: readonly WriterRow[], stored: StoredExperiment): WriterRow[] {
  const kept = new Set(archived.filter((row) => row.writer === writer).map(keyOf))
  return stored.rows.filter((row) => row.writer === writer && !kept.has(keyOf(row)))
}

function byName<Writer extends { readonly writer: string }>(writers: readonly Writer[]): ReadonlyMap<string, Writer> {
  return new Map(writers.map((writer) => [writer.writer, writer]))
}

function keyOf({ variant, segmentKey, slice }: WriterRow): string {
  return JSON.stringify([variant, segmentKey, slice])
}
