// cohorts: which experiment and variant a record belongs to, and how many cohorts there may be.
import { z } from 'zod'
import { type Matcher, RECORD_FIELDS, RESOURCE_FIELD_PREFIX } from '../../model/matcher.ts'
import type { ResourceVariantRule, TagRule } from '../../model/settings.ts'
import { condition } from './condition.ts'
import { count, duration, experimentName, Mistake, size, tagName, text, value } from './values.ts'

/** One text or a list of at least `least` of them. */
function texts(expected: string, least: number, one = text) {
  return z
    .union([one(expected), z.array(one(expected)).min(least)])
    .transform((given) => (Array.isArray(given) ? given : [given]))
}

const pair = z
  .strictObject({
    experiment: text().describe("Attribute that holds the experiment's name."),
    variant: texts('the name of an attribute', 1).describe(
      "Attribute that holds the variant's name; of several the first that is present.",
    ),
  })
  .transform((given): TagRule => ({ kind: 'pair', ...given }))

const prefix = z
  .strictObject({
    prefix: text().describe(
      "Beginning of attribute names: what follows it is the experiment's name, the value is the variant's.",
    ),
  })
  .transform((given): TagRule => ({ kind: 'prefix', ...given }))

export const DEFAULT_TAGS = [
  { experiment: 'experiment.id', variant: 'experiment.variant' },
  { experiment: 'feature_flag.key', variant: ['feature_flag.result.variant', 'feature_flag.variant'] },
  { prefix: 'experiment.variant_of.' },
]
export const DEFAULT_SEGMENTS = ['service.name']

/** Labels that metrics and alerts of cohorts carry beside the segments. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(
  'experiment variant sli slo window quantile severity outcome verdict le alertname'.split(' '),
)

/** The Prometheus label of an attribute: service.name is service_name. */
function labelName(attribute: string): string {
  return attribute.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_')
}

const segments = z
  .array(text('the name of an attribute'))
  .superRefine((names, context) => {
    const owners = new Map<string, string>()
    for (const [index, name] of names.entries()) {
      const label = labelName(name)
      const owner = owners.get(label)
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [index], message })
      if (RESERVED_LABELS.has(label)) refuse(`an attribute whose label is not ${label}, which metrics use otherwise`)
      else if (label.startsWith('__'))
        refuse('an attribute whose label does not begin with __, which Prometheus keeps for itself')
      else if (owner === name) refuse('every segment once')
      else if (owner !== undefined) refuse(`segments with different labels: this and ${owner} are both ${label}`)
      owners.set(label, name)
    }
  })
  .prefault(DEFAULT_SEGMENTS)
  .describe('Attributes (of the record, else of its resource) that split a variant into cohorts; empty: none.')

const HOUR_MS = 3_600_000

const limits = z
  .strictObject({
    experiments: count(1)
      .prefault(500)
      .describe(
        'Most experiments at a time; one more takes the place of the one idle longest beyond idle_expiry, or is refused.',
      ),
    variants_per_experiment: count(1)
      .prefault(50)
      .describe('Most variants of one experiment; further ones count as `_other_`.'),
    cohorts_per_experiment: count(1)
      .prefault(1000)
      .describe('Most cohorts of one experiment; the segments of further ones count as `_other_`.'),
    idle_expiry: duration({ atLeastMs: 1000 })
      .prefault('24h')
      .describe(
        'A cohort without an event for so long leaves /metrics, and is forgotten once no window holds it; an experiment idle for so long makes room for a new one.',
      ),
    pending_memory: size()
      .prefault('64MiB')
      .describe('Memory for spans and log records that wait for the tags of their trace.'),
    streams: count(1)
      .prefault(100_000)
      .describe(
        'Most time series of metrics that are told apart, of 256 buckets on average; points of further cumulative ones are refused.',
      ),
    stream_expiry: duration({ atLeastMs: 1000 })
      .prefault('15m')
      .describe('A time series without a point for so long has ended.'),
  })
  .prefault({})
  .describe('Bounds, so that one experiment cannot push out another.')

type Others = ResourceVariantRule['others']
const WORDS_OF_OTHERS = ['itself', 'none'] as const

/** One of the words, else the name of a variant; a word with other capitals is a mistake rather than a name. */
function others() {
  return tagName('itself, none or the name of a variant').transform((given, context): Others => {
    const word = WORDS_OF_OTHERS.find((known) => known === given.toLowerCase())
    if (word === undefined) return { variant: given }
    if (word !== given) context.addIssue({ code: 'custom', message: word, params: { suggestion: word } })
    return word
  })
}

