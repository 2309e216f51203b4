// Between the SDK's reader and its exporter: one snapshot goes out in many requests, and when one of them fails the rest
// of that snapshot is given up. Else an endpoint that is down would be asked for every request of numbers long stale.
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics'

type ExportDone = Parameters<PushMetricExporter['export']>[1]
type ExportResult = Parameters<ExportDone>[0]

export interface ExportObserver {
  /** The first export went through, or the first after a failure. */
  delivered(): void
  /** Once per snapshot. */
  failed(message: string): void
}

const SUCCESS = 0

export class WholeSnapshotExporter implements PushMetricExporter {
  readonly #exporter: PushMetricExporter
  readonly #observer: ExportObserver
  /** How a request of this snapshot failed; null: none did. */
  #failure: ExportResult | null = null
  #delivered = false

  constructor(exporter: PushMetricExporter, observer: ExportObserver) {
    this.#exporter = exporter
    this.#observer = observer
  }

  /** What comes from now on is of another snapshot. */
  nextSnapshot(): void {
    this.#failure = null
  }

  export(metrics: ResourceMetrics, done: ExportDone): void {
    if (this.#failure !== null) {
      done(this.#failure)
      return
    }
    this.#exporter.export(metrics, (result) => {
      this.#note(result)
      done(result)
    })
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  #note(result: ExportResult): void {
    const code: number = result.code
    if (code === SUCCESS) {
      if (!this.#delivered) this.#observer.delivered()
      this.#delivered = true
    } else {
      this.#delivered = false
      this.#failure = result
      this.#observer.failed(result.error?.message ?? 'the endpoint did not take the metrics')
    }
  }
}
