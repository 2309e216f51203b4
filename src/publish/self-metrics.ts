// The daemon's own counters, gauges and histograms: cheap to update from anywhere, read only at a scrape.
// Hides how label values become series, and the bound on how many there may be.

import type { MetricFamily } from './catalogue.ts'
import type { DaemonCounterName, DaemonGaugeName, DaemonHistogramName, DaemonMetricName } from './catalogue-daemon.ts'
import { DAEMON_METRICS } from './catalogue-daemon.ts'

/** Values by label name; exactly the labels that the catalogue lists for the metric. */
export type MetricLabels = Readonly<Record<string, string>>

export interface LabelledValue {
  readonly labels: MetricLabels
  readonly value: number
}

/** One sample of a family: `suffix` is empty, "_bucket", "_sum" or "_count". */
export interface Sample {
  readonly suffix: string
  readonly labels: MetricLabels
  readonly value: number
}

export interface FamilySamples {
  readonly name: DaemonMetricName
  readonly family: MetricFamily
  readonly samples: readonly Sample[]
}

/** Series per metric; what comes after goes to one series whose label values are all "_other_". */
const MAX_SERIES = 256

export class Counter {
  value = 0
  /** Adds `amount`, which must not be negative. */
  add(amount = 1): void {
    this.value += amount
  }
}

export class Gauge {
  value = 0
  set(value: number): void {
    this.value = value
  }
}

export class Histogram {
  readonly bounds: readonly number[]
  /** By bucket, not cumulative; the last one is +Inf. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** Counts one value; what is no finite number is ignored. */
  observe(value: number): void {
    if (!Number.isFinite(value)) return
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]) bucket++
    this.counts[bucket]++
    this.sum += value
  }
}

type Instrument = Counter | Gauge | Histogram
interface Series {
  readonly labels: MetricLabels
  readonly instrument: Instrument
}

/** The registry. Histograms are there, empty, from the beginning; counters and gauges from their first use on. */
export class SelfMetrics {
  readonly #series = new Map<DaemonMetricName, Map<string, Series>>()
  readonly #callbacks = new Map<DaemonMetricName, () => number | null | Iterable<LabelledValue>>()

  constructor() {
    for (const [name, family] of Object.entries(DAEMON_METRICS))
      if (family.type === 'histogram') this.histogram(name as DaemonHistogramName)
  }

  /** The counter of these label values: the same object at every call, so callers on a hot path keep it. */
  counter(name: DaemonCounterName, labels: MetricLabels = {}): Counter {
    return this.#instrument(name, labels, () => new Counter()) as Counter
  }

  gauge(name: DaemonGaugeName, labels: MetricLabels = {}): Gauge {
    return this.#instrument(name, labels, () => new Gauge()) as Gauge
  }

  histogram(name: DaemonHistogramName, labels: MetricLabels = {}): Histogram {
    return this.#instrument(name, labels, () => new Histogram(DAEMON_METRICS[name].buckets)) as Histogram
  }

  /** Asks `read` at every scrape instead; null: nothing to say this time. One callback per metric. */
  observe(name: DaemonCounterName | DaemonGaugeName, read: () => number | null | Iterable<LabelledValue>): void {
    this.#callbacks.set(name, read)
  }

  /** All families that have a sample, in the order of the catalogue. */
  *families(): Generator<FamilySamples> {
    for (const name of Object.keys(DAEMON_METRICS) as DaemonMetricName[]) {
      const samples = [...this.#samples(name)]
      if (samples.length > 0) yield { name, family: DAEMON_METRICS[name], samples }
    }
  }

  *#samples(name: DaemonMetricName): Generator<Sample> {
    const read = this.#callbacks.get(name)?.() ?? null
    if (typeof read === 'number') {
      if (Number.isFinite(read)) yield { suffix: '', labels: {}, value: read }
    } else if (read !== null) for (const { labels, value } of read) yield { suffix: '', labels, value }
    for (const { labels, instrument } of this.#series.get(name)?.values() ?? [])
      if (instrument instanceof Histogram) yield* histogramSamples(labels, instrument)
      else yield { suffix: '', labels, value: instrument.value }
  }

  #instrument(name: DaemonMetricName, labels: MetricLabels, create: () => Instrument): Instrument {
    const names: readonly string[] = DAEMON_METRICS[name].labels
    let series = this.#series.get(name)
    if (series === undefined) this.#series.set(name, (series = new Map<string, Series>()))
    let key = names.map((label) => labels[label]).join('\u0000')
    let known = series.get(key)
    if (known !== undefined) return known.instrument
    let own = Object.fromEntries(names.map((label) => [label, labels[label] ?? '']))
    if (series.size >= MAX_SERIES) {
      key = '_other_'
      own = Object.fromEntries(names.map((label) => [label, '_other_']))
      known = series.get(key)
      if (known !== undefined) return known.instrument
    }
    const instrument = create()
    series.set(key, { labels: own, instrument })
    return instrument
  }
}

function* histogramSamples(labels: MetricLabels, histogram: Histogram): Generator<Sample> {
  let count = 0
  for (let bucket = 0; bucket < histogram.counts.length; bucket++) {
    count += histogram.counts[bucket]
    const le = bucket < histogram.bounds.length ? openMetricsBound(histogram.bounds[bucket]) : '+Inf'
    yield { suffix: '_bucket', labels: { ...labels, le }, value: count }
  }
  yield { suffix: '_sum', labels, value: histogram.sum }
  yield { suffix: '_count', labels, value: count }
}

/** Bounds are floats in OpenMetrics: 1 is written 1.0, or the series would change its name with the format. */
function openMetricsBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}
