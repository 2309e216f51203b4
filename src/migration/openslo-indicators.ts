// SLIs of OpenSLO as SLIs of cohortd: ratios of two metrics, histograms below a bound, gauges below a threshold. One SLI for each indicator
// and bound, however many objectives ask for it.
import { commentLines, titleOf, useTitle } from './configuration-text.ts'
import { type DataSources, type ReadSource, readMetricSource, type SourceMetric } from './metric-source.ts'
import type { Names } from './names.ts'
import type { Remark, SourceNode } from './source-tree.ts'

/** An entry of `slis`, or why there is none. */
export interface SliEntry {
  readonly name: string
  readonly comments: readonly string[]
  /** Null: not translated. */
  readonly entry: Readonly<Record<string, unknown>> | null
}

type Made = { readonly entry: Readonly<Record<string, unknown>>; readonly used: readonly SourceNode[] }
type Refused = { readonly refused: string }
type Queries = readonly (readonly [role: string, read: ReadSource | null])[]

/** What the objective compares the values of a threshold metric with. */
export interface Threshold {
  readonly op: string | null
  readonly value: number | null
}

const NO_THRESHOLD: Threshold = { op: null, value: null }

export class IndicatorTranslator {
  readonly entries: SliEntry[] = []
  readonly #dataSources: DataSources
  readonly #names: Names
  readonly #remarks: Remark[]
  readonly #known = new Map<SourceNode, Map<string, { readonly name: string } | Refused>>()

  constructor(options: { dataSources: DataSources; names: Names; remarks: Remark[] }) {
    this.#dataSources = options.dataSources
    this.#names = options.names
    this.#remarks = options.remarks
  }

  has(indicator: SourceNode): boolean {
    return this.#known.has(indicator)
  }

  /** The name of the SLI of an indicator (a node with metadata and spec) for an objective, or why there is none. */
  translate(
    indicator: SourceNode,
    options: { fallbackName: string; threshold?: Threshold },
  ): { readonly name: string } | Refused {
    const threshold =
      indicator.at('spec', 'thresholdMetric') === null ? NO_THRESHOLD : (options.threshold ?? NO_THRESHOLD)
    const byBound = this.#known.get(indicator) ?? new Map<string, { readonly name: string } | Refused>()
    this.#known.set(indicator, byBound)
    const key = `${threshold.op} ${threshold.value}`
    const known = byBound.get(key)
    if (known !== undefined) return known
    const result = this.#make(indicator, threshold, options.fallbackName)
    byBound.set(key, result)
    return result
  }

  #make(indicator: SourceNode, threshold: Threshold, fallbackName: string): { readonly name: string } | Refused {
    const wanted = indicator.get('metadata')?.text('name') ?? fallbackName
    const spec = indicator.get('spec')
    const ratio = spec?.get('ratioMetric') ?? null
    const queries: Queries = (['good', 'bad', 'total', 'raw'] as const).map((role) => [
      role,
      readMetricSource(ratio?.get(role) ?? null, this.#dataSources),
    ])
    const values = readMetricSource(spec?.get('thresholdMetric') ?? null, this.#dataSources)
    const all: Queries = [...queries, ['values', values]]
    const made = ratio === null ? thresholdSli(values, threshold) : ratioSli(queries)
    const told = all.flatMap(([role, read]) =>
      read === null || read.query === null ? [] : commentLines(`${role}: ${read.query}`),
    )
    if ('refused' in made) {
      indicator.leaveOut(`the SLI is not translated: ${made.refused}`)
      this.entries.push({
        name: wanted,
        comments: [`not translated: ${wanted}: ${made.refused}`, ...told],
        entry: null,
      })
      return made
    }
    const name = this.#names.take(wanted)
    this.entries.push({ name, comments: [...titleOf(indicator), ...told], entry: { name, ...made.entry } })
    this.#markUsed(indicator, made, all)
    return { name }
  }

  #markUsed(indicator: SourceNode, made: Made, queries: Queries): void {
    useTitle(indicator)
    indicator.get('metadata')?.useAll('name')
    const ratio = indicator.at('spec', 'ratioMetric')
    const counter = ratio?.get('counter') ?? null
    if (ratio?.flag('counter') === true) counter?.use()
    else if (counter !== null)
      counter.leaveOut('cohortd adds up every data point as it comes: of a gauge each, of a counter what it grew by')
    const good = ratio?.get('good') ?? null
    if (good !== null) ratio?.get('bad')?.leaveOut('good is given too, and one of them is enough')
    ratio?.get('raw')?.leaveOut('good, bad and total are counted, so that a computed ratio is not needed')
    ratio?.get('rawType')?.leaveOut('it is about raw alone')
    for (const node of made.used) node.use()
    for (const [, read] of queries)
      if (read !== null && 'source' in read && read.used.every((node) => made.used.includes(node)))
        this.#remarks.push(...read.remarks)
  }
}

