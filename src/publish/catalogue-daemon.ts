// The part of the metric catalogue that tells of the daemon itself.
import type { MetricFamily } from './catalogue.ts'

/** Metrics that other parts feed through SelfMetrics. */
export const DAEMON_METRICS = {
  cohortd_build_info: {
    type: 'gauge',
    unit: null,
    help: 'Always 1; the version of the daemon is its label.',
    labels: ['version'],
  },
  cohortd_cohorts: { type: 'gauge', unit: null, help: 'Cohorts held in memory.', labels: [] },
  cohortd_experiments: { type: 'gauge', unit: null, help: 'Experiments held in memory.', labels: [] },
  cohortd_limit_overflows_total: {
    type: 'counter',
    unit: null,
    help: 'Times that a configured limit turned something away or sent it to the overflow cohort.',
    labels: ['limit'],
  },
  cohortd_trace_evicted_total: {
    type: 'counter',
    unit: null,
    help: 'Traces forgotten before their time because the memory for waiting spans was full.',
    labels: [],
  },
  cohortd_negative_durations_total: {
    type: 'counter',
    unit: null,
    help: 'Spans that ended before they began; their duration counts as zero.',
    labels: [],
  },
  cohortd_receiver_requests_total: {
    type: 'counter',
    unit: null,
    help: 'OTLP requests by the answer that they got.',
    labels: ['signal', 'transport', 'code'],
  },
  cohortd_receiver_request_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of OTLP requests as they came over the network.',
    labels: ['signal', 'transport'],
  },
  cohortd_detection_latency_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'From the receipt of the telemetry that made an alert fire to the publication of its event.',
    labels: [],
    buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10, 30, 60],
  },
  cohortd_tick_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'Time that one evaluation of all cohorts took.',
    labels: [],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  },
  cohortd_events_published_total: {
    type: 'counter',
    unit: null,
    help: 'Events appended to the event log.',
    labels: ['type'],
  },
  cohortd_sse_subscribers: { type: 'gauge', unit: null, help: 'Open event streams.', labels: [] },
  cohortd_sse_dropped_total: {
    type: 'counter',
    unit: null,
    help: 'Event streams that were ended or refused by the daemon.',
    labels: ['reason'],
  },
  cohortd_store_flush_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    help: 'Time that one write of changed state to the store took.',
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  cohortd_store_available: {
    type: 'gauge',
    unit: null,
    help: '1 where the store does its work, 0 where counting goes on in memory alone.',
    labels: [],
  },
  cohortd_state_loaded: {
    type: 'gauge',
    unit: null,
    help: '1 once everything that was stored is in memory; until then no gauge of a cohort is given.',
    labels: [],
  },
  cohortd_store_losses_total: {
    type: 'counter',
    unit: null,
    help: 'Times that something the store held was found gone without anybody having removed it.',
    labels: [],
  },
  cohortd_store_rows_left_out_total: {
    type: 'counter',
    unit: null,
    help: 'Rows of the store that are not counted, since they are damaged or the limits have no room for them.',
    labels: ['reason'],
  },
  cohortd_events_dropped_total: {
    type: 'counter',
    unit: null,
    help: 'Events that could not wait for the store any longer.',
    labels: [],
  },
  cohortd_store_errors_total: {
    type: 'counter',
    unit: null,
    help: 'Calls to the store that failed.',
    labels: ['operation'],
  },
  cohortd_exporter_failures_total: {
    type: 'counter',
    unit: null,
    help: 'Exports that an endpoint did not take.',
    labels: ['exporter'],
  },
  cohortd_config_reloads_total: {
    type: 'counter',
    unit: null,
    help: 'Times that the configuration was read again, by what came of it: applied, partly, unchanged or refused.',
    labels: ['outcome'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    help: 'User and system CPU time of the process.',
    labels: [],
  },
  process_resident_memory_bytes: { type: 'gauge', unit: 'bytes', help: 'Resident memory of the process.', labels: [] },
  process_start_time_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Start of the process in seconds since the Unix epoch.',
    labels: [],
  },
  process_open_fds: { type: 'gauge', unit: null, help: 'Open file descriptors.', labels: [] },
  nodejs_heap_size_used_bytes: { type: 'gauge', unit: 'bytes', help: 'JavaScript heap in use.', labels: [] },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Delay of timers in the event loop since the last scrape, 99th percentile.',
    labels: [],
  },
  nodejs_eventloop_lag_max_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Longest delay of timers in the event loop since the last scrape.',
    labels: [],
  },
} as const satisfies Record<string, MetricFamily>

type Catalogue = typeof DAEMON_METRICS
type NamesOfType<T extends string> = {
  [K in keyof Catalogue]: Catalogue[K]['type'] extends T ? K : never
}[keyof Catalogue]

export type DaemonMetricName = keyof Catalogue
export type DaemonCounterName = NamesOfType<'counter'>
export type DaemonGaugeName = NamesOfType<'gauge'>
export type DaemonHistogramName = NamesOfType<'histogram'>
