// Why a flush or a publication is not to be written, by what the store knows: the same in every store that computes it here. The Redis
// store's scripts say it once more.
import type { Flush, FlushOutcome, Publication, PublicationOutcome } from './port.ts'

/** Null: it is to be written. `known`: the store's account of the writer; null where it has none. */
export function flushRefusal(
  { sequence, after }: Flush,
  known: { readonly sequence: number; readonly retired: boolean } | null,
): FlushOutcome | null {
  if (known !== null && known.sequence >= sequence) return 'written'
  if (known?.retired === true) return 'retired'
  return (known?.sequence ?? 0) < after ? 'lost' : null
}

/** Null: it is to be written. `known`: the sequence of the latest publication; `isCurrent`: whether the token is. */
export function publicationRefusal(
  { sequence }: Publication,
  parts: { readonly isCurrent: boolean; readonly known: number; readonly anew: boolean },
): PublicationOutcome | null {
  if (!parts.isCurrent) return 'stale'
  if (parts.known >= sequence) return 'published'
  return !parts.anew && parts.known < sequence - 1 ? 'lost' : null
}
