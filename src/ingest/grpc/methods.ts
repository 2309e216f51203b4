// The gRPC methods that are served, by path.
import { SIGNALS, type Signal } from '../../model/signal.ts'

const SERVICE_OF_SIGNAL: Readonly<Record<Signal, string>> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
}

export type GrpcMethod = { readonly kind: 'export'; readonly signal: Signal } | { readonly kind: 'health' }

const METHODS: ReadonlyMap<string, GrpcMethod> = new Map([
  ...SIGNALS.map((signal): [string, GrpcMethod] => [
    `/${SERVICE_OF_SIGNAL[signal]}/Export`,
    { kind: 'export', signal },
  ]),
  ['/grpc.health.v1.Health/Check', { kind: 'health' }],
])

export function methodOf(path: string): GrpcMethod | null {
  return METHODS.get(path) ?? null
}

/** The signal of a service name; null for a service that takes none. */
export function signalOfService(service: string): Signal | null {
  return SIGNALS.find((signal) => SERVICE_OF_SIGNAL[signal] === service) ?? null
}

export const HEALTH_SERVICE = 'grpc.health.v1.Health'
