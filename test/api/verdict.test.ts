import { describe, expect, it } from 'vitest'
import { answerVerdict } from '../../src/api/verdict.ts'
import type { ExperimentReport } from '../../src/model/report.ts'
import { cohortReport, experimentReport, sloReport } from './source.ts'

function answer(report: ExperimentReport | null, variant = 'treatment') {
  return answerVerdict({
    experiment: 'checkout',
    variant,
    report,
    evaluatedMs: 0,
    ageSeconds: 1,
    configHash: 'sha256:abc',
  })
}

describe('the verdict answer', () => {
  it('counts events of an SLO over all cohorts and tells of the SLO that has most of what it needs', () => {
    const report = experimentReport('checkout', [
      cohortReport('a', [sloReport({ events: 20 }), sloReport({ slo: 'fast', events: 5, events_required: 100 })]),
      cohortReport('b', [sloReport({ events: 21 }), sloReport({ slo: 'fast', events: 60, events_required: 100 })]),
    ])
    expect(answer(report)).toMatchObject({ events: 41, events_required: 50 })
  })

  it('has no required number where no SLO applies', () => {
    expect(answer(experimentReport('checkout', []))).toMatchObject({
      events: 0,
      events_required: null,
      evidence: { slos: [], omitted: 0 },
    })
  })

  it('shows at most 100 pieces of evidence, alerts first, and says how many it left out', () => {
    const alert = { severity: 'page', since: '2026-01-01T00:00:00.000Z', shared: false } as const
    const cohorts = Array.from({ length: 150 }, (_, at) =>
      cohortReport(`s${at}`, [sloReport({ alert: at === 149 ? alert : null })]),
    )
    const { evidence } = answer(experimentReport('checkout', cohorts))
    expect(evidence?.slos).toHaveLength(100)
    expect(evidence?.omitted).toBe(50)
    expect(evidence?.slos[0]).toMatchObject({ segments: { 'service.name': 's149' }, alert })
  })

  it('names what was never seen', () => {
    expect(answer(null).reasons[0].code).toBe('unknown_experiment')
    expect(answer(experimentReport('checkout'), 'other').reasons[0].code).toBe('unknown_variant')
  })
})
