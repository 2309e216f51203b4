// Scenarios that an SRE can read: a line an action or an expectation, on a virtual clock, over the real engine.
//
//   at 10s                                        the clock (from the scenario's start; "1h30m" works too)
//   send 95 good 5 bad to treatment [of cart] [over 60s]    spans that end now, or evenly spread up to now
//   expect nothing                                no event since the last expectation
//   expect firing page treatment [shared]         exactly these events since then, one line each, in order
//   expect burn treatment 5m = 5                  a number of the report
import { expect } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { parseDurationMs } from '../../src/model/duration.ts'
import type { BurnEventData, CohortEvent } from '../../src/model/event.ts'
import type { EngineSettings } from '../../src/model/settings.ts'
import { engineSettings } from './settings.ts'
import { EPOCH_MS, request, span, variantOf } from './traffic.ts'

const EXPERIMENT = 'checkout'

/** Runs the lines; throws (through expect) where one does not hold, naming the line. */
export function scenario(text: string, changes: Partial<EngineSettings> = {}): Engine {
  const run = new Run(engineSettings(changes))
  for (const line of text.split('\n').map((one) => one.trim())) if (line !== '' && !line.startsWith('#')) run.line(line)
  run.finish()
  return run.engine
}

class Run {
  readonly engine: Engine
  #nowMs = EPOCH_MS
  #unexpected: string[] = []

  constructor(settings: EngineSettings) {
    this.engine = new Engine(settings, EPOCH_MS)
  }

  line(line: string): void {
    const [verb, ...rest] = line.split(/\s+/)
    if (verb === 'at') this.#moveTo(EPOCH_MS + duration(rest[0]))
    else if (verb === 'advance') this.#moveTo(this.#nowMs + duration(rest[0]))
    else if (verb === 'send') this.#send(line)
    else if (verb === 'expect' && rest[0] === 'burn') this.#expectBurn(line)
    else if (verb === 'expect') this.#expectEvents(line, rest.join(' '))
    else throw new Error(`no such line: ${line}`)
  }

  finish(): void {
    expect(this.#unexpected, 'events that no line expected').toEqual([])
  }

  #moveTo(nowMs: number): void {
    this.#nowMs = nowMs
    this.engine.advanceTo(nowMs)
    this.#unexpected.push(
      ...this.engine
        .takeEvents()
        .map(({ json }) => describe(JSON.parse(json) as CohortEvent))
        .filter((one) => one !== ''),
    )
  }

  #send(line: string): void {
    const match = /^send (\d+) good (\d+) bad to (\S+)(?: of (\S+))?(?: over (\S+))?$/.exec(line)
    if (match === null) throw new Error(`no such line: ${line}`)
    const [, good, bad, variant, service, over] = match
    const total = Number(good) + Number(bad)
    const spreadMs = over === undefined ? 0 : duration(over)
    const spans = Array.from({ length: total }, (_, at) =>
      span({
        endMs: this.#nowMs - spreadMs * (1 - (at + 1) / total),
        error: at % total < Number(bad),
        attributes: variantOf(EXPERIMENT, variant),
      }),
    )
    const outcome = this.engine.consume(request(spans, service === undefined ? {} : { service }), this.#nowMs)
    expect(outcome, line).toEqual({ kind: 'accepted', refused: 0, message: '' })
  }

  #expectEvents(line: string, expectation: string): void {
    if (expectation === 'nothing') {
      expect(this.#unexpected, line).toEqual([])
      return
    }
    expect(this.#unexpected.shift(), line).toBe(expectation)
  }

  #expectBurn(line: string): void {
    const match = /^expect burn (\S+) (\S+) = (\S+)$/.exec(line)
    if (match === null) throw new Error(`no such line: ${line}`)
    const [, variant, window, value] = match
    const cohort = this.engine.experiment(EXPERIMENT)?.variants.find((one) => one.variant === variant)?.cohorts[0]
    const burn = cohort?.slos[0].burn[window]
    if (value === 'none') expect(burn, line).toBeNull()
    else expect(burn, line).toBeCloseTo(Number(value), 9)
  }
}

/** "firing page treatment [shared]"; discoveries are passed over. */
function describe(event: CohortEvent): string {
  if (!event.type.startsWith('cohortd.burn.')) return ''
  const data = event.data as BurnEventData
  const kind = event.type.slice('cohortd.burn.'.length)
  const reason = data.reason === undefined ? '' : ` ${data.reason}`
  const segment = data.segments['service.name'] === 'shop' ? '' : ` of ${data.segments['service.name']}`
  return `${kind} ${data.severity} ${data.variant}${segment}${data.shared ? ' shared' : ''}${reason}`
}

function duration(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === null) throw new Error(`no duration: ${text}`)
  return ms
}
