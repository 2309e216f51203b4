// The SLI that nobody configures, under an SLO that somebody did: from the configuration to report, metrics, alerts and rules.
import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { prometheusRules } from '../../src/migration/prometheus-rules.ts'
import { withFlagEvaluations } from '../../src/model/flag-evaluations.ts'
import { settingsOf } from '../config/load-text.ts'
import { sloReport } from './reports.ts'
import { exposure, logs } from './telemetry.ts'
import { EPOCH_MS } from './traffic.ts'

const CONFIGURATION = 'slis: []\nslos: [{name: flags, sli: flag_evaluations, objective: 0.9, policy: experiment}]\n'

test('an SLO names flag_evaluations: it burns, fires, and has rules for Prometheus', () => {
  const { engine: settings } = settingsOf(CONFIGURATION)
  const engine = new Engine(settings, EPOCH_MS)
  const evaluations = Array.from({ length: 100 }, (_, unit) =>
    exposure(EPOCH_MS, 'treatment', `u${unit}`, unit < 40 ? { 'error.type': 'provider_not_ready' } : {}),
  )
  engine.consume(logs(evaluations, { service: 'shop' }), EPOCH_MS)
  engine.advanceTo(EPOCH_MS + 2000)
  expect(sloReport(engine, 'checkout/treatment/shop', 'flags').burn['5m']).toBeCloseTo(4)
  const told = engine.takeEvents().map(({ json }) => json)
  expect(told).toContainEqual(expect.stringMatching(/cohortd\.burn\.firing.*"slo":"flags"/))
  const rules = prometheusRules({
    slis: withFlagEvaluations(settings.slis),
    slos: settings.slos,
    experiments: [],
    segmentLabels: ['service_name'],
    job: 'cohortd',
    madeBy: 'a test',
  })
  expect(rules).toContain('sli="flag_evaluations"')
})
