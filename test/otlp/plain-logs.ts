// Log records as plain data, for tests; spans.ts for spans.
import type { LogRecord } from '../../src/model/log.ts'
import type { Vocabulary } from '../../src/model/vocabulary.ts'
import { type PlainAttributes, plainAttributes } from './spans.ts'

export interface PlainLog {
  readonly traceId: string
  readonly time: bigint
  readonly severity: number
  readonly eventName: string
  readonly attributes: PlainAttributes
  readonly resource: PlainAttributes
}

/** All log records that a decoder gives for a body. */
export function decodeLogs(
  decoder: { decode(body: Uint8Array, sink: (record: LogRecord) => void): number },
  body: Uint8Array,
  vocabulary: Vocabulary,
): PlainLog[] {
  const logs: PlainLog[] = []
  const count = decoder.decode(body, (record) =>
    logs.push({
      traceId: [...record.traceId].map((word) => word.toString(16).padStart(8, '0')).join(''),
      time: BigInt(record.second) * 1_000_000_000n + BigInt(record.nanos),
      severity: record.severity,
      eventName: record.eventName,
      attributes: plainAttributes(record.attributes, vocabulary),
      resource: plainAttributes(record.resource, vocabulary),
    }),
  )
  if (count !== logs.length) throw new Error(`decode returned ${count} for ${logs.length} records`)
  return logs
}
