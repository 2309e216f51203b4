// Feeds the daemon's own metrics from the parts that do not know of them; read at every scrape.

import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Engine } from '../engine/engine.ts'
import type { RequestCounters } from '../ingest/request-counters.ts'
import type { SelfMetrics } from '../publish/self-metrics.ts'

const NANOS = 1e9

export function observeProcess(metrics: SelfMetrics, started: { version: string; startMs: number }): void {
  metrics.gauge('cohortd_build_info', { version: started.version }).set(1)
  // Counters that begin at 0, so that a rate sees their first step.
  for (const reason of ['slow', 'limit']) metrics.counter('cohortd_sse_dropped_total', { reason })
  metrics.counter('cohortd_store_errors_total', { operation: 'commit' })
  metrics.gauge('cohortd_sse_subscribers')
  metrics.gauge('process_start_time_seconds').set(started.startMs / 1000)
  metrics.observe('process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  metrics.observe('process_resident_memory_bytes', () => process.memoryUsage.rss())
  metrics.observe('nodejs_heap_size_used_bytes', () => process.memoryUsage().heapUsed)
  metrics.observe('process_open_fds', openFileDescriptors)
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  metrics.observe('nodejs_eventloop_lag_p99_seconds', () => delay.percentile(99) / NANOS)
  metrics.observe('nodejs_eventloop_lag_max_seconds', () => {
    const max = delay.max / NANOS
    delay.reset()
    return max
  })
}

export function observeEngine(metrics: SelfMetrics, engine: Engine): void {
  metrics.observe('cohortd_cohorts', () => engine.tracked().length)
  metrics.observe('cohortd_experiments', () => engine.registry.experimentCount)
  metrics.observe('cohortd_limit_overflows_total', () => {
    const { overflowSegments, overflowVariants, refusedExperiments, idleExperiments, retriesEvicted } = engine.counters
    return Object.entries({
      cohorts_per_experiment: overflowSegments,
      variants_per_experiment: overflowVariants,
      experiments: refusedExperiments,
      idle_experiments: idleExperiments,
      retry_window: retriesEvicted,
    }).map(([limit, value]) => ({ labels: { limit }, value }))
  })
  metrics.observe('cohortd_trace_evicted_total', () => engine.counters.tracesEvicted)
  metrics.observe('cohortd_store_rows_left_out_total', () => {
    const { damagedRows: damaged, refusedRows: limit } = engine.exchange
    return Object.entries({ damaged, limit }).map(([reason, value]) => ({ labels: { reason }, value }))
  })
  metrics.observe('cohortd_negative_durations_total', () => engine.counters.negativeDurations)
}

export function observeRequests(metrics: SelfMetrics, counters: RequestCounters): void {
  metrics.observe('cohortd_receiver_requests_total', () =>
    counters.rows().map(({ signal, transport, code, requests }) => ({
      labels: { signal: signal ?? '', transport, code },
      value: requests,
    })),
  )
  metrics.observe('cohortd_receiver_request_bytes_total', () => {
    const bytes = new Map<string, { labels: { signal: string; transport: string }; value: number }>()
    for (const row of counters.rows()) {
      const labels = { signal: row.signal ?? '', transport: row.transport }
      const key = `${labels.signal}/${labels.transport}`
      bytes.set(key, { labels, value: (bytes.get(key)?.value ?? 0) + row.bytes })
    }
    return bytes.values()
  })
}

function openFileDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}
