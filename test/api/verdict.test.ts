import { describe, expect, it } from 'vitest'
import { answerVerdict } from '../../src/api/verdict.ts'
import type { ExperimentReport } from '../../src/model/report.ts'
import { cohortReport, experimentReport, sloReport } from './source.ts'

function answer(report: ExperimentReport | 'loading' | null, variant = 'treatment') {
  return answerVerdict({
    experiment: 'checkout',
    variant,
    report,
    degraded: [],
    evaluatedMs: 0,
    ageSeconds: 1,
    configHash: 'sha256:abc',
  })
}

describe('the verdict answer', () => {
  it('tells the numbers of the verdict that the report holds', () => {
    expect(answer(experimentReport('checkout'))).toMatchObject({ events: 60, events_required: 50 })
    expect(answer(null)).toMatchObject({ events: 0, events_required: null, events_total: 0, evidence: null })
    expect(answer(experimentReport('checkout', []))).toMatchObject({
      events_total: 0,
      evidence: { slos: [], omitted: 0 },
    })
  })

  it('is hold while what is stored is being loaded, whatever is here already', () => {
    expect(answer('loading')).toMatchObject({ verdict: 'hold', sufficient: false, reasons: [{ code: 'loading' }] })
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
