// An SLI over conversions by unit, engines that read it, and what people do.
import { Engine } from '../../src/engine/engine.ts'
import type { ExperimentUnits } from '../../src/engine/experiment-units.ts'
import type { Matcher } from '../../src/model/matcher.ts'
import type { EventSli, UnitAttribution } from '../../src/model/slo.ts'
import { engineSettings } from './settings.ts'
import type { LogSketch } from './telemetry.ts'
import { EPOCH_MS } from './traffic.ts'

const bought: Matcher = [[{ field: 'event.name', anyOf: [{ kind: 'equal', operand: 'bought', negated: false }] }]]

/** With which units are hashed here. */
export const UNIT_KEY = 'key'

function conversion(attribution: Partial<UnitAttribution>): EventSli {
  return {
    name: 'conversion',
    from: 'events',
    where: null,
    ignoreWhen: null,
    badWhen: null,
    good: bought,
    value: null,
    goodBelow: null,
    percentiles: [],
    valid: { kind: 'exposures' },
    attribution: { windowMs: 3_600_000, oncePerUnit: false, ...attribution },
  }
}

/** An engine that lets see what it knows of units. */
export class UnitEngine extends Engine {
  get units(): ExperimentUnits | null {
    return this.parts.units.of('checkout')
  }
}

/** An engine with the SLI `conversion`. */
export function engineWith(
  attribution: Partial<UnitAttribution>,
  changes: Parameters<typeof engineSettings>[0] = {},
): UnitEngine {
  const unitAttributes = ['feature_flag.context.id', 'user.id']
  const settings = engineSettings({
    slis: [conversion(attribution)],
    slos: [],
    unitKey: UNIT_KEY,
    unitAttributes,
    ...changes,
  })
  return new UnitEngine(settings, EPOCH_MS)
}

/** As changes of engineWith(): a sample of this size. */
export function sampleOf(unitsPerExperiment: number): Parameters<typeof engineSettings>[0] {
  return { limits: { ...engineSettings().limits, unitsPerExperiment } }
}

export function buy(atMs: number, unit: string): LogSketch {
  return { atMs, event: 'bought', attributes: { 'user.id': unit } }
}

/** So many seconds after the beginning. */
export function at(seconds: number): number {
  return EPOCH_MS + seconds * 1000
}
