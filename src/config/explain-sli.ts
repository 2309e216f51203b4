// SLIs in words: what counts and which of it is good.
import { formatMs } from '../model/duration.ts'
import type { Condition, Matcher, Test } from '../model/matcher.ts'
import type { EventSli, MetricPart, MetricSli, RatioSli, Sli, SpanSli, Valid } from '../model/slo.ts'

/** One sentence. */
export function sliSentence(sli: Sli): string {
  const percentiles = sli.percentiles.map((percentile) => `p${Number((percentile * 100).toPrecision(10))}`)
  return `${kindSentence(sli)}${percentiles.length === 0 ? '' : `; ${percentiles.join(', ')}`}`
}

function kindSentence(sli: Sli): string {
  switch (sli.from) {
    case 'spans':
      return judgedSentence(sli, 'every span', 'spans')
    case 'events':
      return eventSentence(sli)
    case 'metrics':
      return metricSentence(sli)
    case 'ratio':
      return ratioSentence(sli)
    case 'ingest':
      return 'items received, of those to be expected by the rate before the experiment'
  }
}

function judgedSentence(sli: SpanSli | EventSli, every: string, some: string): string {
  const measured =
    sli.value === null ? '' : sli.value.kind === 'duration' ? ' with their duration' : ` with ${sli.value.name}`
  return `${countedText(sli, every, some)}${measured}; ${judgedText(sli)}`
}

function countedText({ where, ignoreWhen }: SpanSli | EventSli | MetricSli, every: string, some: string): string {
  const counted = where === null ? every : `${some} where ${matcherText(where)}`
  return ignoreWhen === null ? counted : `${counted}, but not where ${matcherText(ignoreWhen)}`
}

function judgedText(sli: SpanSli | EventSli): string {
  const bad = [
    ...(sli.badWhen === null ? [] : [matcherText(sli.badWhen)]),
    ...(sli.good === null ? [] : [`not (${matcherText(sli.good)})`]),
    ...(sli.goodBelow === null ? [] : [`the value is ${boundText(sli, sli.goodBelow)} or more`]),
  ]
  return bad.length === 0 ? 'none is bad' : `bad when ${bad.join(', or ')}`
}

function eventSentence(sli: EventSli): string {
  const unit = sli.attribution === null ? '' : `; ${attributionText(sli.attribution)}`
  if (sli.valid.kind === 'judged') return `${judgedSentence(sli, 'every event', 'events')}${unit}`
  return `${sideText(sli)}, of ${validText(sli.valid)}${unit}`
}

/** The events that a share counts. */
function sideText(sli: EventSli): string {
  const bound = sli.goodBelow === null || sli.value?.kind !== 'attribute' ? null : [sli.value.name, sli.goodBelow]
  const where = sli.where === null ? [] : [matcherText(sli.where)]
  const without = sli.ignoreWhen === null ? '' : `, but not where ${matcherText(sli.ignoreWhen)}`
  if (sli.good === null) {
    const bad = sli.badWhen === null ? [] : [matcherText(sli.badWhen)]
    if (bound !== null) bad.push(`${bound[0]} is ${bound[1]} or more`)
    return `bad are events where ${allText([...where, bad.join(', or ')])}${without}`
  }
  const good = [...where, matcherText(sli.good)]
  if (bound !== null) good.push(`${bound[0]} is below ${bound[1]}`)
  return `good are events where ${allText(good)}${without}`
}

function allText(parts: readonly string[]): string {
  return parts.map((part) => (parts.length > 1 && part.includes(', or ') ? `(${part})` : part)).join(' and ')
}

function attributionText({ windowMs, oncePerUnit }: NonNullable<EventSli['attribution']>): string {
  const once = oncePerUnit ? ', each unit once' : ''
  return `of units within ${formatMs(windowMs)} of their first exposure${once}`
}

function validText(valid: Exclude<Valid, { kind: 'judged' }>): string {
  if (valid.kind === 'exposures') return 'all exposures'
  return valid.where === null ? `all ${valid.from}` : `${valid.from} where ${matcherText(valid.where)}`
}

function metricSentence(sli: MetricSli): string {
  const bad = [
    ...(sli.badWhen === null ? [] : [matcherText(sli.badWhen)]),
    ...(sli.goodBelow === null ? [] : [`the value is ${boundText(sli, sli.goodBelow)} or more`]),
  ]
  const points = `points of ${sli.metric}`
  return `${countedText(sli, points, points)}; ${bad.length === 0 ? 'none is bad' : `bad when ${bad.join(', or ')}`}`
}

function ratioSentence({ numerator, denominator, numeratorIs }: RatioSli): string {
  const word = numeratorIs === 'amount' ? 'amount' : numeratorIs
  return `${word}: ${partText(numerator)}, for ${partText(denominator)}`
}

function partText({ metric, part, where }: MetricPart): string {
  const taken = part === 'value' ? metric : `the ${part} of ${metric}`
  return where === null ? taken : `${taken} where ${matcherText(where)}`
}

function boundText(sli: SpanSli | EventSli | MetricSli, bound: number): string {
  const isDuration = sli.from === 'metrics' ? sli.goodBelowUnit === 'seconds' : sli.value?.kind === 'duration'
  return isDuration ? formatMs(bound * 1000) : String(bound)
}

/** A matcher in words. */
export function matcherText(matcher: Matcher): string {
  const alternatives = matcher.map((conditions) => conditions.map(conditionText).join(' and '))
  return alternatives.join(', or ')
}

function conditionText({ field, anyOf }: Condition): string {
  const values = anyOf.flatMap((test) => (test.kind === 'equal' && !test.negated ? [test.operand] : []))
  if (values.length === anyOf.length) return `${field} is ${values.join(' or ')}`
  return `${field} ${anyOf.map(testText).join(' or ')}`
}

function testText(test: Test): string {
  switch (test.kind) {
    case 'equal':
      return `${test.negated ? 'is not' : 'is'} ${test.operand}`
    case 'order':
      return `${test.operator} ${test.operand}`
    case 'range':
      return `is ${test.negated ? 'not ' : ''}${test.from} to ${test.to}`
    case 'pattern':
      return `matches ${test.pattern}`
    case 'present':
      return test.present ? 'is present' : 'is absent'
  }
}
