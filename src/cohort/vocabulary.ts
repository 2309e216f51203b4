// What the decoders must read: every attribute that a tag rule, a segment or an SLI of the settings names, and no other.
import { type Matcher, RECORD_FIELDS, RESOURCE_FIELD_PREFIX } from '../model/matcher.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { Sli } from '../model/slo.ts'
import { Vocabulary } from '../model/vocabulary.ts'

/** The attribute names and key prefixes that these settings look at. */
export function vocabularyFor(settings: Pick<EngineSettings, 'tags' | 'segments' | 'slis'>): Vocabulary {
  const names: string[] = []
  const prefixes: string[] = []
  for (const rule of settings.tags) {
    if (rule.kind === 'prefix') prefixes.push(rule.prefix)
    else names.push(rule.experiment, ...rule.variant)
  }
  names.push(...settings.segments)
  const fields = settings.slis.flatMap(fieldsOf)
  for (const field of fields) {
    const name = attributeOfField(field)
    if (name !== null) names.push(name)
  }
  for (const { value } of settings.slis) if (value?.kind === 'attribute') names.push(value.name)
  return new Vocabulary({ names, prefixes, spanName: fields.includes('span.name') })
}

/** The attribute that a matcher's field reads; null for a field of the record itself, such as `span.kind`. */
export function attributeOfField(field: string): string | null {
  if (RECORD_FIELDS.includes(field)) return null
  return field.startsWith(RESOURCE_FIELD_PREFIX) ? field.slice(RESOURCE_FIELD_PREFIX.length) : field
}

function fieldsOf(sli: Sli): string[] {
  const matchers: (Matcher | null)[] = [sli.where, sli.badWhen, sli.good]
  return matchers.flatMap((matcher) => (matcher ?? []).flat().map((condition) => condition.field))
}
