// When a request is counted and when it is answered. Acknowledged in memory: at once. Durably: when the store holds what it counted; a request that comes
// again while the first one waits waits with it, and where replicas share the store, whoever claims it there counts it.
import type { Engine } from '../engine/engine.ts'
import type { EngineEvent } from '../engine/events.ts'
import type { ExportOutcome, ExportRequest } from '../model/signal.ts'
import type { StateKeeper } from '../store/keeper/keeper.ts'
import type { Written } from '../store/keeper/requests.ts'

/** Long enough for a store to come back from a hiccup. */
const RETRY_SECONDS = 2

export interface IntakeParts {
  readonly engine: Engine
  readonly keeper: Pick<StateKeeper<EngineEvent>, 'claim' | 'counted' | 'waitWith'>
  readonly ack: 'memory' | 'durable'
  /** Whether other replicas may get a request again that was sent here. */
  readonly shared: boolean
  /** Why nothing can be promised now; null: it can. */
  readonly refusal: () => string | null
  /** A request was taken, new or not. */
  readonly onAccepted: (request: ExportRequest, nowMs: number) => void
}

export class RequestIntake {
  readonly #parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Where the answer is a promise, the body is used until it settles. */
  consume(request: ExportRequest, nowMs: number): ExportOutcome | Promise<ExportOutcome> {
    if (this.#parts.ack === 'memory') return this.#count(request, nowMs).outcome
    return this.#consumeDurably(request, nowMs)
  }

  #consumeDurably(request: ExportRequest, nowMs: number): ExportOutcome | Promise<ExportOutcome> {
    const { engine, keeper, shared, refusal } = this.#parts
    const { identity } = request
    if (engine.hasCounted(identity)) {
      const { outcome } = this.#count(request, nowMs)
      const pending = keeper.waitWith(identity)
      return pending === null ? outcome : pending.then((written) => answer(outcome, written))
    }
    const why = refusal()
    if (why !== null) return unavailable(`nothing is acknowledged before it is stored, and ${why}`)
    return shared ? this.#claimAndCount(request, nowMs) : this.#countAndWrite(request, nowMs)
  }

  async #claimAndCount(request: ExportRequest, nowMs: number): Promise<ExportOutcome> {
    const { engine, keeper } = this.#parts
    const experiments = engine.experimentsOf(request, nowMs)
    // Malformed: consume() says how.
    if (experiments === null) return engine.consume(request, nowMs)
    // What touches no experiment is claimed for the inheritance: it has to be told from a second one too.
    const asked = experiments.length === 0 ? [''] : experiments
    let claims: Awaited<ReturnType<typeof keeper.claim>>
    try {
      claims = await keeper.claim(request.identity, asked)
    } catch (error) {
      return unavailable(`nothing is acknowledged before it is stored, and ${(error as Error).message}`)
    }
    if (claims.includes('busy')) return unavailable('another replica counts the same request')
    if (claims.every((claim) => claim === 'counted')) return engine.countedElsewhere(request)
    const skip = new Set(asked.filter((_, at) => claims[at] === 'counted'))
    // Another copy of it may have come while the store was asked.
    if (engine.hasCounted(request.identity)) return this.#consumeDurably(request, Math.max(nowMs, engine.nowMs))
    return this.#countAndWrite(request, Math.max(nowMs, engine.nowMs), skip)
  }

  #countAndWrite(
    request: ExportRequest,
    nowMs: number,
    skip?: ReadonlySet<string>,
  ): ExportOutcome | Promise<ExportOutcome> {
    const { outcome, written } = this.#count(request, nowMs, skip)
    return written === null ? outcome : written.then((how) => answer(outcome, how))
  }

  #count(
    request: ExportRequest,
    nowMs: number,
    skip?: ReadonlySet<string>,
  ): { outcome: ExportOutcome; written: Promise<Written> | null } {
    const { engine, keeper, onAccepted } = this.#parts
    const isRetry = engine.hasCounted(request.identity)
    const outcome = skip === undefined ? engine.consume(request, nowMs) : engine.consume(request, nowMs, { skip })
    if (outcome.kind !== 'accepted') return { outcome, written: null }
    onAccepted(request, nowMs)
    return { outcome, written: isRetry ? null : keeper.counted(request.identity, engine.lastTouched) }
  }
}

function answer(outcome: ExportOutcome, written: Written): ExportOutcome {
  if (written === 'written') return outcome
  return unavailable(
    written === 'failed' ? 'the store does not take what was counted' : 'another replica has counted the same request',
  )
}

function unavailable(message: string): ExportOutcome {
  return { kind: 'unavailable', message, retryAfterSeconds: RETRY_SECONDS }
}
