// docs/reference/api.md, made of the list of operations.

import type { ApiOperation } from './operations.ts'
import { ACTIVE_OPERATIONS, LATER_OPERATIONS } from './operations.ts'
import type { Schema } from './schemas.ts'
import { SCHEMAS } from './schemas.ts'

/** The page. */
export function apiReference(): string {
  return `# API

JSON over HTTP, by default at http://127.0.0.1:9464. This page is made from the list of operations in src/api/
(\`npm run check -- --write\`); the daemon serves the same as an OpenAPI 3.1 document at /api/v1/openapi.json.

* Names in a path are percent-encoded: the experiment \`a/b\` is \`/api/v1/experiments/a%2Fb\`.
* Errors are problem details (RFC 9457, \`application/problem+json\`): \`type\`, \`title\`, \`status\`, \`detail\`. An unknown
  path is 404, a wrong method 405 with \`Allow\`.
* Numbers are finite; what is not known is null.
* HEAD works wherever GET does. Answers are not to be cached (\`Cache-Control: no-store\`).
* More properties may come in later versions.

## Calls

${ACTIVE_OPERATIONS.map(section).join('\n')}
## Following events

\`\`\`
$ curl -N http://127.0.0.1:9464/api/v1/events/stream
retry: 2000
: cohortd event stream

id: 1767225600000-0
data: {"specversion":"1.0","id":"1767225600000-0","type":"cohortd.burn.firing",...}

: heartbeat
\`\`\`

A browser's EventSource reconnects and resumes by itself. A subscriber that does not read is dropped after two heartbeats
without progress, or when the events that it lacks leave the log; it may come back with the last id it has seen. Events are
described in [events.md](events.md).

## A verdict for a pipeline

The verdict call answers 200 for every verdict and for names that were never seen (then \`hold\` with \`unknown_experiment\` or
\`unknown_variant\` among the reasons), so that a pipeline can tell a decision from a failure. \`events\` of \`events_required\`
are those of the SLO that has most of what it needs, over all cohorts of the variant, in its rules' longest window; \`events_total\`
is since the experiment began, so 0 means that nothing was ever seen. \`data_age_seconds\` is the age of the
evaluation behind the answer.

## Not active yet

These belong to later versions and answer 501.

| call | will be |
|---|---|
${LATER_OPERATIONS.map(({ method, path, summary }) => `| ${method} ${path} | ${summary} |`).join('\n')}

## Shapes

Properties of the answers; \`?\` after a type stands for "or null". A property in parentheses is not always there.

${Object.entries(SCHEMAS).map(shape).join('\n')}`
}

function section({ method, path, summary, parameters, answers }: ApiOperation): string {
  const rows = parameters.map((one) => `| \`${one.name}\` | ${one.in} | ${one.description} |`)
  const table = rows.length === 0 ? '' : `| parameter | in | |\n|---|---|---|\n${rows.join('\n')}\n\n`
  const lines = answers.map(({ status, description, contentType, schema }) => {
    const shown = schema === null ? contentType : `[${schema}](#${schema.toLowerCase()})`
    return `* ${status}: ${description} ${shown}`
  })
  return `### ${method} ${path}\n\n${summary}\n\n${table}${lines.join('\n')}\n`
}

function shape([name, schema]: readonly [string, Schema]): string {
  const rows = propertiesOf(schema).map(([property, one]) => {
    return `| ${property} | ${typeText(one)} | ${descriptionOf(one)} |`
  })
  const about = descriptionOf(schema)
  return `### ${name}\n\n${about === '' ? '' : `${about}\n\n`}| property | type | |\n|---|---|---|\n${rows.join('\n')}\n`
}

function descriptionOf({ description }: Schema): string {
  return typeof description === 'string' ? description : ''
}

/** Names as they are shown, and schemas, of all properties: in parentheses those that are not always there. */
function propertiesOf(schema: Schema): [string, Schema][] {
  if (typeof schema.$ref === 'string') return propertiesOf(SCHEMAS[nameOf(schema.$ref)])
  if (Array.isArray(schema.allOf)) return (schema.allOf as Schema[]).flatMap(propertiesOf)
  const required = schema.required as readonly string[] | undefined
  return Object.entries((schema.properties ?? {}) as Readonly<Record<string, Schema>>).map(([name, one]) => {
    return [required === undefined || required.includes(name) ? `\`${name}\`` : `(\`${name}\`)`, one]
  })
}

/** A schema in a few words: "number?", "list of Warning", "map of {good, bad}". */
function typeText(schema: Schema): string {
  if (typeof schema.$ref === 'string') return nameText(nameOf(schema.$ref))
  if (Array.isArray(schema.anyOf)) {
    const others = (schema.anyOf as Schema[]).filter((one) => one.type !== 'null')
    return `${others.map(typeText).join(' or ')}?`
  }
  if (Array.isArray(schema.allOf)) return (schema.allOf as Schema[]).map(typeText).join(' with ')
  if ('const' in schema) return `\`${JSON.stringify(schema.const)}\``
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const types = [schema.type].flat() as string[]
  const optional = types.includes('null') ? '?' : ''
  const type = types.find((one) => one !== 'null')
  if (type === 'array') return `list of ${typeText(schema.items as Schema)}`
  if (type !== 'object') return `${type ?? 'anything'}${optional}`
  if (schema.additionalProperties !== undefined)
    return `map of ${typeText(schema.additionalProperties as Schema)}${optional}`
  const inner = propertiesOf(schema).map(([name, one]) => `${name}: ${typeText(one)}`)
  return `${inner.length === 0 ? 'object' : `{${inner.join(', ')}}`}${optional}`
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

function nameText(name: string): string {
  return `[${name}](#${name.toLowerCase()})`
}
