// OpenSLO v1 documents as a cohortd configuration. Decides which objects of a file belong together; everything in the file is either carried over
// or told of, with its place.
import { FLAG_EVALUATIONS } from '../model/flag-evaluations.ts'
import { commentText, listText } from './configuration-text.ts'
import { Names } from './names.ts'
import { PolicyTranslator } from './openslo-alerts.ts'
import { IndicatorTranslator } from './openslo-indicators.ts'
import { translateSlo } from './openslo-objectives.ts'
import { type Remark, readSourceTrees, type SourceNode } from './source-tree.ts'

export type OpensloImport =
  /** The file is no OpenSLO v1; each remark is a reason. */
  | { readonly kind: 'refused'; readonly remarks: readonly Remark[] }
  | {
      readonly kind: 'translated'
      /** The whole configuration, as YAML with comments. */
      readonly configuration: string
      /** In the order of the file. */
      readonly remarks: readonly Remark[]
      readonly counts: { readonly slis: Share; readonly slos: Share; readonly policies: number }
    }

/** How many of how many were translated. */
export interface Share {
  readonly translated: number
  readonly of: number
}

const VERSION = 'openslo/v1'
const KINDS = [
  'SLO',
  'SLI',
  'AlertPolicy',
  'AlertCondition',
  'DataSource',
  'AlertNotificationTarget',
  'Service',
] as const
type Kind = (typeof KINDS)[number]
type Objects = Readonly<Record<Kind, ReadonlyMap<string, SourceNode>>>

/** Names that a cohortd configuration has already. */
const RESERVED_SLIS = [FLAG_EVALUATIONS.name]
const RESERVED_POLICIES = ['experiment', 'workbook']

/** Why objects of a kind are not carried over as such. */
const LEFT_OUT: Readonly<Partial<Record<Kind, string>>> = {
  DataSource: 'cohortd asks no data source: it counts the OTLP that it receives',
  Service: 'cohortd has no list of services: it tells them apart by the segment service.name',
  AlertNotificationTarget: 'where alerts go stands in alerts.webhooks and alerts.alertmanagers',
}

/** Translates the text of a file; `file` is its name, for comments. */
export function importOpenslo(text: string, file: string): OpensloImport {
  const { documents, refused } = readSourceTrees(text)
  const { objects, problems } = objectsOf(documents)
  const nothing: Remark = {
    line: 1,
    column: 1,
    path: '',
    kind: 'refused',
    why: 'there is no OpenSLO object in the file',
  }
  const wrong = [...refused, ...problems, ...(documents.length + refused.length === 0 ? [nothing] : [])]
  if (wrong.length > 0) return { kind: 'refused', remarks: wrong }
  return translate(documents, objects, file)
}

function translate(documents: readonly SourceNode[], objects: Objects, file: string): OpensloImport {
  const remarks: Remark[] = []
  const indicators = new IndicatorTranslator({
    dataSources: objects.DataSource,
    names: new Names(RESERVED_SLIS),
    remarks,
  })
  const policies = new PolicyTranslator({
    policies: objects.AlertPolicy,
    conditions: objects.AlertCondition,
    names: new Names(RESERVED_POLICIES),
    remarks,
  })
  const names = new Names([])
  const slos = [...objects.SLO.values()].flatMap((slo) =>
    translateSlo(slo, { slis: objects.SLI, indicators, policies, names, remarks }),
  )
  for (const [name, sli] of objects.SLI) if (!indicators.has(sli)) indicators.translate(sli, { fallbackName: name })
  policies.finish()
  for (const [kind, why] of Object.entries(LEFT_OUT))
    for (const object of objects[kind as Kind].values()) object.leaveOut(why)
  return {
    kind: 'translated',
    configuration: [
      commentText(head(file), ''),
      listText('slis', indicators.entries),
      listText('slos', slos),
      listText('policies', policies.entries),
    ].join('\n'),
    remarks: ordered(
      remarks,
      documents.flatMap((document) => document.unused()),
    ),
    counts: { slis: share(indicators.entries), slos: share(slos), policies: policies.entries.length },
  }
}

function head(file: string): string[] {
  return [
    `Made from ${file} by cohortd import openslo. Look through it, then: cohortd check --config THIS_FILE`,
    'Queries cannot be run here. An SLI takes the metric that its query names, from OTLP data points that carry an experiment and a variant;',
    'names are as in the query, without the endings of Prometheus (_total, _seconds_bucket, _count, _sum). OTLP mostly has dots where they',
    'have underscores: http_server_request_duration is http.server.request.duration there, http_route is http.route.',
    'Rules have the long window of the input; the short one is a twelfth of it. Before any rule fires, its long window must hold 50 events, 3 of',
    'them bad (min_events and min_bad of a policy).',
  ]
}

/** Objects by kind and name, or what is wrong with them. */
function objectsOf(documents: readonly SourceNode[]): { objects: Objects; problems: Remark[] } {
  const objects = Object.fromEntries(KINDS.map((kind) => [kind, new Map<string, SourceNode>()])) as Record<
    Kind,
    Map<string, SourceNode>
  >
  const problems: Remark[] = []
  for (const document of documents) {
    const refuse = (why: string, at: SourceNode | null = null): void => {
      problems.push((at ?? document).remark('refused', why))
    }
    const version = document.get('apiVersion')
    const kind = KINDS.find((known) => known === document.get('kind')?.value)
    const nameNode = document.at('metadata', 'name')
    const name = nameNode?.value
    if (version?.value !== VERSION)
      refuse(
        `${version === null ? 'no apiVersion' : `the apiVersion ${JSON.stringify(version.value)}`}, where only ${VERSION} is read`,
        version,
      )
    else if (kind === undefined) refuse(`the kind is none of ${KINDS.join(', ')}`, document.get('kind'))
    else if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.-]{0,252}$/.test(name))
      refuse('metadata.name is missing or no name (letters, digits, -, . and _)', nameNode)
    else if (document.get('spec')?.kind !== 'map') refuse(`this ${kind} has no spec`, document.get('spec'))
    else if (objects[kind].has(name)) refuse(`a second ${kind} of the name ${name}`, nameNode)
    else {
      document.useAll('apiVersion', 'kind')
      objects[kind].set(name, document)
    }
  }
  return { objects, problems }
}

function share(entries: readonly { readonly entry: unknown }[]): Share {
  return { translated: entries.filter(({ entry }) => entry !== null).length, of: entries.length }
}

/** By place; the same is said once, and of a leaf that is told of already no more is said. */
function ordered(told: readonly Remark[], unused: readonly Remark[]): Remark[] {
  const placeOf = ({ line, column, path }: Remark): string => `${line}:${column}:${path}`
  const once = new Map(told.map((remark) => [`${placeOf(remark)}:${remark.kind}:${remark.why}`, remark]))
  const left = new Set(told.flatMap((remark) => (remark.kind === 'left_out' ? [placeOf(remark)] : [])))
  return [...once.values(), ...unused.filter((remark) => !left.has(placeOf(remark)))].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  )
}
