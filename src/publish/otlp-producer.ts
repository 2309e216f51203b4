// In the exporter's thread: turns snapshots into what the OpenTelemetry SDK exports. A MetricProducer and not instruments,
// since instruments stop at 2,000 series.
import type { Attributes, HrTime } from '@opentelemetry/api'
import { ValueType } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { CollectionResult, DataPoint, MetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics'
import { verdictSamples } from './global-samples.ts'
import type { OtlpMetric } from './otlp-layout.ts'
import { otlpMetric } from './otlp-layout.ts'
import type { OtlpDescription, OtlpSnapshot } from './otlp-snapshot.ts'

const VERDICT = otlpMetric('cohortd_experiment_verdict')

export interface SnapshotProducerOptions {
  /** Asks for the numbers as they are now; null: there are none yet. */
  readonly snapshot: () => Promise<OtlpSnapshot | null>
  /** Since when the counters count, Unix milliseconds. */
  readonly startedMs: number
  readonly version: string
}

export class SnapshotProducer implements MetricProducer {
  readonly #options: SnapshotProducerOptions
  #description: OtlpDescription | null = null
  /** Attributes of each cohort, by number. */
  #cohorts = new Map<number, Attributes>()

  constructor(options: SnapshotProducerOptions) {
    this.#options = options
  }

  async collect(): Promise<CollectionResult> {
    const snapshot = await this.#options.snapshot()
    const metrics = snapshot === null ? [] : this.#metrics(snapshot)
    const scope = { name: 'cohortd', version: this.#options.version }
    return {
      resourceMetrics: {
        resource: resourceFromAttributes({}),
        scopeMetrics: metrics.length === 0 ? [] : [{ scope, metrics }],
      },
      errors: [],
    }
  }

  #metrics(snapshot: OtlpSnapshot): MetricData[] {
    const description = (this.#description = snapshot.description ?? this.#description)
    if (description === null) return []
    this.#learn(snapshot, description)
    const points = new PointsByMetric(hrTimeOf(this.#options.startedMs), hrTimeOf(snapshot.evaluatedMs))
    const { columns } = description
    for (let at = 0; at < snapshot.cohorts.length; at++) {
      const attributes = this.#cohorts.get(snapshot.cohorts[at])
      for (let column = 0; column < columns.length; column++) {
        const value = snapshot.values[at * columns.length + column]
        if (Number.isFinite(value))
          points.add(columns[column].metric, { ...attributes, ...columns[column].attributes }, value)
      }
    }
    for (const { name, labels, value } of snapshot.globals) points.add(otlpMetric(name), { ...labels }, value)
    for (let at = 0; at < snapshot.verdicts.length; at += 3) {
      const [experiment, variant, verdict] = snapshot.verdicts.slice(at, at + 3)
      for (const { labels, value } of verdictSamples({ experiment, variant, verdict }))
        points.add(VERDICT, { ...labels }, value)
    }
    return points.metrics()
  }

  #learn(snapshot: OtlpSnapshot, { segments }: OtlpDescription): void {
    const names = ['experiment', 'variant', ...segments]
    for (let at = 0; at < snapshot.newCohorts.length; at++) {
      const from = at * names.length
      const attributes = Object.fromEntries(names.map((name, place) => [name, snapshot.newLabels[from + place]]))
      this.#cohorts.set(snapshot.newCohorts[at], attributes)
    }
    if (this.#cohorts.size === snapshot.cohorts.length) return
    const current = new Map<number, Attributes>()
    for (const number of snapshot.cohorts) {
      const attributes = this.#cohorts.get(number)
      if (attributes !== undefined) current.set(number, attributes)
    }
    this.#cohorts = current
  }
}

class PointsByMetric {
  readonly #start: HrTime
  readonly #end: HrTime
  readonly #points = new Map<string, { readonly metric: OtlpMetric; readonly points: DataPoint<number>[] }>()

  constructor(start: HrTime, end: HrTime) {
    this.#start = start
    this.#end = end
  }

  add(metric: OtlpMetric, attributes: Attributes, value: number): void {
    let of = this.#points.get(metric.name)
    if (of === undefined) this.#points.set(metric.name, (of = { metric, points: [] }))
    of.points.push({ startTime: metric.monotonic ? this.#start : this.#end, endTime: this.#end, attributes, value })
  }

  metrics(): MetricData[] {
    return [...this.#points.values()].map(({ metric, points }): MetricData => {
      const { name, unit, description } = metric
      const common = {
        descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPoints: points,
      }
      return metric.monotonic
        ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true }
        : { ...common, dataPointType: DataPointType.GAUGE }
    })
  }
}

function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
