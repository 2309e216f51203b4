// The daemon's own metrics with a sample for each of them.

import type { DaemonCounterName, DaemonGaugeName, DaemonHistogramName } from '../../src/publish/catalogue-daemon.ts'
import { DAEMON_METRICS } from '../../src/publish/catalogue-daemon.ts'
import { SelfMetrics } from '../../src/publish/self-metrics.ts'

export function everyMetric(): SelfMetrics {
  const metrics = new SelfMetrics()
  for (const [name, family] of Object.entries(DAEMON_METRICS)) {
    const labels = Object.fromEntries(family.labels.map((label) => [label, 'x']))
    if (family.type === 'counter') metrics.counter(name as DaemonCounterName, labels).add()
    else if (family.type === 'gauge') metrics.gauge(name as DaemonGaugeName, labels).set(1)
    else metrics.histogram(name as DaemonHistogramName, labels).observe(1)
  }
  return metrics
}
