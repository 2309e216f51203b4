// docs/reference/configuration.md, written from the schema.

import { SEVERITY_NUMBERS } from '../model/log.ts'
import { SPAN_KINDS, SPAN_STATUSES } from '../model/matcher.ts'
import { INACTIVE_KEYS } from './inactive.ts'
import { jsonSchema } from './json-schema.ts'

interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly const?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly additionalProperties?: SchemaNode | boolean
}

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly description: string
}

function listed(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ')
}

const INTRODUCTION = `# Configuration

This page is written from the schema that checks the configuration; \`cohortd schema\` gives the same as JSON Schema for
editors, and \`cohortd check\` says what a file means.

## Where it comes from

\`--config FILE\`, else the file named by \`COHORTD_CONFIG\`, else \`./config/cohortd.yaml\` if there is one, else the defaults
below. \`--set key.path=value\` changes single keys after that, as often as needed: the value is YAML, an entry of a list is
named by its index, a key with dots in it stands in double quotes
(\`--set receivers.otlp.protocols.http.endpoint=127.0.0.1:0\`, \`--set slos.0.objective=0.99\`,
\`--set 'slis.0.where."span.kind"=SERVER'\`).

## How it is read

* YAML 1.2, one document, at most 1 MiB. Anchors, aliases and merge keys (\`<<\`) work. Unknown keys, keys given twice and tabs
  as indentation are errors. All problems are told at once, with line and column.
* A key without a value is as if it was not there. There are two exceptions: \`grpc:\` and \`http:\` without a value do not listen, and
  a condition without a value is an error.
* \`\${env:NAME}\` is replaced by the environment variable, \`\${env:NAME:-default}\` by the default where it is not set or empty;
  \`$$\` is a dollar sign. This happens after parsing, so a variable never changes the structure. A value that is
  wholly one reference takes the type its key asks for; where the key takes any type, it is text if it stands in quotes.
* Durations are \`300ms\`, \`30s\`, \`5m\`, \`1h30m\`, \`30d\`; windows are durations of whole minutes from \`1m\` to \`30d\`; sizes are bytes or
  have \`KiB\`, \`MiB\`, \`GiB\`.
* A list replaces the default list; it is not added to it. A file that gives \`slis\` and no \`slos\` keeps those default SLOs whose
  SLI it defines with something good or bad; the others are left out, with a note. \`slos: []\` means none.
* Some keys are for later versions. They are checked like all others, and \`cohortd check\` lists those that are not active yet.

## Conditions

\`where\`, \`bad_when\`, \`good\` and \`ignore_when\` hold conditions. All keys of one map must hold; of a list of maps, any; of a list
of values, any.

| value | holds when the field |
|---|---|
| \`ERROR\`, \`500\`, \`true\` | equals it |
| \`"!=500"\` | is there and differs from it |
| \`">=500"\`, \`">500"\`, \`"<=500"\`, \`"<500"\` | is a number (or text that is one) in that range |
| \`"/^GET /"\` | is text that the regular expression finds something in; a number or a boolean is taken as it would be written |
| \`{present: true}\`, \`{present: false}\` | is there, or is not |

A field is \`resource.NAME\` for an attribute of the resource, the name of an attribute, which is looked up on the record first
and then on its resource, or one of these:

| field | of | value |
|---|---|---|
| \`span.name\` | spans | text |
| \`span.kind\` | spans | ${listed(SPAN_KINDS)} |
| \`span.status\` | spans | ${listed(SPAN_STATUSES)} |
| \`span.root\` | spans | \`true\` where the span has no parent, else \`false\` |
| \`event.name\` | log records, span events | text |
| \`severity\` | log records | ${listed(Object.keys(SEVERITY_NUMBERS))}, each of which stands for its four numbers, or a number from 1 to 24. \`">=ERROR"\` is 17 and more; \`">ERROR"\` 21 and more. |

## Keys
`

/** The whole page, in Markdown. */
export function configurationReference(): string {
  const sections = Object.entries((jsonSchema() as SchemaNode).properties ?? {}).map(([key, node]) =>
    section(key, node),
  )
  return `${INTRODUCTION}\n${sections.join('\n')}`
}

