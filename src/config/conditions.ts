// The language of `where`, `bad_when`, `good` and `ignore_when`: from YAML values to a Matcher.

import type { Condition, Matcher, Test } from '../model/matcher.ts'
import { RECORD_FIELDS, RESOURCE_FIELD_PREFIX, SPAN_KINDS, SPAN_STATUSES } from '../model/matcher.ts'
import { coreNumber, coreScalar } from './core-scalar.ts'
import { severityEquality, severityOrder, severityPattern } from './severity-conditions.ts'
import { nearest } from './suggest.ts'

/** Configuration keys whose values are written in this language. */
export const CONDITION_KEYS: ReadonlySet<string> = new Set(['where', 'bad_when', 'good', 'ignore_when', 'valid'])

export interface ConditionMistake {
  readonly path: readonly (string | number)[]
  readonly expected: string
  readonly suggestion: string | null
}

/** Fields whose values come from a fixed list. */
const ENUMERATED = new Map([
  ['span.kind', SPAN_KINDS],
  ['span.status', SPAN_STATUSES],
  ['span.root', ['true', 'false']],
])
const VALUE = 'a value, a comparison such as ">=500", a pattern such as "/^GET /", {present: true}, or a list of these'

type Report = (path: readonly (string | number)[], expected: string, suggestion?: string | null) => void

/** Parses a map (all must hold) or a list of maps (any may). The matcher is meaningless when there are mistakes. */
export function parseMatcher(raw: unknown): { matcher: Matcher; mistakes: ConditionMistake[] } {
  const mistakes: ConditionMistake[] = []
  const report: Report = (path, expected, suggestion = null) => mistakes.push({ path, expected, suggestion })
  if (Array.isArray(raw)) {
    if (raw.length === 0) report([], 'at least one condition; leave the key out to have none')
    const matcher = raw.map((alternative: unknown, index) => conditions(alternative, [index], report))
    return { matcher, mistakes }
  }
  return { matcher: [conditions(raw, [], report)], mistakes }
}

function conditions(raw: unknown, path: readonly (string | number)[], report: Report): Condition[] {
  if (!isMap(raw)) {
    report(path, 'a map of conditions such as {span.status: ERROR}, or a list of such maps')
    return []
  }
  const fields = Object.entries(raw)
  if (fields.length === 0) report(path, 'at least one condition; leave the key out to have none')
  return fields.map(([field, value]) => {
    checkField(field, [...path, field], report)
    return { field, anyOf: tests(field, value, [...path, field], report) }
  })
}

function checkField(field: string, path: readonly (string | number)[], report: Report): void {
  if (field === RESOURCE_FIELD_PREFIX || field.trim() !== field || field === '') {
    report(path, 'the name of an attribute (or resource.NAME)')
    return
  }
  if (RECORD_FIELDS.includes(field) || !/^(?:span|event)\./.test(field)) return
  const meant = nearest(field, RECORD_FIELDS)
  if (meant !== null) report(path, `an attribute or one of ${RECORD_FIELDS.join(', ')}`, meant)
}

function tests(field: string, raw: unknown, path: readonly (string | number)[], report: Report): Test[] {
  if (!Array.isArray(raw)) return [test(field, raw, path, report)]
  if (raw.length === 0) report(path, 'at least one value')
  return raw.map((value: unknown, index) => test(field, value, [...path, index], report))
}

const NEVER: Test = { kind: 'present', present: false }

function test(field: string, raw: unknown, path: readonly (string | number)[], report: Report): Test {
  if (isMap(raw)) {
    const { present } = raw
    if (typeof present === 'boolean' && Object.keys(raw).length === 1) return { kind: 'present', present }
    report(path, '{present: true} or {present: false}')
    return NEVER
  }
  if (typeof raw === 'string') return textTest(field, raw, path, report)
  if ((typeof raw === 'number' && Number.isFinite(raw)) || typeof raw === 'boolean')
    return equality(field, raw, false, path, report)
  report(path, VALUE)
  return NEVER
}

function textTest(field: string, text: string, path: readonly (string | number)[], report: Report): Test {
  const comparison = /^(>=|<=|>|<)\s*(.*)$/s.exec(text)
  if (comparison !== null) return order(field, comparison[1] as '<' | '<=' | '>' | '>=', comparison[2], path, report)
  if (text.startsWith('!=')) return equality(field, coreScalar(text.slice(2).trim()) ?? '', true, path, report)
  if (text.length < 2 || !text.startsWith('/') || !text.endsWith('/')) return equality(field, text, false, path, report)
  if (field === 'severity') return severityPattern((expected, meant) => report(path, expected, meant))
  const source = text.slice(1, -1)
  if (source === '') {
    report(path, 'a pattern between the slashes')
    return NEVER
  }
  try {
    return { kind: 'pattern', pattern: new RegExp(source) }
  } catch (error) {
    report(path, `a regular expression between the slashes (${(error as Error).message})`)
    return NEVER
  }
}

function order(
  field: string,
  operator: '<' | '<=' | '>' | '>=',
  bound: string,
  path: readonly (string | number)[],
  report: Report,
): Test {
  if (field === 'severity')
    return severityOrder(operator, bound.trim(), (expected, meant) => report(path, expected, meant))
  const operand = coreNumber(bound.trim())
  if (ENUMERATED.has(field)) report(path, `one of ${ENUMERATED.get(field)?.join(', ')}`)
  else if (operand === null || !Number.isFinite(operand)) report(path, `a number after ${operator}`)
  return { kind: 'order', operator, operand: operand ?? 0 }
}

function equality(
  field: string,
  operand: string | number | boolean,
  negated: boolean,
  path: readonly (string | number)[],
  report: Report,
): Test {
  if (field === 'severity')
    return severityEquality(operand, negated, (expected, meant) => report(path, expected, meant))
  const known = ENUMERATED.get(field)
  if (known !== undefined && !known.includes(String(operand))) {
    const meant = nearest(String(operand), known)
    report(path, `one of ${known.join(', ')}`, negated && meant !== null ? JSON.stringify(`!=${meant}`) : meant)
  }
  return { kind: 'equal', operand, negated }
}

function isMap(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}
