// A metricSource of OpenSLO as a metric of cohortd. Hides how names of Prometheus are taken apart: the endings that say what a series is of
// its metric, the unit before them, and the bucket that `le` picks out.
import { type Conditions, conditionsOf } from './label-conditions.ts'
import { readPlainQuery } from './promql-selector.ts'
import type { Remark, SourceNode } from './source-tree.ts'

export interface SourceMetric {
  readonly metric: string
  /** What of the metric: of a histogram its count, its sum or one bucket; else its value. */
  readonly part: 'value' | 'count' | 'sum' | 'bucket'
  /** Upper bound of the bucket. */
  readonly bound: number | null
  readonly where: Conditions | null
  /** Whether the query is the bare value of one series, neither added up nor an increase. */
  readonly isBare: boolean
}

export type ReadSource =
  | {
      readonly source: SourceMetric
      readonly query: string
      readonly remarks: readonly Remark[]
      readonly used: readonly SourceNode[]
    }
  | { readonly refused: string; readonly query: string | null }

/** Types of sources by the name of their DataSource. */
export type DataSources = ReadonlyMap<string, SourceNode>

const QUERY_KEYS = ['query', 'promql'] as const

/** Reads the `metricSource` in the node; null where there is none. Marks nothing: `used` is what the caller carries over with it. */
export function readMetricSource(holder: SourceNode | null, dataSources: DataSources): ReadSource | null {
  if (holder === null) return null
  const node = holder.get('metricSource')
  if (node === null) return { refused: 'it has no metricSource', query: null }
  const spec = node.get('spec')
  const key = QUERY_KEYS.find((name) => typeof spec?.get(name)?.value === 'string')
  const queryNode = key === undefined ? null : (spec?.get(key) ?? null)
  const query = queryNode === null ? null : String(queryNode.value)
  const type = sourceType(node, dataSources)
  if ('refused' in type) return { refused: type.refused, query }
  if (queryNode === null || query === null) return { refused: 'its spec has no query', query: null }
  const read = readPlainQuery(query)
  if ('refused' in read) return { refused: read.refused, query }
  const named = metricOf(read.query.metric, read.query.matchers)
  if ('refused' in named) return { refused: named.refused, query }
  const { isIncrease, isSum, grouping } = read.query
  const remarks = [lookAt(queryNode, named)]
  if (grouping !== null) remarks.push(queryNode.remark('changed', `${grouping} is gone: cohortd counts by its cohorts`))
  return { source: { ...named, isBare: !isIncrease && !isSum }, query, remarks, used: [...type.from, queryNode] }
}

/** `from` is what the type was read from. */
function sourceType(
  node: SourceNode,
  dataSources: DataSources,
): { readonly from: SourceNode[] } | { readonly refused: string } {
  const own = node.get('type')
  const reference = node.get('metricSourceRef')
  const referred = typeof reference?.value === 'string' ? (dataSources.get(reference.value) ?? null) : null
  if (reference !== null && referred === null && own === null)
    return { refused: `the DataSource ${String(reference.value)} is not in the file, so its type is unknown` }
  const typeNode = own ?? referred?.at('spec', 'type') ?? null
  if (typeNode === null) return { refused: 'the type of its source is not said' }
  if (String(typeNode.value).toLowerCase() !== 'prometheus')
    return { refused: `its source is of the type ${String(typeNode.value)}; only queries of Prometheus are read` }
  if (own !== null) {
    if (reference !== null) reference.leaveOut('cohortd asks no data source: it counts what it receives')
    return { from: [own] }
  }
  const name = referred?.at('metadata', 'name') ?? null
  return { from: [reference, typeNode, name].filter((from) => from !== null) }
}

function lookAt(node: SourceNode, { metric, where }: Pick<SourceMetric, 'metric' | 'where'>): Remark {
  const labels = where === null ? '' : ` and the attribute ${Object.keys(where).join(', ')}`
  return node.remark(
    'look',
    `check the metric ${metric}${labels} against what is sent: names of OTLP mostly have dots where Prometheus has underscores`,
  )
}

const UNIT = /_(?:seconds|milliseconds|bytes|ratio)$/

function metricOf(
  name: string,
  matchers: Parameters<typeof conditionsOf>[0],
): Omit<SourceMetric, 'isBare'> | { readonly refused: string } {
  const bounds = matchers.filter(({ label }) => label === 'le')
  const conditions = conditionsOf(matchers.filter(({ label }) => label !== 'le'))
  if ('refused' in conditions) return conditions
  const { where } = conditions
  const ending = /_(total|bucket|count|sum)$/.exec(name)?.[1]
  const metric = ending === undefined ? name : name.slice(0, -ending.length - 1).replace(UNIT, '')
  if (!/^[\w.:/-]{1,255}$/.test(metric)) return { refused: `${JSON.stringify(name)} is no name of a metric` }
  if (ending !== 'bucket') {
    if (bounds.length > 0) return { refused: 'le is asked for where there are no buckets' }
    return { metric, part: ending === 'count' || ending === 'sum' ? ending : 'value', bound: null, where }
  }
  const [bound] = bounds
  if (bounds.length !== 1 || bound.operator !== '=') return { refused: 'the query adds up buckets without naming one' }
  if (bound.value === '+Inf') return { metric, part: 'count', bound: null, where }
  const number = bound.value.trim() === '' ? Number.NaN : Number(bound.value)
  return Number.isFinite(number)
    ? { metric, part: 'bucket', bound: number, where }
    : { refused: `le is ${bound.value}, which is no number` }
}
