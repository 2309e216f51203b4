// A condition as a schema: the language itself is in ../conditions.ts.

import { z } from 'zod'
import type { Matcher } from '../../model/matcher.ts'
import { parseMatcher } from '../conditions.ts'

const operand = { type: ['string', 'number', 'boolean'] }
const presence = {
  type: 'object',
  properties: { present: { type: 'boolean' } },
  required: ['present'],
  additionalProperties: false,
}
const test = { anyOf: [operand, presence] }
const conditions = {
  type: 'object',
  minProperties: 1,
  additionalProperties: { anyOf: [operand, presence, { type: 'array', minItems: 1, items: test }] },
}
/** What JSON Schema can say of a condition. */
export const CONDITION_FACTS = {
  title: 'condition',
  anyOf: [conditions, { type: 'array', minItems: 1, items: conditions }],
}

/** A matcher; its issues lie at the exact condition. */
export function condition() {
  return z
    .unknown()
    .transform((raw, context): Matcher => {
      const { matcher, mistakes } = parseMatcher(raw)
      for (const { path, expected, suggestion } of mistakes)
        context.issues.push({ code: 'custom', message: expected, params: { suggestion }, path: [...path], input: raw })
      return matcher
    })
    .meta(CONDITION_FACTS)
}
