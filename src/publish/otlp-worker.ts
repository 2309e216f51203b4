// The exporter's thread: the OpenTelemetry SDK's periodic reader and OTLP/gRPC exporter over snapshots of the daemon.
// It has a thread of its own because the SDK takes 6-8 microseconds a series: seconds for a large fleet of cohorts.
import { parentPort, workerData } from 'node:worker_threads'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import type { ExporterSettings, FromExporter, ToExporter } from './otlp-messages.ts'
import { SnapshotProducer } from './otlp-producer.ts'
import type { OtlpSnapshot } from './otlp-snapshot.ts'
import { WholeSnapshotExporter } from './otlp-whole-snapshot.ts'

/** Data points in a request: about 1 MB, well below the 4 MiB that gRPC servers take by default. */
const MAX_BATCH = 8000
const MAX_EXPORT_MS = 10_000

const port = parentPort
if (port === null) throw new Error('otlp-worker.ts runs as a worker thread')
const settings = workerData as ExporterSettings
const tell = (message: FromExporter): void => port.postMessage(message)

const waiting: ((snapshot: OtlpSnapshot | null) => void)[] = []
const timeoutMillis = Math.min(MAX_EXPORT_MS, settings.intervalMs)
const exporter = new WholeSnapshotExporter(new OTLPMetricExporter({ url: settings.endpoint, timeoutMillis }), {
  delivered: () => tell({ kind: 'delivered' }),
  failed: (message) => tell({ kind: 'failed', message }),
})
const producer = new SnapshotProducer({
  startedMs: settings.startedMs,
  version: settings.version,
  snapshot() {
    exporter.nextSnapshot()
    tell({ kind: 'collect' })
    return new Promise((resolve) => waiting.push(resolve))
  },
})
const provider = new MeterProvider({
  resource: resourceFromAttributes({
    'service.name': 'cohortd',
    'service.version': settings.version,
    'service.instance.id': settings.instanceId,
  }),
  readers: [
    new PeriodicExportingMetricReader({
      exporter,
      metricProducers: [producer],
      exportIntervalMillis: settings.intervalMs,
      exportTimeoutMillis: settings.intervalMs,
      maxExportBatchSize: MAX_BATCH,
    }),
  ],
})

port.on('message', (message: ToExporter) => {
  if (message.kind === 'snapshot') waiting.shift()?.(message.snapshot)
  else void stop()
})

async function stop(): Promise<void> {
  await provider.shutdown().catch((error: unknown) => tell({ kind: 'failed', message: String(error) }))
  tell({ kind: 'stopped' })
  port?.close()
}
