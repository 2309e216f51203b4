// The Prometheus examples as Prometheus reads them, and what their recording rules make of three replicas.
import { expect, test } from 'vitest'
import { runPromtool } from './promtool/promtool.ts'

const CONFIGS = ['deploy/prometheus/prometheus.yml', 'deploy/prometheus/prometheus-replicas.yml']

test.each(CONFIGS)('promtool finds nothing wrong with %s and its rules', (path) => {
  expect(runPromtool(['check', 'config', path])).toMatchObject({ status: 0, stderr: '' })
})

test('promtool gets from the rules for replicas what their tests say', () => {
  expect(runPromtool(['test', 'rules', 'test/real/promtool/replicas.yml'])).toMatchObject({ status: 0 })
})
