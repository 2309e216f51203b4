// An engine with SLIs of every kind and telemetry that all of them count, for what is told of it.
import { Engine } from '../../src/engine/engine.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import type { Sli } from '../../src/model/slo.ts'
import { AVAILABILITY, engineSettings, LATENCY, slo } from '../engine/settings.ts'
import { exposure, logs, metrics } from '../engine/telemetry.ts'
import { EPOCH_MS, request, span, variantOf } from '../engine/traffic.ts'
import { eventSli, ingestSli, metricSli, ratioSli } from './readings.ts'

const named = (operand: string): Matcher => [
  [{ field: 'event.name', anyOf: [{ kind: 'equal', operand, negated: false }] }],
]
const part = (metric: string, of: 'value' | 'count') => ({ metric, part: of, where: null }) as const
const DAY_MS = 86_400_000

const ALL_KINDS: readonly Sli[] = [
  AVAILABILITY,
  LATENCY,
  metricSli('took', { metric: 'took', goodBelow: 0.2, percentiles: [0.5, 0.99] }),
  eventSli('conversion', {
    valid: { kind: 'exposures' },
    good: named('bought'),
    attribution: { windowMs: DAY_MS, oncePerUnit: false },
  }),
  eventSli('converted', {
    valid: { kind: 'exposures' },
    good: named('bought'),
    attribution: { windowMs: DAY_MS, oncePerUnit: true },
  }),
  { ...ratioSli('errors', 'bad'), numerator: part('failed', 'value'), denominator: part('took', 'count') },
  { ...ratioSli('cost'), numerator: part('spent', 'value'), denominator: part('took', 'count') },
  ingestSli('ingest'),
]

export class EngineOfAllKinds {
  readonly engine = new Engine(
    engineSettings({
      slis: ALL_KINDS,
      slos: [
        slo(),
        slo({ name: 'cheap', sli: 'cost', objective: null, upperBound: 0.5 }),
        slo({ name: 'evaluates', sli: 'flag_evaluations' }),
      ],
      unitKey: 'key',
      unitAttributes: ['feature_flag.context.id', 'user.id'],
    }),
    EPOCH_MS,
  )
  #second = 0

  /** Spans that belong to no experiment, for as many seconds. */
  before(seconds: number): void {
    for (let left = seconds; left > 0; left--)
      this.#step((atMs) => this.engine.consume(request([span({ endMs: atMs })]), atMs))
  }

  /** Traffic of both variants, in each second a unit that buys and one that has seen both variants. */
  traffic(seconds: number): void {
    for (let left = seconds; left > 0; left--)
      this.#step((atMs) => {
        for (const variant of ['control', 'treatment']) this.#send(variant, atMs)
        this.engine.consume(logs([exposure(atMs, 'treatment', 'both'), exposure(atMs, 'control', 'both')]), atMs)
      })
  }

  /** Time goes on and nothing comes. */
  idle(seconds: number): void {
    this.#second += seconds
    this.engine.advanceTo(EPOCH_MS + this.#second * 1000)
  }

  #send(variant: string, atMs: number): void {
    const { engine } = this
    const attributes = variantOf('checkout', variant)
    const unit = `${variant} ${this.#second}`
    const point = { atMs, startMs: atMs - 1000, attributes }
    engine.consume(request([true, false, false].map((error) => span({ endMs: atMs, error, attributes }))), atMs)
    engine.consume(logs([exposure(atMs, variant, unit)]), atMs)
    engine.consume(logs([{ atMs, event: 'bought', attributes: { 'user.id': unit } }]), atMs)
    engine.consume(
      metrics([
        { name: 'took', temporality: 'delta', points: [{ ...point, bounds: [0.1, 0.5], counts: [5, 3, 1], sum: 2.5 }] },
        { name: 'failed', temporality: 'delta', points: [{ ...point, value: 2 }] },
        { name: 'spent', temporality: 'delta', points: [{ ...point, value: 12.5 }] },
      ]),
      atMs,
    )
  }

  #step(send: (atMs: number) => void): void {
    send(EPOCH_MS + this.#second * 1000)
    this.idle(1)
  }
}
