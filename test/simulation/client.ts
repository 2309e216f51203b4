// A client that has one request to deliver, and does not give up: what is not answered, or answered "later", it sends again, to whichever
// replica the load balancer gives it.
import type { ExportOutcome, ExportRequest } from '../../src/model/signal.ts'
import type { RequestPlan } from './plan.ts'
import type { Random } from './random.ts'
import type { Replica } from './replica.ts'
import { encode } from './traffic.ts'
import type { VirtualTime } from './virtual-time.ts'

const TIMEOUT_MS = 5000
const PAUSE_MS = 1500
const LATENCY_MS = 5

export interface ClientParts {
  readonly time: VirtualTime
  readonly random: Random
  readonly replicas: number
  /** Null: nobody listens there. */
  readonly replicaAt: (slot: number) => Replica | null
}

type Accepted = Extract<ExportOutcome, { kind: 'accepted' }>

export class Client {
  readonly request: RequestPlan
  /** What it was told in the end, and when; null: nothing yet. */
  acknowledged: { readonly outcome: Accepted; readonly atMs: number } | null = null
  attempts = 0
  /** What it was told before. */
  lastAnswer = 'nothing'
  readonly #parts: ClientParts
  readonly #bytes: ExportRequest

  constructor(request: RequestPlan, parts: ClientParts) {
    this.request = request
    this.#parts = parts
    this.#bytes = encode(request)
  }

  send(): void {
    const { time, random, replicas } = this.#parts
    const number = ++this.attempts
    const mishap = number === 1 ? this.request.mishap : 'none'
    const to = this.request.replica ?? random.whole(0, replicas - 1)
    let isOver = false
    const finish = (outcome: ExportOutcome | null): void => {
      if (isOver) return
      isOver = true
      this.#settle(outcome)
    }
    time.at(time.nowMs + TIMEOUT_MS, () => finish(null))
    if (mishap === 'request lost') return
    this.#deliver(to, mishap === 'answer lost' ? () => {} : finish)
    if (mishap === 'arrives twice') this.#deliver(this.request.replica ?? random.whole(0, replicas - 1), () => {})
  }

  #deliver(to: number, answer: (outcome: ExportOutcome | null) => void): void {
    const { time, random, replicaAt } = this.#parts
    const later = (task: () => void): void => time.at(time.nowMs + random.whole(1, LATENCY_MS), task)
    later(() => {
      const replica = replicaAt(to)
      if (replica === null) return later(() => answer(null))
      replica.process.after(0, () => {
        void replica.consume(this.#bytes).then((outcome) => later(() => answer(outcome)))
      })
    })
  }

  #settle(outcome: ExportOutcome | null): void {
    const { time, random } = this.#parts
    if (outcome?.kind === 'accepted') {
      this.acknowledged = { outcome, atMs: time.nowMs }
      return
    }
    this.lastAnswer = outcome === null ? 'no answer' : `${outcome.kind}: ${outcome.message}`
    time.at(time.nowMs + random.whole(PAUSE_MS / 2, PAUSE_MS), () => this.send())
  }
}
