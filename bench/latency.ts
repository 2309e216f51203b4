// Receipt of a bad batch to the alert at an SSE subscriber, while other traffic keeps the daemon busy.
import { randomBytes } from 'node:crypto'
import { sleep, systemClock } from '../src/runtime/clock.ts'
import { encodeTraces, type SpanInput } from '../test/otlp/encode.ts'
import { DaemonProcess } from '../test/real/daemon-process.ts'
import { quantile } from './figures.ts'

const ALERTS = 120
const PAUSE_MS = 230
const BACKGROUND_BATCH = 200
const BACKGROUND_PAUSE_MS = 20
const SPANS = 60

export async function run(): Promise<void> {
  const daemon = await DaemonProcess.start({ args: ['--set', 'store.type=memory'] })
  try {
    const subscriber = await daemon.subscribe()
    const sentMs = new Map<string, number>()
    let busy = true
    const background = sendInBackground(daemon, () => busy)
    for (let at = 0; at < ALERTS; at++) {
      const experiment = `bad-${at}`
      sentMs.set(experiment, systemClock.now())
      await send(daemon, spans(experiment, SPANS, true))
      await sleep(PAUSE_MS)
    }
    await sleep(2500)
    busy = false
    const spansInBackground = await background
    const latencies = subscriber
      .burns('cohortd.burn.firing')
      .filter(({ data }) => data.slo === 'availability' && sentMs.has(data.experiment))
      .map(({ data, receivedMs }) => receivedMs - (sentMs.get(data.experiment) ?? 0))
    console.log(
      `receipt to SSE: ${latencies.length} of ${ALERTS} alerts, p50 ${quantile(latencies, 0.5)} ms, ` +
        `p99 ${quantile(latencies, 0.99)} ms, worst ${quantile(latencies, 1)} ms (goal: p99 <= 1500 ms), ` +
        `under ${Math.round(spansInBackground / ((ALERTS * PAUSE_MS + 2500) / 1000))} other spans/s`,
    )
  } finally {
    await daemon.stop()
  }
}

async function sendInBackground(daemon: DaemonProcess, busy: () => boolean): Promise<number> {
  let sent = 0
  while (busy()) {
    await send(daemon, spans(`background-${sent % 20}`, BACKGROUND_BATCH, false))
    sent += BACKGROUND_BATCH
    await sleep(BACKGROUND_PAUSE_MS)
  }
  return sent
}

function spans(experiment: string, count: number, error: boolean): SpanInput[] {
  const end = BigInt(systemClock.now()) * 1_000_000n
  return Array.from({ length: count }, () => ({
    traceId: randomBytes(16).toString('hex'),
    kind: 2,
    startTimeUnixNano: end - 5_000_000n,
    endTimeUnixNano: end,
    attributes: { 'experiment.id': experiment, 'experiment.variant': 'treatment' },
    status: { code: error ? 2 : 0 },
  }))
}

async function send(daemon: DaemonProcess, batch: readonly SpanInput[]): Promise<void> {
  const body = Buffer.from(encodeTraces([{ resource: { 'service.name': 'shop' }, spans: batch }]))
  const headers = { 'content-type': 'application/x-protobuf' }
  const response = await fetch(`${daemon.otlpUrl('http')}/v1/traces`, { method: 'POST', headers, body })
  if (response.status !== 200) throw new Error(`answered ${response.status}`)
}

if (import.meta.main) await run()
