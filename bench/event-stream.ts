// How long it takes until 1,000 subscribers of the event stream have an event, over loopback, in one process with them:
// so the time holds the subscribers' own reading too. Also how long the delivery holds the event loop at a stretch.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createApiServer } from '../src/api/server.ts'
import { EventLog } from '../src/publish/event-log.ts'

const SUBSCRIBERS = 1000
const EVENTS = 20
const EVENT_BYTES = 900

export async function run(): Promise<void> {
  const eventLog = new EventLog({ limit: 1000 })
  let open = 0
  const server = createApiServer({
    listen: { host: '127.0.0.1', port: 0 },
    source: {
      version: '0',
      configHash: '',
      eventSource: '/cohortd',
      eventLog,
      tick: () => null,
      experiments: () => [],
      items: () => ({ traces: {}, metrics: {}, logs: {} }),
      experiment: () => null,
      alerts: () => [],
      metrics: () => ({ contentType: 'text/plain', chunks: (async function* (): AsyncGenerator<Uint8Array> {})() }),
      unhealthy: () => [],
      notReady: () => [],
      isLoaded: () => true,
      degraded: () => [],
    },
    observer: { streams: (count) => (open = count), streamDropped: () => {}, failed: () => {} },
  })
  const { port } = await server.start()
  const progress = { received: 0 }
  const sockets: Socket[] = []
  for (let at = 0; at < SUBSCRIBERS; at++) {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /api/v1/events/stream HTTP/1.1\r\nHost: bench\r\n\r\n')
    await once(socket, 'data')
    socket.on('data', (bytes: Buffer) => {
      for (let found = bytes.indexOf('\ndata: '); found >= 0; found = bytes.indexOf('\ndata: ', found + 1))
        progress.received++
    })
    sockets.push(socket)
  }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const times: number[] = []
  for (let number = 1; number <= EVENTS; number++) {
    const expected = progress.received + open
    if (number === 2) delay.enable()
    const began = performance.now()
    eventLog.append([{ id: `${number}-0`, json: JSON.stringify({ filling: 'x'.repeat(EVENT_BYTES) }) }])
    while (progress.received < expected) await new Promise(setImmediate)
    times.push(performance.now() - began)
  }
  delay.disable()
  times.sort((a, b) => a - b)
  const [median, longest] = [times[Math.floor(times.length / 2)], times[times.length - 1]].map((ms) => ms.toFixed(0))
  console.log(
    `event stream: ${open} subscribers have an event of ${EVENT_BYTES} bytes after ${median} ms (median of ${EVENTS}), ${longest} ms at most`,
  )
  console.log(
    `  longest stretch of the event loop ${(delay.max / 1e6).toFixed(1)} ms, the subscribers' own work included`,
  )
  for (const socket of sockets) socket.destroy()
  await server.stop(1000)
}

if (import.meta.main) await run()
