// What is exported over OTLP against what /metrics shows of the same reading, for SLIs of every kind.
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reading } from '../../src/model/reading.ts'
import type { Sli } from '../../src/model/slo.ts'
import { SnapshotProducer } from '../../src/publish/otlp-producer.ts'
import { OtlpSnapshots } from '../../src/publish/otlp-snapshot.ts'
import { parsedPage } from './page.ts'
import { cohort, eventSli, ingestSli, metricSli, ratioSli, reading, sli, slo } from './readings.ts'

const STARTED_MS = 1_767_225_000_250
const ONCE = { windowMs: 1000, oncePerUnit: true }

const SLIS: readonly Sli[] = [
  sli('plain'),
  sli('latency', { value: { kind: 'duration' }, percentiles: [0.5, 0.99] }),
  metricSli('metric', { percentiles: [0.5, 0.9] }),
  eventSli('conversion', { valid: { kind: 'exposures' }, good: [] }),
  eventSli('converted', { valid: { kind: 'exposures' }, good: [], attribution: ONCE }),
  ratioSli('rows', 'good'),
  ratioSli('errors', 'bad'),
  ratioSli('cost'),
  ingestSli('ingest'),
]
const SLOS = SLIS.map(({ name }) =>
  slo(`${name}-slo`, { sli: name, ...(name === 'cost' ? { objective: null, upperBound: 2.5 } : {}) }),
)

async function collected(of: Reading): Promise<MetricData[]> {
  const snapshots = new OtlpSnapshots()
  const producer = new SnapshotProducer({
    snapshot: () => snapshots.take(of),
    startedMs: STARTED_MS,
    version: '0.1.0',
  })
  const { resourceMetrics, errors } = await producer.collect()
  expect(errors).toEqual([])
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
}

type Series = readonly [string, number]
const sorted = (series: Series[]): Series[] => series.sort(([a], [b]) => (a < b ? -1 : 1))
const keyOf = (name: string, labels: object): string =>
  JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])

/** Series under the names that Prometheus gives them. */
function exportedSeries(metrics: readonly MetricData[]): Series[] {
  return sorted(
    metrics.flatMap(({ descriptor: { name, unit }, dataPointType, dataPoints }) => {
      const words = name.split(/[._]/)
      if (dataPointType === DataPointType.SUM) words.push('total')
      else if (unit === 's') words.push('seconds')
      else if (unit === '1' && words.at(-1) !== 'ratio') words.push('ratio')
      return dataPoints.map(({ attributes, value }): Series => {
        const { 'service.name': service, ...others } = attributes
        return [
          keyOf(words.join('_'), service === undefined ? others : { ...others, service_name: service }),
          Number(value),
        ]
      })
    }),
  )
}

/** Those at /metrics, but for what OTLP has no place for and what tells of the receivers. */
async function pageSeries(of: Reading): Promise<Series[]> {
  const { families } = await parsedPage(of)
  return sorted(
    [...families.values()]
      .flatMap(({ samples }) => samples)
      .filter(({ name }) => /^cohortd_(sli|slo|experiment)_/.test(name) && !/_(sum|count)$/.test(name))
      .map(({ name, labels, value }): Series => [keyOf(name, labels), value]),
  )
}

const number = fc.oneof(fc.constantFrom(0, 1, 1e300, Number.NaN, Number.POSITIVE_INFINITY), fc.double({ min: 0 }))
const threeWindows = fc.array(number, { minLength: 3, maxLength: 3 })
const counts = fc.record({
  good: threeWindows,
  bad: threeWindows,
  valid: threeWindows,
  process: fc.tuple(number, number),
  quantiles: fc.option(fc.array(number, { minLength: 2, maxLength: 2 })),
})
const readings = fc
  .record({
    cohorts: fc.array(
      fc.record({
        slis: fc.array(fc.option(counts, { freq: 3 }), { minLength: SLIS.length, maxLength: SLIS.length }),
        sufficient: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    units: fc.array(fc.option(fc.nat()), { maxLength: 3 }),
    exposures: fc.double({ min: 0, max: 1e9, noNaN: true }),
  })
  .map(({ cohorts, units, exposures }) =>
    reading({
      slis: SLIS,
      slos: SLOS,
      cohorts: cohorts.map((sketch, at) => cohort({ ...sketch, segments: [`s${at}`] })),
      variants: units.map((uniqueUnits, at) => ({
        experiment: 'checkout',
        variant: `v${at}`,
        verdict: 'continue',
        processExposures: exposures,
        uniqueUnits,
      })),
    }),
  )

describe('exported metrics', () => {
  it('are the series of /metrics, each once', async () => {
    await fc.assert(
      fc.asyncProperty(readings, async (of) => {
        expect(exportedSeries(await collected(of))).toEqual(await pageSeries(of))
      }),
      { numRuns: 60 },
    )
  })

  it('are cumulative sums since the start where they count, gauges elsewhere', async () => {
    const variants = [
      { experiment: 'checkout', variant: 'treatment', verdict: 'hold', processExposures: 12, uniqueUnits: 7 },
    ]
    const metrics = await collected(reading({ slis: SLIS, slos: SLOS, variants }))
    const find = (name: string) => metrics.find(({ descriptor }) => descriptor.name === name)
    expect(find('cohortd.experiment.exposures')).toMatchObject({
      descriptor: { unit: '1' },
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: [{ value: 12, startTime: [1_767_225_000, 250_000_000], endTime: [1_767_225_600, 0] }],
    })
    expect(find('cohortd.experiment.unique_units')).toMatchObject({
      dataPointType: DataPointType.GAUGE,
      dataPoints: [{ value: 7, attributes: { experiment: 'checkout', variant: 'treatment' } }],
    })
    expect(find('cohortd.slo.upper_bound')).toMatchObject({
      dataPointType: DataPointType.GAUGE,
      dataPoints: [{ value: 2.5, attributes: { slo: 'cost-slo' } }],
    })
  })

  it('lack the families of which there is nothing', async () => {
    const names = (await collected(reading({ slis: [sli('availability')] }))).map(({ descriptor }) => descriptor.name)
    expect(names).toEqual(['cohortd.slo.objective_ratio'])
  })
})
