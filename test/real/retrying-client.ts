// A client that sends traces in two requests each, the child first, and sends every request again, byte for byte, until it is acknowledged:
// what exporters do, without ever giving up. So what it has sent in the end is exactly what is to be counted.
import { randomBytes } from 'node:crypto'
import { sleep, systemClock } from '../../src/runtime/clock.ts'

const RETRY_MS = 25
const ANSWER_MS = 5000

export interface ClientOptions {
  /** Where to send now: a base URL; asked before each attempt. */
  readonly target: () => string
  readonly experiment: string
  readonly variant: string
  /** Of this many spans one fails. */
  readonly badEvery: number
  readonly spansPerRequest: number
  /** Whether children have tags of their own too, as they must where the requests of a trace may go to different replicas. */
  readonly tagged?: boolean
}

/** What was acknowledged. */
export interface Sent {
  spans: number
  bad: number
  /** Attempts that were not: no answer, or not 200. */
  refused: number
}

export class RetryingClient {
  readonly sent: Sent = { spans: 0, bad: 0, refused: 0 }
  readonly #options: ClientOptions
  readonly #workers: Promise<void>[]
  #stopped = false
  #number = 0

  /** Begins to send. */
  constructor(options: ClientOptions, parallel: number) {
    this.#options = options
    this.#workers = Array.from({ length: parallel }, () => this.#work())
  }

  /** Finishes the traces that are begun; resolves when all is acknowledged. */
  async stop(): Promise<Sent> {
    this.#stopped = true
    await Promise.all(this.#workers)
    return this.sent
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const traces = Array.from({ length: this.#options.spansPerRequest }, () => randomBytes(16).toString('hex'))
      await this.#send(traces, this.#options.tagged ?? false)
      await this.#send(traces, true)
    }
  }

  async #send(traces: readonly string[], tagged: boolean): Promise<void> {
    const { experiment, variant, badEvery } = this.#options
    const endNanos = BigInt(systemClock.now()) * 1_000_000n
    let bad = 0
    const spans = traces.map((traceId) => {
      const fails = ++this.#number % badEvery === 0
      if (fails) bad++
      return {
        traceId,
        spanId: randomBytes(8).toString('hex'),
        name: 'GET',
        kind: 2,
        startTimeUnixNano: String(endNanos - 1_000_000n),
        endTimeUnixNano: String(endNanos),
        attributes: tagged ? [text('experiment.id', experiment), text('experiment.variant', variant)] : [],
        status: { code: fails ? 2 : 0 },
      }
    })
    const resource = { attributes: [text('service.name', 'sender')] }
    await this.#untilAcknowledged(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }))
    this.sent.spans += spans.length
    this.sent.bad += bad
  }

  async #untilAcknowledged(body: string): Promise<void> {
    while (!(await this.#isAcknowledged(body))) {
      this.sent.refused++
      await sleep(RETRY_MS)
    }
  }

  async #isAcknowledged(body: string): Promise<boolean> {
    try {
      const response = await fetch(`${this.#options.target()}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const answer = await response.text()
      if (response.status === 200 && answer !== '{}') throw new Error(`not all was taken: ${answer}`, { cause: body })
      return response.status === 200
    } catch (error) {
      if ((error as Error).cause === body) throw error
      return false
    }
  }
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } }
}
