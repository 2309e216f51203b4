// Which experiments does a record name itself? Rules are compiled to slots once; a record then costs a few array reads.
//
//   const tags = newTagList()                                  reused from record to record
//   new TagResolver(settings, vocabulary).resolve(record, tags)
//   tags.count, tags.experiments[i], tags.variants[i]          each experiment at most once
import type { AttributedRecord, AttributeSet, AttributeValue } from '../model/attributes.ts'
import type { EngineSettings } from '../model/settings.ts'
import type { SpanEvent } from '../model/span.ts'
import { MAX_NAME_LENGTH, UNTAGGED } from '../model/tag-names.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { compileResourceVariants, type ResourceVariant } from './resource-variants.ts'

/** Tags that one item may have; OpenTelemetry SDKs allow a span 128 attributes. */
export const MAX_TAGS = 128

const NO_EVENTS: readonly SpanEvent[] = []

/** The (experiment, variant) pairs of one item; entries from `count` on are left over from earlier ones. */
export interface TagList {
  count: number
  readonly experiments: string[]
  readonly variants: string[]
}

export function newTagList(): TagList {
  return { count: 0, experiments: [], variants: [] }
}

interface PairSlots {
  readonly kind: 'pair'
  readonly experiment: number
  readonly variants: readonly number[]
}

interface PrefixIndex {
  readonly kind: 'prefix'
  /** Index into the vocabulary's prefixes. */
  readonly prefix: number
}

export type TagSettings = Pick<EngineSettings, 'tags'> & Partial<Pick<EngineSettings, 'resourceVariants'>>

/** Finds the tags of records decoded with the vocabulary that it was made for. */
export class TagResolver {
  /** Pairs that were complete, but had a name too long or reserved, or came after MAX_TAGS others on the same item. */
  unusable = 0
  readonly #rules: readonly (PairSlots | PrefixIndex)[]
  readonly #resourceVariants: readonly ResourceVariant[]
  readonly #scratch = newTagList()

  constructor({ tags, resourceVariants = [] }: TagSettings, vocabulary: Vocabulary) {
    this.#resourceVariants = compileResourceVariants(resourceVariants, vocabulary)
    this.#rules = tags.map((rule) =>
      rule.kind === 'pair'
        ? {
            kind: 'pair',
            experiment: vocabulary.slot(rule.experiment),
            variants: rule.variant.map((name) => vocabulary.slot(name)),
          }
        : { kind: 'prefix', prefix: vocabulary.prefixes.indexOf(rule.prefix) },
    )
  }

  /**
   * Fills `into` with the tags of the record's attributes, then of the flag events among the first `eventCount` events; with those of its
   * resource only where neither gave any, first those that it carries, then those that rules make of it. For one experiment the first pair
   * found counts.
   */
  resolve(record: AttributedRecord, into: TagList, events: readonly SpanEvent[] = NO_EVENTS, eventCount = 0): void {
    into.count = 0
    this.#collect(record.attributes, into)
    for (let at = 0; at < eventCount; at++) if (events[at].isFlag) this.#collect(events[at].attributes, into)
    if (into.count > 0) return
    this.#collect(record.resource, into)
    for (let at = 0; at < this.#resourceVariants.length; at++) {
      const { experiment, variantOf } = this.#resourceVariants[at]
      this.#add(experiment, variantOf(record), into)
    }
  }

  /** Fills `into` with the tags of these attributes alone. */
  resolveOwn(attributes: AttributeSet, into: TagList): void {
    into.count = 0
    this.#collect(attributes, into)
  }

  /** Whether these attributes alone tell any tag. */
  hasOwn(attributes: AttributeSet): boolean {
    const { unusable } = this
    this.resolveOwn(attributes, this.#scratch)
    this.unusable = unusable
    return this.#scratch.count > 0
  }

  #collect(attributes: AttributeSet, into: TagList): void {
    const rules = this.#rules
    for (let at = 0; at < rules.length; at++) {
      const rule = rules[at]
      if (rule.kind === 'prefix') this.#collectPrefixed(attributes, rule.prefix, into)
      else if (attributes.values[rule.experiment] !== undefined) this.#collectPair(attributes, rule, into)
    }
  }

  #collectPair(attributes: AttributeSet, rule: PairSlots, into: TagList): void {
    for (let at = 0; at < rule.variants.length; at++) {
      const variant = attributes.values[rule.variants[at]]
      if (!isName(variant)) continue
      this.#add(attributes.values[rule.experiment], variant, into)
      return
    }
  }

  #collectPrefixed(attributes: AttributeSet, prefix: number, into: TagList): void {
    for (let at = 0; at < attributes.prefixedCount; at++) {
      const attribute = attributes.prefixed[at]
      if (attribute.prefix === prefix) this.#add(attribute.rest, attribute.value, into)
    }
  }

  #add(experimentValue: AttributeValue | undefined, variantValue: AttributeValue | undefined, into: TagList): void {
    if (!isName(experimentValue) || !isName(variantValue)) return
    const experiment = textOf(experimentValue)
    const variant = textOf(variantValue)
    const { count, experiments } = into
    const isTooLong = experiment.length > MAX_NAME_LENGTH || variant.length > MAX_NAME_LENGTH
    if (isTooLong || count === MAX_TAGS || experiment === UNTAGGED) {
      this.unusable++
      return
    }
    for (let known = 0; known < count; known++) if (experiments[known] === experiment) return
    experiments[count] = experiment
    into.variants[count] = variant
    into.count = count + 1
  }
}

/** Whether the value can name something: there, comparable and not empty. */
function isName(value: AttributeValue | undefined): value is string | number | boolean {
  return value !== undefined && value !== null && value !== ''
}

function textOf(value: string | number | boolean): string {
  return typeof value === 'string' ? value : String(value)
}
