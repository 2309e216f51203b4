// SLIs compiled to functions that judge a record: which sides of the SLI it counts on, and what was measured.
//
//   spanJudges(slis, vocabulary)       by SLI; null where spans are no events of it
//   eventJudges(slis, vocabulary)      the same for log records and span events
//   unitJudges(slis, vocabulary)       numerators whose variant is found by their unit
//   judge(record, observation, index)  fills outcomes[index] and values[index]
import {
  compileMatcher,
  EVENT_FIELDS,
  type EventView,
  numberOf,
  POINT_FIELDS,
  type Predicate,
  type RecordFields,
  SPAN_FIELDS,
} from '../cohort/matching.ts'
import type { AttributedRecord } from '../model/attributes.ts'
import { FLAG_EVALUATIONS } from '../model/flag-evaluations.ts'
import type { Matcher } from '../model/matcher.ts'
import { BAD, DENOMINATOR, GOOD, NO_EVENT, NUMERATOR, type Observation } from '../model/observation.ts'
import type { EventSli, Judgement, MetricSli, Sli, SliValue } from '../model/slo.ts'
import type { SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'

/** Judges a record by one SLI: fills outcomes[index], and values[index] with what was measured (NaN where nothing was). */
export type SliJudge<R> = (record: R, into: Observation, index: number) => void
export type SliJudges<R> = readonly (SliJudge<R> | null)[]

/** How spans are judged. */
export function spanJudges(slis: readonly Sli[], vocabulary: Vocabulary): SliJudges<SpanRecord> {
  return slis.map((sli) => {
    if (sli.from === 'spans') return outcomeOf(compileJudgement(sli, vocabulary, SPAN_FIELDS, spanDuration))
    if (sli.from !== 'events' || sli.valid.kind !== 'records' || sli.valid.from !== 'spans') return null
    return sideOf(DENOMINATOR, anyOrMatching(sli.valid.where, vocabulary, SPAN_FIELDS))
  })
}

/** How log records and span events are judged whose variant is found by tag or trace. */
export function eventJudges(slis: readonly Sli[], vocabulary: Vocabulary): SliJudges<EventView> {
  return slis.map((sli) => {
    if (sli.from !== 'events') return null
    if (sli.valid.kind === 'judged') return outcomeOf(compileJudgement(sli, vocabulary, EVENT_FIELDS))
    if (sli.attribution?.oncePerUnit === true) return null
    const numerator = sli.attribution === null ? numeratorOf(sli, vocabulary) : null
    const denominator = denominatorOf(sli, vocabulary)
    return sides(numerator, denominator)
  })
}

/** How log records and span events are judged whose variant is found by their unit. */
export function unitJudges(slis: readonly Sli[], vocabulary: Vocabulary): SliJudges<EventView> {
  return slis.map((sli) => {
    if (sli.from !== 'events' || sli.attribution === null) return null
    if (sli.valid.kind === 'judged') return outcomeOf(compileJudgement(sli, vocabulary, EVENT_FIELDS))
    return sides(numeratorOf(sli, vocabulary), null)
  })
}

/** Whether points of the metric are taken, and whether one is bad whatever its numbers say. */
export function compilePointConditions(
  { where, ignoreWhen, badWhen }: Pick<MetricSli, 'where' | 'ignoreWhen' | 'badWhen'>,
  vocabulary: Vocabulary,
): { takes: Predicate<AttributedRecord>; isBad: Predicate<AttributedRecord> } {
  const matches = anyOrMatching(where, vocabulary, POINT_FIELDS)
  const ignores = ignoreWhen === null ? never : compileMatcher(ignoreWhen, vocabulary, POINT_FIELDS)
  const isBad = badWhen === null ? never : compileMatcher(badWhen, vocabulary, POINT_FIELDS)
  return { takes: (point) => matches(point) && !ignores(point), isBad }
}

function anyOrMatching<R extends AttributedRecord>(
  matcher: Matcher | null,
  vocabulary: Vocabulary,
  fields: RecordFields<R>,
): Predicate<R> {
  return matcher === null ? () => true : compileMatcher(matcher, vocabulary, fields)
}

function never(): boolean {
  return false
}

// ---------------------------------------------------------------------------------------------------- sides

function numeratorOf(sli: EventSli, vocabulary: Vocabulary): Judged<EventView> {
  const judge = compileJudgement(sli, vocabulary, EVENT_FIELDS)
  const counted = sli.good === null && sli.badWhen !== null ? BAD : GOOD
  return (event, into, index) => (judge(event, into, index) === counted ? NUMERATOR : NO_EVENT)
}

function denominatorOf({ valid }: EventSli, vocabulary: Vocabulary): Judged<EventView> | null {
  if (valid.kind === 'exposures') {
    const judge = compileJudgement(FLAG_EVALUATIONS, vocabulary, EVENT_FIELDS)
    return (event, into, index) => (judge(event, into, index) === GOOD ? DENOMINATOR : NO_EVENT)
  }
  if (valid.kind !== 'records' || valid.from !== 'events') return null
  const matches = anyOrMatching(valid.where, vocabulary, EVENT_FIELDS)
  return (event) => (matches(event) ? DENOMINATOR : NO_EVENT)
}

function sides(numerator: Judged<EventView> | null, denominator: Judged<EventView> | null): SliJudge<EventView> | null {
  if (numerator === null && denominator === null) return null
  return (event, into, index) => {
    const below = denominator === null ? NO_EVENT : denominator(event, into, index)
    into.values[index] = Number.NaN
    into.outcomes[index] = below | (numerator === null ? NO_EVENT : numerator(event, into, index))
  }
}

function sideOf<R>(side: number, matches: Predicate<R>): SliJudge<R> {
  return (record, into, index) => {
    into.values[index] = Number.NaN
    into.outcomes[index] = matches(record) ? side : NO_EVENT
  }
}

// ----------------------------------------------------------------------------------------------- judgements

/** Gives NO_EVENT, GOOD or BAD, and fills values[index] where something is measured. */
type Judged<R> = (record: R, into: Observation, index: number) => number

/** Fills values[index] and tells whether that is good: BAD where it is not strictly below, NO_EVENT where there is none. */
type Measure<R> = (record: R, into: Observation, index: number) => number
type DurationMeasure<R> = (goodBelow: number | null) => Measure<R>

function outcomeOf<R>(judge: Judged<R>): SliJudge<R> {
  return (record, into, index) => {
    into.values[index] = Number.NaN
    into.outcomes[index] = judge(record, into, index)
  }
}

function compileJudgement<R extends AttributedRecord>(
  judgement: Judgement,
  vocabulary: Vocabulary,
  fields: RecordFields<R>,
  duration?: DurationMeasure<R>,
): Judged<R> {
  const compile = (matcher: Matcher | null): Predicate<R> | null =>
    matcher === null ? null : compileMatcher(matcher, vocabulary, fields)
  const where = compile(judgement.where)
  const ignored = compile(judgement.ignoreWhen)
  const bad = compile(judgement.badWhen)
  const good = compile(judgement.good)
  const measure =
    judgement.value === null ? null : compileValue(judgement.value, judgement.goodBelow, vocabulary, duration)
  return (record, into, index) => {
    if (where !== null && !where(record)) return NO_EVENT
    if (ignored !== null && ignored(record)) return NO_EVENT
    const measured = measure === null ? GOOD : measure(record, into, index)
    if (measured === NO_EVENT) return NO_EVENT
    const isBad = measured === BAD || (bad !== null && bad(record)) || (good !== null && !good(record))
    return isBad ? BAD : GOOD
  }
}

function compileValue<R extends AttributedRecord>(
  value: SliValue,
  goodBelow: number | null,
  vocabulary: Vocabulary,
  duration: DurationMeasure<R> | undefined,
): Measure<R> {
  if (value.kind === 'attribute') return attributeBelow(vocabulary.slot(value.name), goodBelow)
  return duration === undefined ? () => NO_EVENT : duration(goodBelow)
}

/** Compares whole nanoseconds, so that 300 ms is not below 300 ms whatever seconds it began at. */
function spanDuration(goodBelow: number | null): Measure<SpanRecord> {
  const limitNanos = goodBelow === null ? Infinity : Math.round(goodBelow * 1e9)
  return (span, into, index) => {
    const nanos = durationNanos(span)
    into.values[index] = nanos / 1e9
    return nanos < limitNanos ? GOOD : BAD
  }
}

/** End minus start, 0 where the end is before the start; exact up to 104 days. */
function durationNanos(span: SpanRecord): number {
  return Math.max(0, (span.endSecond - span.startSecond) * 1e9 + (span.endNanos - span.startNanos))
}

function attributeBelow<R extends AttributedRecord>(slot: number, goodBelow: number | null): Measure<R> {
  return (record, into, index) => {
    const own = record.attributes.values[slot]
    const value = own === undefined ? record.resource.values[slot] : own
    const measured = numberOf(value)
    if (!Number.isFinite(measured)) return NO_EVENT
    into.values[index] = measured
    return goodBelow === null || measured < goodBelow ? GOOD : BAD
  }
}
