// The HTTP server of the API: its lifecycle. Fastify is loaded when the server starts.
import type { ListenAddress } from '../model/settings.ts'
import type { ApiObserver, ApiSource } from './source.ts'

export interface ApiServerOptions {
  readonly listen: ListenAddress
  readonly source: ApiSource
  readonly observer: ApiObserver
}

export interface ApiServer {
  /** Listens; rejects when the port is taken. */
  start(): Promise<{ readonly host: string; readonly port: number }>
  /** Ends event streams after what was published, lets running requests finish for at most `graceMs`, then closes. Safe twice. */
  stop(graceMs: number): Promise<void>
}

/** A server over the source; nothing happens before start(). */
export function createApiServer(_options: ApiServerOptions): ApiServer {
  throw new Error('not built yet')
}
