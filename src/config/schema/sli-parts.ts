// Values that stand in SLIs alone: bounds, what is measured, what events are compared with.
import { z } from 'zod'
import type { SliValue, Valid } from '../../model/slo.ts'
import { parseMatcher } from '../conditions.ts'
import { nearest } from '../suggest.ts'
import { CONDITION_FACTS } from './condition.ts'
import { durationMs, Mistake, value } from './values.ts'

/** Seconds where it was written as a duration. */
export interface GoodBelow {
  readonly unit: 'seconds' | 'none'
  readonly bound: number
}

/** A bound of good values. */
export function goodBelow() {
  const facts = { type: ['number', 'string'], title: 'duration or number' }
  return value(facts, (raw): GoodBelow | Mistake => {
    if (typeof raw === 'number' && Number.isFinite(raw)) return { unit: 'none', bound: raw }
    const ms = durationMs(raw)
    return ms === null ? new Mistake('a duration such as "300ms", or a number') : { unit: 'seconds', bound: ms / 1000 }
  })
}

/** What is measured. */
export function measured() {
  return value({ type: 'string', pattern: '^(duration|attribute:.+)$' }, (raw): SliValue | Mistake => {
    if (raw === 'duration') return { kind: 'duration' }
    const name = typeof raw === 'string' ? /^attribute:(\S.*)$/.exec(raw)?.[1] : undefined
    if (name !== undefined) return { kind: 'attribute', name }
    return new Mistake('duration, or attribute:NAME', typeof raw === 'string' && raw !== '' ? `attribute:${raw}` : null)
  })
}

const VALID_WORDS = ['exposures', 'events']
const SIGNALS = ['spans', 'events'] as const
const VALID_FACTS = {
  anyOf: [
    { enum: VALID_WORDS },
    {
      type: 'object',
      properties: {
        from: { enum: SIGNALS, description: 'Whether spans or events are compared with.' },
        where: { ...CONDITION_FACTS, description: 'Those that count; without it all do.' },
      },
      required: ['from'],
      additionalProperties: false,
    },
    { ...CONDITION_FACTS, not: { type: 'object', required: ['from'] } },
  ],
}
const VALID_PHRASE = 'exposures, events, a condition on events, or {from: spans, where: CONDITION}'

/** What the events of an SLI are compared with. */
export function valid() {
  return z
    .unknown()
    .transform((raw, context): Valid => {
      const refuse = (message: string, path: readonly (string | number)[] = [], suggestion: string | null = null) =>
        context.issues.push({ code: 'custom', message, params: { suggestion }, path: [...path], input: raw })
      if (raw === 'exposures') return { kind: 'exposures' }
      if (raw === 'events') return { kind: 'judged' }
      if (typeof raw !== 'object' || raw === null) {
        refuse(VALID_PHRASE)
        return { kind: 'judged' }
      }
      const { from, where, unknown } = sourceOf(raw)
      for (const key of unknown) refuse('from and where alone', [key], nearest(key, ['where']))
      if (from === null) refuse(`one of ${SIGNALS.join(', ')}`, ['from'])
      const path = 'from' in raw ? ['where'] : []
      if (where === undefined) return { kind: 'records', from: from ?? 'events', where: null }
      const { matcher, mistakes } = parseMatcher(where)
      for (const mistake of mistakes) refuse(mistake.expected, [...path, ...mistake.path], mistake.suggestion)
      return { kind: 'records', from: from ?? 'events', where: matcher }
    })
    .meta(VALID_FACTS)
}

/** `from` null: it is none. A map without it is a condition. */
function sourceOf(raw: object): { from: 'spans' | 'events' | null; where: unknown; unknown: readonly string[] } {
  if (!('from' in raw)) return { from: 'events', where: raw, unknown: [] }
  const { from: given, where, ...others } = raw as { from: unknown; where?: unknown }
  return { from: SIGNALS.find((signal) => signal === given) ?? null, where, unknown: Object.keys(others) }
}
