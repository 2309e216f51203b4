// Spans and SLIs as the tests of matching write them: what matters is named, the rest is empty.

import type { AttributeValue } from '../../src/model/attributes.ts'
import type { SpanSli } from '../../src/model/slo.ts'
import { SpanRecord } from '../../src/model/span.ts'
import type { Vocabulary } from '../../src/model/vocabulary.ts'

/** An SLI of which every span is a good event. */
export const BASE_SLI: SpanSli = {
  name: 'x',
  from: 'spans',
  where: null,
  badWhen: null,
  good: null,
  ignoreWhen: null,
  value: null,
  goodBelow: null,
  percentiles: [],
}

export interface SpanText {
  readonly name?: string
  readonly kind?: number
  readonly status?: number
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly resource?: Readonly<Record<string, AttributeValue>>
  /** Start and end as [second, nanosecond]. */
  readonly start?: readonly [number, number]
  readonly end?: readonly [number, number]
}

export function spanOf(text: SpanText, vocabulary: Vocabulary): SpanRecord {
  const span = new SpanRecord(vocabulary)
  span.name = text.name ?? ''
  span.kind = text.kind ?? 0
  span.status = text.status ?? 0
  for (const [name, value] of Object.entries(text.attributes ?? {}))
    span.attributes.values[vocabulary.slot(name)] = value
  for (const [name, value] of Object.entries(text.resource ?? {})) span.resource.values[vocabulary.slot(name)] = value
  ;[span.startSecond, span.startNanos] = text.start ?? [0, 0]
  ;[span.endSecond, span.endNanos] = text.end ?? [0, 0]
  return span
}
