// Exports SLI and burn-rate metrics over OTLP/gRPC from a worker thread. The SDK is loaded there, and only when this is
// configured; the daemon's own thread does no more than copy numbers, a few milliseconds at a time.
import { Worker } from 'node:worker_threads'
import type { Reading } from '../model/reading.ts'
import { after } from '../runtime/clock.ts'
import type { ExporterSettings, FromExporter, ToExporter } from './otlp-messages.ts'
import { OtlpSnapshots } from './otlp-snapshot.ts'

export interface OtlpMetricsOptions extends ExporterSettings {
  /** The engine's last numbers; null before the first tick. */
  readonly reading: () => Reading | null
  readonly observer: OtlpMetricsObserver
}

/** Each call is cheap and must not throw. */
export interface OtlpMetricsObserver {
  /** An export failed, at most once per interval; `repeated` when the one before it failed too. */
  exportFailed(message: string, repeated: boolean): void
  /** Exports go through: the first time, and after a failure. */
  exportRecovered(): void
}

/** How long after a crash the thread is started again. */
const RESTART_MS = 30_000

export class OtlpMetricsExporter {
  readonly #options: OtlpMetricsOptions
  #worker: Worker | null = null
  #failing = false
  #stopping: Promise<void> | null = null
  #cancelRestart: () => void = () => {}
  #stopped: () => void = () => {}

  constructor(options: OtlpMetricsOptions) {
    this.#options = options
  }

  /** Starts the thread; exports begin one interval later. An endpoint that is not there is no error. */
  start(): void {
    const { endpoint, intervalMs, version, instanceId, startedMs } = this.#options
    const workerData: ExporterSettings = { endpoint, intervalMs, version, instanceId, startedMs }
    const worker = new Worker(new URL(workerFile(), import.meta.url), { workerData })
    const snapshots = new OtlpSnapshots()
    this.#worker = worker
    worker.unref()
    worker.on('message', (message: FromExporter) => this.#hear(message, worker, snapshots))
    worker.on('error', (error) => this.#failed(`the exporter's thread ended: ${String(error)}`))
    worker.on('exit', () => this.#exited(worker))
  }

  /** Exports once more and ends the thread, in at most `graceMs`. Safe twice and before start(). */
  stop(graceMs: number): Promise<void> {
    return (this.#stopping ??= this.#stop(graceMs))
  }

  async #stop(graceMs: number): Promise<void> {
    this.#cancelRestart()
    const worker = this.#worker
    if (worker === null) return
    const ended = new Promise<void>((resolve) => (this.#stopped = resolve))
    const cancel = after(graceMs, () => this.#stopped())
    say(worker, { kind: 'stop' })
    await ended
    cancel()
    await worker.terminate()
  }

  #hear(message: FromExporter, worker: Worker, snapshots: OtlpSnapshots): void {
    if (message.kind === 'collect') void this.#answer(worker, snapshots)
    else if (message.kind === 'failed') this.#failed(message.message)
    else if (message.kind === 'delivered') {
      this.#failing = false
      this.#options.observer.exportRecovered()
    } else this.#stopped()
  }

  #failed(message: string): void {
    this.#options.observer.exportFailed(message, this.#failing)
    this.#failing = true
  }

  /** Always answers: the thread waits for it. */
  async #answer(worker: Worker, snapshots: OtlpSnapshots): Promise<void> {
    try {
      const reading = this.#options.reading()
      const snapshot = reading === null ? null : await snapshots.take(reading)
      const transfer = snapshot === null ? [] : [snapshot.values.buffer, snapshot.cohorts.buffer]
      say(worker, { kind: 'snapshot', snapshot }, transfer)
    } catch (error) {
      say(worker, { kind: 'snapshot', snapshot: null })
      this.#failed(`no snapshot could be taken: ${String(error)}`)
    }
  }

  #exited(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = null
    this.#stopped()
    if (this.#stopping === null) this.#cancelRestart = after(RESTART_MS, () => this.start())
  }
}

function say(worker: Worker, message: ToExporter, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer)
}

/** The worker beside this file: a source in the checkout, JavaScript in the published package. */
function workerFile(): string {
  return import.meta.url.endsWith('.ts') ? './otlp-worker.ts' : './otlp-worker.js'
}
