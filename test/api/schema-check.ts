// Checks a value against the API's schemas: the part of JSON Schema that they use, and a complaint about any other.

import type { Schema } from '../../src/api/schemas.ts'
import { SCHEMAS } from '../../src/api/schemas.ts'

const KNOWN = new Set([
  '$ref',
  'type',
  'enum',
  'const',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'anyOf',
  'allOf',
  'minimum',
  'format',
  'description',
])

/** What is wrong with the value, a line each with its place; empty: nothing. Properties that no schema names count as wrong. */
export function schemaProblems(schema: Schema, value: unknown, place = '$'): string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.has(keyword))
  if (unknown.length > 0) return [`${place}: the check does not know ${unknown.join(', ')}`]
  if (typeof schema.$ref === 'string') return schemaProblems(SCHEMAS[schema.$ref.split('/').at(-1)!], value, place)
  if (Array.isArray(schema.anyOf)) {
    const attempts = (schema.anyOf as Schema[]).map((one) => schemaProblems(one, value, place))
    return attempts.some((problems) => problems.length === 0) ? [] : attempts.flat()
  }
  if (Array.isArray(schema.allOf)) return schemaProblems(merged(schema.allOf as Schema[]), value, place)
  if ('const' in schema) return value === schema.const ? [] : [`${place}: is not ${String(schema.const)}`]
  return [...typeProblems(schema, value, place), ...partProblems(schema, value, place)]
}

function merged(schemas: readonly Schema[]): Schema {
  const resolved = schemas.map((one) => (typeof one.$ref === 'string' ? SCHEMAS[one.$ref.split('/').at(-1)!] : one))
  return {
    type: 'object',
    required: resolved.flatMap((one) => one.required as string[]),
    properties: Object.assign({}, ...resolved.map((one) => one.properties)),
  }
}

function typeProblems(schema: Schema, value: unknown, place: string): string[] {
  if (schema.type === undefined) return []
  const allowed = [schema.type].flat() as string[]
  const actual = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const fits =
    allowed.includes(actual) || (actual === 'number' && allowed.includes('integer') && Number.isInteger(value))
  if (!fits) return [`${place}: ${actual} instead of ${allowed.join(' or ')}`]
  if (Array.isArray(schema.enum) && !schema.enum.includes(value))
    return [`${place}: ${String(value)} is none of its values`]
  if (schema.format === 'date-time' && typeof value === 'string' && new Date(value).toISOString() !== value)
    return [`${place}: no moment`]
  if (typeof schema.minimum === 'number' && typeof value === 'number' && value < schema.minimum)
    return [`${place}: too small`]
  return []
}

function partProblems(schema: Schema, value: unknown, place: string): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => schemaProblems((schema.items ?? {}) as Schema, item, `${place}[${at}]`))
  if (typeof value !== 'object' || value === null) return []
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>
  const missing = ((schema.required ?? []) as string[])
    .filter((name) => !(name in value))
    .map((name) => `${place}: lacks ${name}`)
  const open = schema.properties === undefined && schema.additionalProperties === undefined
  const inside = Object.entries(value).flatMap(([name, part]) => {
    const known = properties[name] ?? (schema.additionalProperties as Schema | undefined)
    if (known === undefined) return open ? [] : [`${place}: ${name} is not described`]
    return schemaProblems(known, part, `${place}.${name}`)
  })
  return [...missing, ...inside]
}
