// Well-formed spans, tagged with an experiment, sent as OTLP/JSON: for tests that are not about how spans are made.
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/runtime/clock.ts'
import type { DaemonProcess } from './daemon-process.ts'

export interface SpansToSend {
  readonly experiment: string
  readonly variant: string
  readonly good: number
  readonly bad: number
  readonly service?: string
}

/** Sends server spans that end now, each its own trace, in one request. Throws unless the daemon takes all of them. */
export async function sendSpans(daemon: DaemonProcess, order: SpansToSend): Promise<void> {
  const endNanos = BigInt(systemClock.now()) * 1_000_000n
  const spans = Array.from({ length: order.good + order.bad }, (_, index) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'GET',
    kind: 2,
    startTimeUnixNano: String(endNanos - 1_000_000n),
    endTimeUnixNano: String(endNanos),
    attributes: [text('experiment.id', order.experiment), text('experiment.variant', order.variant)],
    status: { code: index < order.good ? 0 : 2 },
  }))
  const resource = { attributes: [text('service.name', order.service ?? 'sender')] }
  const response = await fetch(`${daemon.otlpUrl('http')}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  })
  const answer = await response.text()
  if (response.status !== 200 || answer !== '{}') throw new Error(`the daemon answered ${response.status}: ${answer}`)
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } }
}