function section(key: string, node: SchemaNode): string {
  const fallback = node.default === undefined || isLongDefault(node) ? '' : ` Default: ${defaultText(node)}.`
  const head = `### \`${key}\`\n\n${node.description ?? ''}${fallback}\n`
  const rows = below(node, key)
  const list = isLongDefault(node) ? `\nDefault:\n\n${fence(node.default)}` : ''
  if (rows.length === 0) return head + list
  const lines = rows.map((row) => `| \`${row.key}\` | ${row.type} | ${row.fallback} | ${row.description} |`)
  return `${head}${list}\n| key | type | default | meaning |\n|---|---|---|---|\n${lines.join('\n')}\n`
}

/** The rows of everything below a node; a key of several alternatives has one row. */
function below(node: SchemaNode, prefix: string): Row[] {
  const rows = new Map<string, Row>()
  for (const [path, child, required] of children(node, prefix)) {
    const row = {
      key: path,
      type: typeText(child),
      fallback: required ? 'required' : defaultText(child),
      description: cell(child.description) + (INACTIVE_KEYS.has(path) ? ' (not active yet)' : ''),
    }
    const earlier = rows.get(path)
    rows.set(path, earlier === undefined ? row : merged(earlier, row))
    for (const inner of below(child, path))
      if (!rows.has(inner.key) && inner.description !== '') rows.set(inner.key, inner)
  }
  return [...rows.values()]
}

function merged(a: Row, b: Row): Row {
  const type = a.type.includes(b.type) ? a.type : `${a.type}, ${b.type}`
  const same = a.description.includes(b.description)
  return { ...a, type, description: same ? a.description : `${a.description} / ${b.description}` }
}

function children(node: SchemaNode, prefix: string): [path: string, child: SchemaNode, required: boolean][] {
  if (node.title === 'condition') return []
  const alternatives = node.anyOf ?? node.oneOf
  if (alternatives !== undefined && node.properties === undefined) {
    const found = alternatives.flatMap((alternative) => children(alternative, prefix))
    const everywhere = (path: string) => found.filter(([other, , required]) => other === path && required).length
    const objects = alternatives.filter((alternative) => alternative.type !== 'null').length
    return found.map(([path, child]) => [path, child, everywhere(path) === objects])
  }
  if (node.items !== undefined) return children(node.items, `${prefix}[]`)
  if (typeof node.additionalProperties === 'object') return [[`${prefix}.NAME`, node.additionalProperties, false]]
  return Object.entries(node.properties ?? {}).map(([key, child]) => {
    return [`${prefix}.${key}`, child, node.required?.includes(key) ?? false]
  })
}

function typeText(node: SchemaNode): string {
  const alternatives = node.title === 'condition' ? undefined : (node.anyOf ?? node.oneOf)
  if (alternatives !== undefined)
    return [...new Set(alternatives.map(typeText))].filter((text) => text !== 'null').join(' or ')
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(', ')
  if (node.const !== undefined) return `\`${node.const}\``
  if (node.title !== undefined) return node.title
  if (node.items !== undefined) return 'list'
  const names: Record<string, string> = {
    object: 'map',
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
  }
  const types = typeof node.type === 'string' ? [node.type] : (node.type ?? [])
  return types.map((type) => names[type] ?? type).join(' or ')
}

const LONGEST_DEFAULT = 60

function isLongDefault(node: SchemaNode): boolean {
  return node.default !== undefined && JSON.stringify(node.default).length > LONGEST_DEFAULT
}

function defaultText(node: SchemaNode): string {
  if (node.default === undefined) return ''
  const isWord = typeof node.default === 'string' && node.default !== ''
  return `\`${isWord ? node.default : JSON.stringify(node.default)}\``
}

/** A list of maps as YAML in JSON's flow style, one entry a line. */
function fence(value: unknown): string {
  const lines = Array.isArray(value) ? value.map((entry) => `- ${JSON.stringify(entry)}`) : [JSON.stringify(value)]
  return `\`\`\`yaml\n${lines.join('\n')}\n\`\`\`\n`
}

function cell(text: string | undefined): string {
  return (text ?? '').replaceAll('|', '\\|')
}