function ratioSli(queries: Queries): Made | Refused {
  const [good, bad, total, raw] = queries.map(([, read]) => read)
  const side = good ?? bad
  if (side === null || total === null)
    return {
      refused:
        raw === null
          ? 'good (or bad) and total are needed'
          : 'a ratio that was computed before (raw) cannot be counted: good (or bad) and total are needed',
    }
  const role = good === null ? 'bad' : 'good'
  if ('refused' in side) return { refused: `${role}: ${side.refused}` }
  if ('refused' in total) return { refused: `total: ${total.refused}` }
  const used = [...side.used, ...total.used]
  if (side.source.part === 'bucket' || total.source.part === 'bucket') {
    const entry = role === 'good' ? belowBound(side.source, total.source) : null
    if (entry !== null) return { entry, used }
    return {
      refused: 'a bucket can only be good, and only of all in its own histogram (its _count, with the same labels)',
    }
  }
  const entry = {
    from: 'metrics',
    numerator: sideOf(side.source),
    denominator: sideOf(total.source),
    numerator_is: role,
  }
  return { entry, used }
}

function sideOf({ metric, part, where }: SourceMetric): Readonly<Record<string, unknown>> {
  return { metric, ...(part === 'value' ? {} : { part }), ...(where === null ? {} : { where }) }
}

/** A bucket of the histogram of which `total` is the count; null where it is not. */
function belowBound(bucket: SourceMetric, total: SourceMetric): Readonly<Record<string, unknown>> | null {
  const isSame = bucket.metric === total.metric && sameConditions(bucket, total)
  if (bucket.part !== 'bucket' || total.part !== 'count' || !isSame) return null
  return { from: 'metrics', metric: bucket.metric, ...whereOf(bucket), good_below: bucket.bound }
}

function sameConditions({ where: a }: SourceMetric, { where: b }: SourceMetric): boolean {
  const sorted = (where: SourceMetric['where']): string =>
    JSON.stringify(Object.entries(where ?? {}).sort(([left], [right]) => (left < right ? -1 : 1)))
  return sorted(a) === sorted(b)
}

function whereOf({ where }: SourceMetric): { where?: SourceMetric['where'] } {
  return where === null ? {} : { where }
}

/** Without a threshold the values are only measured. */
function thresholdSli(read: ReadSource | null, { op, value }: Threshold): Made | Refused {
  if (read === null) return { refused: 'neither a ratioMetric nor a thresholdMetric is given' }
  if ('refused' in read) return { refused: read.refused }
  const { source, used } = read
  if (!source.isBare)
    return { refused: 'a sum or an increase is compared with a threshold, where cohortd compares each data point' }
  if (source.part !== 'value') return { refused: 'a count is compared with a threshold' }
  if (op !== null && op !== 'lt' && op !== 'lte')
    return { refused: `op is ${op}, and cohortd knows good values below a bound (lt, lte) alone` }
  const bound = value === null ? {} : { good_below: value }
  return { entry: { from: 'metrics', metric: source.metric, ...whereOf(source), ...bound }, used }
}
