import { describe, expect, it } from 'vitest'
import { familyHeader, negotiateFormat } from '../../src/publish/exposition-format.ts'
import { metricsPage } from '../../src/publish/prometheus.ts'
import { SelfMetrics } from '../../src/publish/self-metrics.ts'

const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1'

describe('the format of a scrape', () => {
  it.each([
    ['nothing', undefined, 'text'],
    ['an empty header', '', 'text'],
    ['anything', '*/*', 'text'],
    ['what Prometheus 3 sends', PROMETHEUS_3, 'openmetrics'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
    ['OpenMetrics without a version', 'application/openmetrics-text', 'openmetrics'],
    ['OpenMetrics in another case', 'Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics'],
    ['OpenMetrics of another version only', 'application/openmetrics-text;version=2.0.0', 'text'],
    ['OpenMetrics refused', 'application/openmetrics-text;q=0, */*', 'text'],
    ['text preferred', 'application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.9', 'text'],
    ['both alike', 'text/plain,application/openmetrics-text', 'openmetrics'],
    ['a quality that is no number', 'application/openmetrics-text;q=high', 'text'],
  ])('for %s', (_case, accept, format) => {
    expect(negotiateFormat(accept)).toBe(format)
  })

  it('is told with the exact content types that Prometheus knows', () => {
    const input = { reading: null, selfMetrics: new SelfMetrics() }
    expect(metricsPage(input, 'text/plain').contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(metricsPage(input, PROMETHEUS_3).contentType).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
  })

  it('escapes help texts as each format asks', () => {
    const family = { type: 'gauge', unit: null, help: 'a "b" \\ c\nd', labels: [] } as const
    expect(familyHeader('x', family, 'text')).toBe('# HELP x a "b" \\\\ c\\nd\n# TYPE x gauge\n')
    expect(familyHeader('x', family, 'openmetrics')).toBe('# TYPE x gauge\n# HELP x a \\"b\\" \\\\ c\\nd\n')
  })
})
