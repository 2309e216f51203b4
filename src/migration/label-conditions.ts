// Label matchers of PromQL as a `where` of the configuration. Hides where the two differ: Prometheus takes a missing label for an empty one,
// anchors its patterns (RE2), and lets a label stand several times.
import type { LabelMatcher } from './promql-selector.ts'

export type ConditionValue =
  | string
  | { readonly present: boolean }
  | readonly (string | { readonly present: boolean })[]
export type Conditions = Readonly<Record<string, ConditionValue>>

/** Fields that a condition of cohortd takes for something else than an attribute. */
const TAKEN_FIELDS: ReadonlySet<string> = new Set(['severity'])
/** Written so, RE2 and JavaScript mean different things, or only one of them means anything. */
const FOREIGN_PATTERN = /\[\[:|\\[pPzAQECx]|\(\?(?!:)/
const LITERALS = /^[\w\-/ :@]+(?:\|[\w\-/ :@]+)*$/

/** All matchers as one map, null where there is none; or why that cannot be said. */
export function conditionsOf(
  matchers: readonly LabelMatcher[],
): { readonly where: Conditions | null } | { readonly refused: string } {
  const where: Record<string, ConditionValue> = {}
  for (const label of new Set(matchers.map((matcher) => matcher.label))) {
    if (TAKEN_FIELDS.has(label) || label === '__proto__')
      return { refused: `a condition on ${label} means something else in a cohortd configuration` }
    const of = matchers.filter((matcher) => matcher.label === label)
    const foreign = of.find(({ operator, value }) => operator.endsWith('~') && !isUsablePattern(value))
    if (foreign !== undefined) return { refused: `the pattern of ${label} cannot be taken over as it is` }
    where[label] = of.length === 1 ? single(of[0]) : several(of)
  }
  return { where: Object.keys(where).length === 0 ? null : where }
}

function isUsablePattern(pattern: string): boolean {
  if (FOREIGN_PATTERN.test(pattern.replaceAll('\\\\', ''))) return false
  try {
    return new RegExp(anchored(pattern)) instanceof RegExp
  } catch {
    return false
  }
}

const MISSING = { present: false } as const

function single({ operator, value }: LabelMatcher): ConditionValue {
  switch (operator) {
    case '=':
      return value === '' ? MISSING : equal(value)
    case '!=':
      return value === '' ? { present: true } : [unequal(value), MISSING]
    case '=~': {
      if (LITERALS.test(value))
        return value.includes('|') ? value.split('|').map((literal) => equal(literal)) : equal(value)
      return matchesNothing(value) ? [pattern(anchored(value)), MISSING] : pattern(anchored(value))
    }
    case '!~': {
      const test = pattern(`^(?!${withoutStart(anchored(value))})`)
      return matchesNothing(value) ? test : [test, MISSING]
    }
  }
}

/** Matchers of one label that must all hold: as one pattern that looks ahead for each. */
function several(matchers: readonly LabelMatcher[]): ConditionValue {
  const parts = matchers.map(({ operator, value }) => {
    const source = withoutStart(anchored(operator.endsWith('~') ? value : escaped(value)))
    return `(?${operator.startsWith('!') ? '!' : '='}${source})`
  })
  const test = pattern(`^${parts.join('')}`)
  return new RegExp(`^${parts.join('')}`).test('') ? [test, MISSING] : test
}

function anchored(source: string): string {
  return `^(?:${source})$`
}

function withoutStart(source: string): string {
  return source.slice(1)
}

function matchesNothing(source: string): boolean {
  return new RegExp(anchored(source)).test('')
}

/** Values that stand for themselves behind "!=", where the configuration reads them as YAML would. */
const PLAIN = /^(?:(?!(?:null|true|false)$)[a-z][\w-]*|0|[1-9]\d{0,14})$/i

/** A value as the configuration writes it; as a pattern where it would be read as something else. */
function equal(value: string): string {
  return /^(?:[<>]|!=|\/.*\/$)/s.test(value) ? pattern(`^${escaped(value)}$`) : dollars(value)
}

function unequal(value: string): string {
  return PLAIN.test(value) ? `!=${value}` : pattern(`^(?!${escaped(value)}$)`)
}

function pattern(source: string): string {
  return dollars(`/${source}/`)
}

function escaped(value: string): string {
  return value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** The configuration takes $$ for a dollar sign, and ${ for the beginning of a reference. */
function dollars(text: string): string {
  return text.replaceAll(/\$(?=[${])/g, '$$$$')
}
