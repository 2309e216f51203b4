// Conditions on a record as data: what the configuration's where, bad_when and good say, already parsed.

/** One test of one value. A missing value passes only `present: false`. */
export type Test =
  | { readonly kind: 'equal'; readonly operand: string | number | boolean; readonly negated: boolean }
  | { readonly kind: 'order'; readonly operator: '<' | '<=' | '>' | '>='; readonly operand: number }
  /** A number from `from` to `to`, both included. */
  | { readonly kind: 'range'; readonly from: number; readonly to: number; readonly negated: boolean }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'present'; readonly present: boolean }

/** A field passes when any of its tests does. */
export interface Condition {
  /** `span.name`, `span.kind`, `span.status`, `span.root`, `event.name`, `severity` (a number, see log.ts), `resource.NAME`, or an attribute's name. */
  readonly field: string
  readonly anyOf: readonly Test[]
}

/** Any of the alternatives, each of which asks all of its conditions. No alternatives: never. */
export type Matcher = readonly (readonly Condition[])[]

/** SpanKind names by OTLP number. */
export const SPAN_KINDS: readonly string[] = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
/** StatusCode names by OTLP number. */
export const SPAN_STATUSES: readonly string[] = ['UNSET', 'OK', 'ERROR']
/** Fields of a record that are no attributes. */
export const RECORD_FIELDS: readonly string[] = [
  'span.name',
  'span.kind',
  'span.status',
  'span.root',
  'event.name',
  'severity',
]
/** A field that begins so is looked up on the resource alone. */
export const RESOURCE_FIELD_PREFIX = 'resource.'
