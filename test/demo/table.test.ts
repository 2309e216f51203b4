import { describe, expect, test } from 'vitest'
import { plainLine, rowsOf, tableLines } from '../../src/demo/table.ts'
import type { CohortReport, ExperimentReport, SliReport, SloReport } from '../../src/model/report.ts'

const sli = (name: string, good: number, bad: number, p99: number | null = null): SliReport => ({
  sli: name,
  events: good + bad,
  good,
  bad,
  windows: {},
  percentiles: p99 === null ? null : { '0.5': p99 / 2, '0.99': p99 },
  baseline: null,
})
const slo = (name: string, burn5m: number | null, alert: SloReport['alert'] = null): SloReport => ({
  slo: name,
  objective: 0.999,
  burn: { '5m': burn5m, '1h': 1 },
  sufficient: true,
  events: 100,
  events_required: 50,
  error_budget_remaining: 1,
  alert,
})
const cohort = (slis: SliReport[], slos: SloReport[]): CohortReport => ({ segments: {}, slis, slos })

function report(cohortsByVariant: Record<string, CohortReport[]>): ExperimentReport {
  return {
    id: 'redesign',
    state: 'running',
    since: '2026-11-23T10:00:00.000Z',
    control: 'control',
    hypothesis: null,
    owner: null,
    runbook_url: null,
    variants: Object.entries(cohortsByVariant).map(([variant, cohorts]) => ({
      variant,
      exposures: 0,
      unique_units: null,
      units: null,
      verdict: { verdict: 'hold', reasons: [], sufficient: false, events: 0, events_required: null },
      cohorts,
    })),
    comparisons: [],
    contamination: null,
    warnings: [],
  }
}
const page = { severity: 'page', since: '2026-11-23T10:00:10.000Z', shared: false } as const
const ticket = { ...page, severity: 'ticket' } as const

describe('the table of the demonstration', () => {
  test('has a row per variant, the control first, with counts, burn, percentile, verdict and alert', () => {
    const rows = rowsOf(
      report({
        treatment: [
          cohort(
            [sli('latency', 390, 10, 0.412), sli('availability', 360, 40)],
            [slo('availability', 100.04, page), slo('fast', 2.5, ticket)],
          ),
        ],
        control: [cohort([sli('latency', 400, 0, 0.18), sli('availability', 400, 0)], [slo('availability', 0)])],
      }),
    )
    expect(tableLines(rows)).toEqual([
      'variant    requests        errors  burn 5m      p99  verdict   alert',
      'control         400      0 (0.0%)     0.0x   180 ms  hold',
      'treatment       400    40 (10.0%)   100.0x   412 ms  hold      PAGE availability, fast',
    ])
    expect(plainLine(12.4, rows)).toBe(
      ' 12 s  control: 400 requests, 0 (0.0%) errors, burn 0.0x, p99 180 ms, hold | treatment: 400 requests, 40 (10.0%) errors, burn 100.0x, p99 412 ms, hold, PAGE availability, fast',
    )
  })

  test('adds up the cohorts of a variant and takes their worst burn and percentile', () => {
    const [row] = rowsOf(
      report({
        a: [
          cohort([sli('availability', 10, 1, 0.1)], [slo('availability', 3)]),
          cohort([sli('availability', 20, 4, 0.3)], [slo('availability', null)]),
          cohort([], []),
        ],
      }),
    )
    expect(row).toMatchObject({ requests: 35, errors: 5, burn5m: 3, p99Seconds: 0.3, alert: '' })
  })

  test('shows what is unknown as a dash, never as a zero', () => {
    const [, line] = tableLines(rowsOf(report({ a: [cohort([], [slo('availability', null)])] })))
    expect(line).toMatch(/^a +0 +0 \(0\.0%\) +- +- +hold$/)
    expect(plainLine(1, [])).toBe('  1 s  no traffic counted yet')
  })

  test('takes the first SLI and SLO where none is called availability', () => {
    const [row] = rowsOf(report({ a: [cohort([sli('up', 5, 1)], [slo('up', 9), slo('other', 70)])] }))
    expect(row).toMatchObject({ requests: 6, errors: 1, burn5m: 9 })
  })
})
