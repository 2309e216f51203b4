// The server side of bench/transport.ts: both receivers with a sink that takes everything and looks at nothing.
import { Admission } from '../src/ingest/admission.ts'
import { GrpcReceiver } from '../src/ingest/grpc/receiver.ts'
import { HttpReceiver } from '../src/ingest/http/receiver.ts'
import { RequestCounters } from '../src/ingest/request-counters.ts'
import type { TelemetrySink } from '../src/model/signal.ts'
import { systemClock } from '../src/runtime/clock.ts'

/** What the server tells its parent. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly ports: { readonly http: number; readonly grpc: number } }
  | { readonly kind: 'usage'; readonly requests: number; readonly cpuMicros: number }

let requests = 0
const sink: TelemetrySink = {
  accepts: () => true,
  consume: () => {
    requests++
    return { kind: 'accepted', refused: 0, message: '' }
  },
  refuse: () => {
    throw new Error('the benchmark sends nothing to refuse')
  },
}

const settings = {
  grpc: { host: '127.0.0.1', port: 0 },
  http: { host: '127.0.0.1', port: 0 },
  maxRequestBytes: 64 * 1024 * 1024,
  maxInFlightBytes: 256 * 1024 * 1024,
  corsOrigins: [],
}
const parts = {
  settings,
  sink,
  clock: systemClock,
  admission: new Admission(settings.maxInFlightBytes),
  counters: new RequestCounters(),
  borrowedBodies: true,
}
const http = await new HttpReceiver(parts).start()
const grpc = await new GrpcReceiver(parts).start()

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  tell({ kind: 'usage', requests, cpuMicros: user + system })
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready', ports: { http: http.port, grpc: grpc.port } })

function tell(message: ServerMessage): void {
  process.send?.(message)
}
