// The OpenAPI 3.1 document, made of the list of operations.

import type { ApiOperation } from './operations.ts'
import { OPERATIONS } from './operations.ts'
import type { Schema } from './schemas.ts'
import { SCHEMAS } from './schemas.ts'

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: Readonly<Record<string, unknown>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Schema>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** What a call of a later version says. */
export const NOT_ACTIVE = 'This call is not active yet: it belongs to a later version.'

export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, Schema>> = {}
  for (const operation of OPERATIONS)
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describeOperation(operation)
  return {
    openapi: '3.1.0',
    info: {
      title: 'cohortd',
      version,
      summary: 'Live SLIs, burn rates, alerts and verdicts for the variants of experiments.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { schemas: SCHEMAS },
  }
}

function describeOperation({ id, summary, parameters, answers }: ApiOperation): Schema {
  const active = answers.length > 0
  const responses = active
    ? answers.map(({ status, description, contentType, schema }) => [
        String(status),
        { description, content: { [contentType]: schema === null ? {} : { schema: reference(schema) } } },
      ])
    : [['501', { description: NOT_ACTIVE, content: { 'application/problem+json': { schema: reference('Problem') } } }]]
  return {
    operationId: id,
    summary: active ? summary : `Not active yet: ${summary}`,
    ...(active ? {} : { 'x-status': 'not-active-yet' }),
    parameters: parameters.map((parameter) => ({ ...parameter, required: parameter.in === 'path' })),
    responses: Object.fromEntries(responses),
  }
}

function reference(schema: string): Schema {
  return { $ref: `#/components/schemas/${schema}` }
}
