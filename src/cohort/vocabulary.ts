// What the decoders must read: every attribute, event name and metric that a tag rule, a segment or an SLI of the settings names, and no other.
import { type Condition, type Matcher, RECORD_FIELDS, RESOURCE_FIELD_PREFIX } from '../model/matcher.ts'
import type { EngineSettings } from '../model/settings.ts'
import { matchersOf, type Sli } from '../model/slo.ts'
import { FLAG_EVENT_NAMES, Vocabulary } from '../model/vocabulary.ts'

type VocabularySettings = Pick<EngineSettings, 'tags' | 'segments' | 'slis'> &
  Partial<Pick<EngineSettings, 'resourceVariants' | 'unitAttributes'>>

/** What these settings look at. */
export function vocabularyFor(settings: VocabularySettings): Vocabulary {
  const names: string[] = []
  const prefixes: string[] = []
  for (const rule of settings.tags) {
    if (rule.kind === 'prefix') prefixes.push(rule.prefix)
    else names.push(rule.experiment, ...rule.variant)
  }
  names.push(...settings.segments, ...(settings.unitAttributes ?? []))
  for (const { attribute, where } of settings.resourceVariants ?? []) {
    if (attribute !== null) names.push(attribute)
    names.push(...attributesOf(where))
  }
  const matchers = settings.slis.flatMap(matchersOf)
  names.push(...matchers.flatMap(attributesOf))
  for (const sli of settings.slis) if ('value' in sli && sli.value?.kind === 'attribute') names.push(sli.value.name)
  return new Vocabulary({
    names,
    prefixes,
    spanName: matchers.some((matcher) => matcher.flat().some(({ field }) => field === 'span.name')),
    events: eventsOf(settings.slis),
    metrics: settings.slis.flatMap(metricsOf),
  })
}

/** The attribute that a matcher's field reads; null for a field of the record itself, such as `span.kind`. */
export function attributeOfField(field: string): string | null {
  if (RECORD_FIELDS.includes(field)) return null
  return field.startsWith(RESOURCE_FIELD_PREFIX) ? field.slice(RESOURCE_FIELD_PREFIX.length) : field
}

function attributesOf(matcher: Matcher | null): string[] {
  return (matcher ?? []).flat().flatMap(({ field }) => attributeOfField(field) ?? [])
}

function metricsOf(sli: Sli): string[] {
  if (sli.from === 'metrics') return [sli.metric]
  return sli.from === 'ratio' ? [sli.numerator.metric, sli.denominator.metric] : []
}

/** Names of events that some SLI may count, flag evaluations aside; 'all' where one does not say which. */
function eventsOf(slis: readonly Sli[]): readonly string[] | 'all' {
  const names = new Set<string>()
  for (const sli of slis) {
    if (sli.from !== 'events') continue
    for (const matcher of countingMatchers(sli)) {
      const named = namedEvents(matcher)
      if (named === 'all') return 'all'
      for (const name of named) names.add(name)
    }
  }
  for (const name of FLAG_EVENT_NAMES) names.delete(name)
  return [...names]
}

/** The matchers of which a record must pass one to be counted by the SLI. */
function countingMatchers({ where, good, badWhen, valid }: Extract<Sli, { from: 'events' }>): (Matcher | null)[] {
  if (valid.kind === 'judged') return [where]
  const numerator = where ?? good ?? badWhen
  return valid.kind === 'records' && valid.from === 'events' ? [numerator, valid.where] : [numerator]
}

/** The event names without which the matcher does not match; 'all': it may match any. */
function namedEvents(matcher: Matcher | null): readonly string[] | 'all' {
  if (matcher === null) return 'all'
  const alternatives = matcher.map(
    (conditions) => conditions.map(namesAskedFor).find((names) => names !== null) ?? null,
  )
  return alternatives.includes(null) ? 'all' : alternatives.flatMap((names) => names ?? [])
}

function namesAskedFor({ field, anyOf }: Condition): string[] | null {
  if (field !== 'event.name') return null
  const names = anyOf.map((test) => (test.kind === 'equal' && !test.negated ? String(test.operand) : null))
  return names.includes(null) ? null : names.flatMap((name) => name ?? [])
}
