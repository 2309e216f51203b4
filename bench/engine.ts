// What the engine alone takes for a span: decoded, judged, attributed, counted, without the sockets. Typical spans, the
// default configuration, 30,000 traces; CPU time, so that a busy machine disturbs less.
import { loadSettings } from '../src/config/load.ts'
import { Engine } from '../src/engine/engine.ts'
import { EPOCH_MS } from '../test/engine/traffic.ts'
import { encodeTraces } from '../test/otlp/encode.ts'
import { typicalSpan } from '../test/otlp/typical.ts'
import { quantile } from './figures.ts'

const REQUESTS = 300
const SPANS = 100
const ROUND = 6000
const ROUNDS = 5

export function run(): void {
  const { settings } = loadSettings({ env: {}, cwd: '/nowhere' })
  if (settings === null) throw new Error('the built-in defaults do not load')
  const bodies = Array.from({ length: REQUESTS }, (_, at) => encodeRequest(at))
  const engine = new Engine({ ...settings.engine, retryWindowMs: 0 }, EPOCH_MS)
  let sent = 0
  const round = (): number => {
    const before = process.cpuUsage()
    for (let at = 0; at < ROUND; at++, sent++) {
      const request = {
        signal: 'traces',
        transport: 'http',
        encoding: 'protobuf',
        identity: '',
        body: bodies[sent % REQUESTS],
      } as const
      engine.consume(request, EPOCH_MS + Math.floor(sent / 20))
    }
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / (ROUND * SPANS)
  }
  round()
  const nanos = Array.from({ length: ROUNDS }, round)
  console.log(
    `engine: ${quantile(nanos, 0.5).toFixed(0)} ns of CPU a span (best ${quantile(nanos, 0).toFixed(0)}), ${SPANS} a request`,
  )
}

function encodeRequest(at: number): Uint8Array {
  const end = BigInt(EPOCH_MS) * 1_000_000n
  const spans = Array.from({ length: SPANS }, (_, span) => ({
    ...typicalSpan(at * SPANS + span),
    startTimeUnixNano: end - 50_000_000n,
    endTimeUnixNano: end - BigInt((at * 7919 + span * 104_729) % 40_000_000),
  }))
  return encodeTraces([{ resource: { 'service.name': `service-${at % 20}` }, spans }])
}

if (import.meta.main) run()
