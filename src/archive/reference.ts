// Makes docs/reference/archive.md from the schemas that read an archive.
import { z } from 'zod'
import { ARCHIVE_VERSION, LINE_SCHEMAS } from './format.ts'

const WHAT: Readonly<Record<string, string>> = {
  archive: 'The first line.',
  event: 'An event of the log, oldest first.',
  record: 'State of other parts of the daemon.',
  experiment: 'Begins an experiment; the three kinds below follow for it, in this order.',
  writer: 'A writer of the experiment. A slice of a cohort is the sum of what all writers know of it.',
  row: 'What one writer knows of one cohort in one slice.',
  alerts: 'What fires on a cohort.',
  end: 'The last line. A file without it was cut off.',
}

/** The page, Markdown. */
export function archiveReference(): string {
  return `# Archives

What \`cohortd export\` writes and \`cohortd import\` reads: a JSON document a line, version ${ARCHIVE_VERSION}. How to use it is in
[backup](../guide/backup.md). This page is made by src/archive/reference.ts (\`npm run check -- --write\`).

Equal states give equal bytes from the second line on. Every key is always there, and import refuses keys that it does not know.
\`jq\` reads an archive as it is; which experiments are in it, and what fires:

\`\`\`sh
jq -r 'select(.type == "experiment").experiment' archive.ndjson
jq -c 'select(.type == "alerts") | [.experiment, .variant, (.json | fromjson)]' archive.ndjson
\`\`\`
${LINE_SCHEMAS.map(section).join('')}`
}

function section(schema: z.ZodObject): string {
  const { properties = {} } = z.toJSONSchema(schema, { unrepresentable: 'any' })
  const { type, ...keys } = properties as Record<string, z.core.JSONSchema.BaseSchema>
  const name = String(type.const)
  const lines = Object.entries(keys).map(([key, value]) => `| \`${key}\` | ${kindOf(value)} | ${value.description} |\n`)
  return `\n## \`${name}\`\n\n${WHAT[name]}\n\n| key | value | |\n|---|---|---|\n${lines.join('')}`
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  object: 'map',
  null: 'null',
}

function kindOf({ type, enum: words, contentEncoding }: z.core.JSONSchema.BaseSchema): string {
  if (words !== undefined) return words.map((word) => `\`${String(word)}\``).join(', ')
  if (contentEncoding === 'base64') return 'base64'
  return [type]
    .flat()
    .map((kind) => KINDS[String(kind)])
    .join(' or ')
}
