// Rows as fields and values of a hash. Field: JSON of variant, segment key, slice, for people to read. Value: the newest second in six
// bytes, most significant first, then the partial's own bytes.
import type { PartialRow, RowKey, WriterState } from '../port.ts'
import type { Reply } from './connection.ts'

const SECOND_BYTES = 6

export function fieldOf({ variant, segmentKey, slice }: RowKey): string {
  return JSON.stringify([variant, segmentKey, slice])
}

export function valueOf({ bytes, newestSecond }: PartialRow): Buffer {
  const value = Buffer.allocUnsafe(SECOND_BYTES + bytes.length)
  value.writeUIntBE(Math.max(0, Math.floor(newestSecond)), 0, SECOND_BYTES)
  value.set(bytes, SECOND_BYTES)
  return value
}

/** The bytes are a copy of their own. */
export function rowOf(field: Reply, value: Reply): PartialRow {
  const [variant, segmentKey, slice] = JSON.parse(String(field)) as [string, string, number]
  const packed = value as Buffer
  const bytes = Uint8Array.prototype.slice.call(packed, SECOND_BYTES)
  return { variant, segmentKey, slice, bytes: new Uint8Array(bytes), newestSecond: packed.readUIntBE(0, SECOND_BYTES) }
}

/** The field of a cohort's alerts. */
export function cohortField({
  variant,
  segmentKey,
}: {
  readonly variant: string
  readonly segmentKey: string
}): string {
  return JSON.stringify([variant, segmentKey])
}

export function cohortOf(field: Reply): { variant: string; segmentKey: string } {
  const [variant, segmentKey] = JSON.parse(String(field)) as [string, string]
  return { variant, segmentKey }
}

/** A writer's record as the scripts write it. */
export function writerStateOf(writer: string, record: string): WriterState {
  const { sequence, sealed, name, heir } = JSON.parse(record) as {
    sequence: number
    sealed: number
    name?: string
    heir?: string
  }
  return { writer, sequence, sealedMinute: sealed, name: name ?? null, retired: heir !== undefined }
}