const resourceVariant = z
  .strictObject({
    experiment: experimentName().describe('Name of the experiment, for example of a canary release.'),
    attribute: text().optional().describe('Resource attribute whose value tells the variant, such as service.version.'),
    variants: z
      .record(z.string(), tagName())
      .refine((given) => Object.keys(given).length > 0, {
        error: 'at least one value of the attribute',
        params: { about: 'entries' },
      })
      .meta({ minProperties: 1 })
      .optional()
      .describe("The variant's name by value of the attribute."),
    others: others()
      .optional()
      .describe(
        'Values that `variants` does not list: all are the variant of this name, such as control; `itself`: each is the name of a variant; `none`: they take no part. Without it none, or itself where there are no variants.',
      ),
    variant: tagName().optional().describe('Instead of attribute: the variant of all resources that match `where`.'),
    where: condition()
      .refine(isOnResources, { error: 'conditions on resource attributes alone' })
      .optional()
      .describe('Resources that take part; plain names are names of resource attributes here.'),
  })
  .superRefine((rule, context) => {
    const refuse = (key: string, message: string, about = ['attribute', 'variant']) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { about } })
    if ((rule.attribute === undefined) === (rule.variant === undefined))
      refuse('attribute', 'either attribute or variant')
    if (rule.attribute?.startsWith(RESOURCE_FIELD_PREFIX) === true)
      context.addIssue({
        code: 'custom',
        path: ['attribute'],
        message: `the name alone, without ${RESOURCE_FIELD_PREFIX}, since it is looked up on the resource`,
        params: { suggestion: rule.attribute.slice(RESOURCE_FIELD_PREFIX.length) },
      })
    if (rule.attribute !== undefined) {
      if (rule.variants === undefined && rule.others !== undefined && rule.others !== 'itself')
        refuse('others', 'itself, since variants lists no values', ['variants'])
      return
    }
    if (rule.variants !== undefined) refuse('variants', 'no such key without attribute')
    if (rule.others !== undefined) refuse('others', 'no such key without attribute')
  })
  .transform(
    (rule): ResourceVariantRule => ({
      experiment: rule.experiment,
      attribute: rule.attribute ?? null,
      variant: rule.variant ?? null,
      variants: rule.variants === undefined ? null : new Map(Object.entries(rule.variants)),
      others: rule.others ?? (rule.variants === undefined ? 'itself' : 'none'),
      where: rule.where ?? null,
    }),
  )

function isOnResources(matcher: Matcher): boolean {
  return matcher.flat().every(({ field }) => !RECORD_FIELDS.includes(field))
}

const units = z
  .strictObject({
    attributes: z
      .array(text('the name of an attribute'))
      .prefault(['feature_flag.context.id'])
      .describe(
        'Attributes that tell the unit (a user, a session), the first that is present; empty: units are not looked at.',
      ),
    key: value({ type: 'string' }, (raw) => (typeof raw === 'string' ? raw : new Mistake('text')))
      .prefault('')
      .describe(
        'Secret that keys the hashes of units, the same on all replicas; empty: one is made and kept in the store.',
      ),
    sample: count(1024, 1_048_576)
      .prefault(65_536)
      .describe('Units that are remembered of one experiment; of more a fair sample, with its error.'),
  })
  .prefault({})
  .describe('Who is exposed: only keyed hashes of units are held.')

export const cohorts = z
  .strictObject({
    tags: z
      .array(z.union([pair, prefix]))
      .min(1)
      .prefault(DEFAULT_TAGS)
      .describe('Where experiment and variant are found; each pair found complete on a record is one experiment.'),
    segments,
    control: texts('the name of a variant', 0, tagName)
      .prefault(['control', 'baseline'])
      .describe(
        'Variants taken for the control unless the experiment names its own, in order of preference; empty: none.',
      ),
    inherit_from_trace: duration({ atMostMs: HOUR_MS })
      .prefault('10s')
      .describe('How long an untagged span waits for a tagged one of its trace; 0s: off.'),
    limits,
    allowed_lateness: duration({ atMostMs: 24 * HOUR_MS })
      .prefault('60s')
      .describe('Records that ended longer ago than this are refused as late.'),
    allowed_future: duration({ atMostMs: 24 * HOUR_MS })
      .prefault('60s')
      .describe('Records that end further ahead than this, by clocks that run ahead, are refused as future.'),
    units,
    resource_variants: z
      .array(resourceVariant)
      .prefault([])
      .describe('Variants told by the resource alone, such as the versions of a canary release.'),
  })
  .prefault({})
  .describe('How records are assigned to cohorts.')
