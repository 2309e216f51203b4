// Reports of every kind of SLI against the schemas. `Required` makes a property that the model gains a mistake here, until the report below has it;
// the check then complains of what no schema describes.
import { describe, expect, it } from 'vitest'
import type {
  BaselineReport,
  CohortReport,
  ExperimentReport,
  SliReport,
  SliWindowReport,
  SloReport,
  VariantReport,
} from '../../src/model/report.ts'
import { EngineOfAllKinds } from '../publish/engine-of-all-kinds.ts'
import { testApp } from './app.ts'
import { schemaProblems } from './schema-check.ts'
import { cohortReport, experimentReport, sloReport, stubSource } from './source.ts'

const REPORT = { $ref: '#/components/schemas/ExperimentReport' }

const judged: Required<SliWindowReport> = { events: 60.5, good: 59, bad: 1.5, good_ratio: 0.97, ratio: null }
const amount: Required<SliWindowReport> = { events: 60.5, good: null, bad: null, good_ratio: null, ratio: 12.25 }

const baseline: Required<BaselineReport> = {
  ...judged,
  window: '1h',
  taken_at: '2026-01-01T00:00:00.000Z',
  percentiles: { '0.99': 0.3 },
  mean: 0.1,
}

const ofHistogram: Required<SliReport> = {
  sli: 'latency',
  events: 60.5,
  good: 59,
  bad: 1.5,
  windows: { '5m': judged },
  percentiles: { '0.5': 0.1, '0.99': 0.4 },
  mean: 0.12,
  estimated: true,
  percentile_errors: { '0.5': 0.05, '0.99': null },
  baseline,
}
const ofAmount: SliReport = {
  sli: 'cost',
  events: 60.5,
  good: null,
  bad: null,
  windows: { '5m': amount },
  percentiles: null,
  baseline: { ...baseline, ...amount, percentiles: null, mean: null },
}

const alert = { severity: 'page', since: '2026-01-01T00:00:00.000Z', shared: true } as const
const bounded: Required<SloReport> = { ...sloReport({ objective: null, alert }), upper_bound: 0.2 }

const cohort: Required<CohortReport> = {
  segments: { 'service.name': 'shop' },
  slis: [ofHistogram, ofAmount],
  slos: [bounded],
}

const full: Required<ExperimentReport> = {
  ...experimentReport('checkout'),
  variants: experimentReport('checkout').variants.map(
    (variant): Required<VariantReport> => ({
      ...variant,
      exposures: 1200.5,
      unique_units: 700,
      units: { relative_error: 0.01, share: 0.6, expected_share: 0.5, repeat_exposures: 500 },
      cohorts: [cohort],
    }),
  ),
  contamination: { units: 1400, contaminated: 3, ratio: 3 / 1400, lower: 0.0007, upper: 0.006 },
}

async function answered(report: ExperimentReport): Promise<unknown> {
  const { app } = await testApp(stubSource({ reports: [report] }))
  return (await app.inject('/api/v1/experiments/checkout')).json()
}

/** All paths to what is neither object nor list, and to those that are empty. */
function leaves(value: unknown, path: readonly string[] = []): string[][] {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return parts.length === 0 ? [[...path]] : parts.flatMap(([name, part]) => leaves(part, [...path, name]))
}

/** A copy in which the place holds something else. */
function changed(value: unknown, [name, ...path]: readonly string[], other: unknown): unknown {
  if (name === undefined) return other
  const copy = structuredClone(value) as Record<string, unknown>
  copy[name] = changed(copy[name], path, other)
  return copy
}

describe('the schema of an experiment report', () => {
  it('describes all that a report may hold', async () => {
    expect(schemaProblems(REPORT, await answered(full))).toEqual([])
  })

  it('describes one without baseline, units and contamination', async () => {
    const plain = experimentReport('checkout', [cohortReport('shop', [sloReport({ error_budget_remaining: null })])])
    expect(schemaProblems(REPORT, await answered(plain))).toEqual([])
  })

  it('describes the report of an engine with SLIs of every kind', async () => {
    const running = new EngineOfAllKinds()
    running.before(60)
    running.traffic(20)
    const report = running.engine.experiment('checkout')
    const latest = report?.variants[0].cohorts[0].slis ?? []
    expect(latest.some(({ baseline }) => baseline !== null)).toBe(true)
    expect(latest.some(({ percentile_errors }) => percentile_errors !== undefined)).toBe(true)
    expect(report?.contamination?.contaminated).toBe(1)
    expect(schemaProblems(REPORT, report === null ? null : await answered(report))).toEqual([])
  })

  it('describes every single value, so that one of another type is none of its answers', async () => {
    const answer = await answered(full)
    const places = leaves(answer).filter(([first]) => first !== 'comparisons')
    expect(places.length).toBeGreaterThan(80)
    const taken = places.filter((place) => schemaProblems(REPORT, changed(answer, place, [['wrong']])).length === 0)
    expect(taken).toEqual([])
  })

  it('takes no percentages of units, negative counts or a false `estimated`', async () => {
    const answer = await answered(full)
    const variant = ['variants', '0']
    const sli = [...variant, 'cohorts', '0', 'slis', '0']
    const wrong: [string[], unknown][] = [
      [[...variant, 'unique_units'], 0.5],
      [[...variant, 'units', 'share'], -0.1],
      [['contamination', 'contaminated'], -1],
      [[...sli, 'windows', '5m', 'good'], -1],
      [[...sli, 'estimated'], false],
    ]
    for (const [place, value] of wrong)
      expect(schemaProblems(REPORT, changed(answer, place, value)), place.join('.')).not.toEqual([])
  })

  it('describes the same SLOs as evidence of a verdict', async () => {
    const { app } = await testApp(stubSource({ reports: [full] }))
    const answer = (await app.inject('/api/v1/experiments/checkout/variants/treatment/verdict')).json()
    expect(schemaProblems({ $ref: '#/components/schemas/VerdictAnswer' }, answer)).toEqual([])
    expect(answer.evidence.slos).toEqual([{ segments: { 'service.name': 'shop' }, ...bounded }])
  })
})
