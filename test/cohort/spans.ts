// Spans as the cohort tests write them: attributes by name, filled in as a decoder would.

import type { AttributeSet, AttributeValue } from '../../src/model/attributes.ts'
import type { EngineSettings, TagRule } from '../../src/model/settings.ts'
import { SpanRecord } from '../../src/model/span.ts'
import type { Vocabulary } from '../../src/model/vocabulary.ts'

export type Attributes = Readonly<Record<string, AttributeValue>>

export interface SpanText {
  readonly span?: Attributes
  readonly events?: readonly Attributes[]
  readonly resource?: Attributes
}

export const DEFAULT_TAGS: readonly TagRule[] = [
  { kind: 'pair', experiment: 'experiment.id', variant: ['experiment.variant'] },
  { kind: 'pair', experiment: 'feature_flag.key', variant: ['feature_flag.result.variant', 'feature_flag.variant'] },
  { kind: 'prefix', prefix: 'experiment.variant_of.' },
]

export function spanOf(text: SpanText, vocabulary: Vocabulary): SpanRecord {
  const span = new SpanRecord(vocabulary)
  fill(span.attributes, text.span ?? {}, vocabulary)
  fill(span.resource, text.resource ?? {}, vocabulary)
  for (const event of text.events ?? []) fill(span.nextEvent('feature_flag', true).attributes, event, vocabulary)
  return span
}

function fill(set: AttributeSet, attributes: Attributes, vocabulary: Vocabulary): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (vocabulary.names.includes(name)) set.values[vocabulary.slot(name)] = value
    vocabulary.prefixes.forEach((prefix, index) => {
      if (name.startsWith(prefix)) set.addPrefixed(index, name.slice(prefix.length), value)
    })
  }
}

export type CohortSettings = Pick<EngineSettings, 'limits' | 'controls' | 'segments' | 'experiments'>

export function cohortSettings(
  limits: Partial<EngineSettings['limits']> = {},
  rest: Partial<Omit<CohortSettings, 'limits'>> = {},
): CohortSettings {
  return {
    limits: {
      experiments: 500,
      variantsPerExperiment: 50,
      cohortsPerExperiment: 1000,
      idleExpiryMs: 86_400_000,
      pendingBytes: 1 << 20,
      unitsPerExperiment: 65_536,
      ...limits,
    },
    controls: ['control', 'baseline'],
    segments: ['service.name'],
    experiments: [],
    ...rest,
  }
}
