// A minimal OTLP/gRPC metrics receiver on @grpc/grpc-js and protobufjs: independent of everything in src/.
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

const DEFINITIONS = `syntax = "proto3";
message Request { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeMetrics { repeated Metric metrics = 2; }
message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7; }
message Gauge { repeated Point data_points = 1; }
message Sum { repeated Point data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Point { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4; repeated KeyValue attributes = 7; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { string string_value = 1; }`

/** A data point with its metric. */
export interface ReceivedPoint {
  readonly name: string
  readonly unit: string
  readonly monotonic: boolean
  readonly attributes: Readonly<Record<string, string>>
  readonly value: number
}

export interface ReceivedRequest {
  readonly resource: Readonly<Record<string, string>>
  readonly points: readonly ReceivedPoint[]
  readonly bytes: number
}

interface KeyValue {
  readonly key: string
  readonly value: { readonly stringValue: string }
}
interface Points {
  readonly dataPoints?: readonly { readonly asDouble?: number; readonly attributes: readonly KeyValue[] }[]
  readonly isMonotonic?: boolean
}
interface Decoded {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string
        readonly unit?: string
        readonly gauge?: Points
        readonly sum?: Points
      }[]
    }[]
  }[]
}

export class MetricsCollector {
  readonly requests: ReceivedRequest[] = []
  /** While true, requests are answered UNAVAILABLE. */
  failing = false
  readonly #server = new Server()
  readonly #request = protobuf.parse(DEFINITIONS).root.lookupType('Request')

  /** The port it listens on. */
  start(port = 0): Promise<number> {
    const plain = { serialize: (bytes: Buffer) => bytes, deserialize: (bytes: Buffer) => bytes }
    this.#server.addService(
      {
        export: {
          path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
          requestStream: false,
          responseStream: false,
          requestSerialize: plain.serialize,
          requestDeserialize: plain.deserialize,
          responseSerialize: plain.serialize,
          responseDeserialize: plain.deserialize,
        },
      },
      {
        export: (call: { request: Buffer }, answer: (error: { code: status } | null, bytes?: Buffer) => void) => {
          if (this.failing) return answer({ code: status.UNAVAILABLE })
          this.requests.push(this.#decode(call.request))
          answer(null, Buffer.alloc(0))
        },
      },
    )
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
  }

  stop(): void {
    this.#server.forceShutdown()
  }

  #decode(bytes: Buffer): ReceivedRequest {
    const decoded = this.#request.toObject(this.#request.decode(bytes), { arrays: true }) as Decoded
    const points = decoded.resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ name, unit, gauge, sum }) =>
          ((gauge ?? sum)?.dataPoints ?? []).map(({ asDouble, attributes }): ReceivedPoint => {
            const monotonic = sum?.isMonotonic === true
            return { name, unit: unit ?? '', monotonic, attributes: textsOf(attributes), value: asDouble ?? 0 }
          }),
        ),
      ),
    )
    return { resource: textsOf(decoded.resourceMetrics[0].resource.attributes), points, bytes: bytes.length }
  }
}

function textsOf(attributes: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? '']))
}
