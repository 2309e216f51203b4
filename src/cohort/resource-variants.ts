// Variants that only the resource tells: pods of a canary, versions, node pools. Rules are compiled to slots once.
import type { AttributedRecord, AttributeValue } from '../model/attributes.ts'
import { type Matcher, RESOURCE_FIELD_PREFIX } from '../model/matcher.ts'
import type { ResourceVariantRule } from '../model/settings.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { compileMatcher, POINT_FIELDS } from './matching.ts'
import { attributeOfField } from './vocabulary.ts'

/** Gives the variant of a record of the experiment; undefined: the rule says nothing of it. */
export interface ResourceVariant {
  readonly experiment: string
  readonly variantOf: (record: AttributedRecord) => AttributeValue | undefined
}

export function compileResourceVariants(
  rules: readonly ResourceVariantRule[],
  vocabulary: Vocabulary,
): ResourceVariant[] {
  return rules.map((rule) => {
    const where = rule.where === null ? null : compileMatcher(ofResource(rule.where), vocabulary, POINT_FIELDS)
    const named = namedVariant(rule, vocabulary)
    return {
      experiment: rule.experiment,
      variantOf: (record) => (where === null || where(record) ? named(record) : undefined),
    }
  })
}

function namedVariant(
  { attribute, variant, variants, others }: ResourceVariantRule,
  vocabulary: Vocabulary,
): ResourceVariant['variantOf'] {
  if (attribute === null) return () => variant ?? undefined
  const slot = vocabulary.slot(attribute)
  if (variants === null) return ({ resource }) => resource.values[slot]
  return ({ resource }) => {
    const value = resource.values[slot]
    if (value === undefined || value === null) return undefined
    const named = variants.get(String(value))
    if (named !== undefined) return named
    if (typeof others === 'object') return others.variant
    return others === 'itself' ? value : undefined
  }
}

/** The same conditions, each on the resource alone. */
function ofResource(matcher: Matcher): Matcher {
  return matcher.map((conditions) =>
    conditions.map(({ field, anyOf }) => ({
      field: `${RESOURCE_FIELD_PREFIX}${attributeOfField(field) ?? field}`,
      anyOf,
    })),
  )
}
