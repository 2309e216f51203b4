// What the daemon and the exporter's thread say to each other.
import type { OtlpSnapshot } from './otlp-snapshot.ts'

export interface ExporterSettings {
  readonly endpoint: string
  readonly intervalMs: number
  readonly version: string
  /** service.instance.id of the exported resource. */
  readonly instanceId: string
  readonly startedMs: number
}

export type ToExporter =
  /** The answer to `collect`; null: nothing to export yet. */
  | { readonly kind: 'snapshot'; readonly snapshot: OtlpSnapshot | null }
  /** Export once more, then end. */
  | { readonly kind: 'stop' }

export type FromExporter =
  | { readonly kind: 'collect' }
  /** An export went through after the start or after a failure. */
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stopped' }
