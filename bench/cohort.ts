// What the question "which cohort is this?" costs a span: tags, segments, registry and trace inheritance, in steady state
// with 200 cohorts, 50,000 spans a second and a wait of 10 s. Names are the same string objects again and again, as the
// decoder gives them.
import { CohortRegistry } from '../src/cohort/registry.ts'
import { SegmentReader } from '../src/cohort/segments.ts'
import { newTagList, TagResolver } from '../src/cohort/tags.ts'
import { TraceInheritance } from '../src/cohort/traces.ts'
import { vocabularyFor } from '../src/cohort/vocabulary.ts'
import { Observation } from '../src/model/observation.ts'
import type { TagRule } from '../src/model/settings.ts'
import { SpanRecord } from '../src/model/span.ts'

const ROUND_SPANS = 50_000
const WARM_UP_ROUNDS = 20
const ROUNDS = 40
const SPANS_PER_MS = 50
const SPANS_PER_TRACE = 5
const SLI_COUNT = 2
const WAIT_MS = 10_000
const MAX_BYTES = 128 << 20

const TAGS: readonly TagRule[] = [
  { kind: 'pair', experiment: 'experiment.id', variant: ['experiment.variant'] },
  { kind: 'pair', experiment: 'feature_flag.key', variant: ['feature_flag.result.variant', 'feature_flag.variant'] },
  { kind: 'prefix', prefix: 'experiment.variant_of.' },
]
const SETTINGS = {
  tags: TAGS,
  segments: ['service.name'],
  controls: ['control'],
  experiments: [],
  slis: [],
  limits: {
    experiments: 500,
    variantsPerExperiment: 50,
    cohortsPerExperiment: 1000,
    idleExpiryMs: 86_400_000,
    pendingBytes: MAX_BYTES,
    unitsPerExperiment: 65_536,
  },
}
const VOCABULARY = vocabularyFor(SETTINGS)

/** Spans of 20 experiments x 2 variants x 5 services, tagged by one of the three rules each. */
function taggedSpans(): SpanRecord[] {
  const spans: SpanRecord[] = []
  for (let at = 0; at < 200; at++) {
    const span = new SpanRecord(VOCABULARY)
    const experiment = `checkout-redesign-${at % 20}`
    const variant = Math.floor(at / 20) % 2 === 0 ? 'control' : 'treatment'
    const set = (name: string, value: string): void => {
      span.attributes.values[VOCABULARY.slot(name)] = value
    }
    if (at % 3 === 0) {
      set('experiment.id', experiment)
      set('experiment.variant', variant)
    } else if (at % 3 === 1) {
      set('feature_flag.key', experiment)
      set('feature_flag.result.variant', variant)
    } else span.attributes.addPrefixed(0, experiment, variant)
    span.resource.values[VOCABULARY.slot('service.name')] = `service-${Math.floor(at / 40)}`
    spans.push(span)
  }
  return spans
}

/** A trace id as random as a real one, without drawing a random number. */
function setTraceId(words: Uint32Array, trace: number): void {
  for (let word = 0; word < 4; word++) words[word] = Math.imul(trace * 4 + word + 1, 0x9e3779b1)
}

class Pipeline {
  readonly registry = new CohortRegistry(SETTINGS)
  readonly resolver = new TagResolver({ tags: TAGS }, VOCABULARY)
  readonly segments = new SegmentReader(SETTINGS.segments, VOCABULARY)
  readonly tags = newTagList()
  readonly observation = new Observation(SLI_COUNT)
  readonly spans = taggedSpans()
  nowMs = 0
  /** Spans taken in since the start. */
  spanCount = 0
  trace = 0
  ordinals = 0
  readonly inheritance = new TraceInheritance({
    waitMs: WAIT_MS,
    sliCount: SLI_COUNT,
    maxBytes: MAX_BYTES,
    deliver: (observation, experiment, variant) => this.#find(experiment, variant, observation.segmentKey),
    release: () => undefined,
  })

  /** Tags, segments and cohort of a span. */
  attribute(): void {
    const span = this.spans[this.trace % this.spans.length]
    this.resolver.resolve(span, this.tags)
    const segmentKey = this.segments.read(span)
    for (let tag = 0; tag < this.tags.count; tag++) {
      this.#find(this.tags.experiments[tag], this.tags.variants[tag], segmentKey)
    }
  }

  tagged(): void {
    this.attribute()
    this.inheritance.tagged(this.observation.traceId, this.tags, this.nowMs)
  }

  park(): void {
    this.observation.segmentKey = 'service-1'
    this.inheritance.park(this.observation, this.nowMs)
  }

  /** The next span: time goes on, and every fifth begins a trace. */
  next(): void {
    if (this.spanCount++ % SPANS_PER_TRACE === 0) setTraceId(this.observation.traceId, ++this.trace)
    if (this.spanCount % SPANS_PER_MS === 0) this.nowMs++
    if (this.spanCount % (SPANS_PER_MS * 1000) === 0) this.inheritance.advance(this.nowMs)
  }

  #find(experiment: string, variant: string, segmentKey: string): boolean {
    const cohort = this.registry.lookup(experiment, variant, segmentKey, this.nowMs)
    this.ordinals += cohort?.ordinal ?? 0
    return cohort !== null
  }
}

/** Nanoseconds of `take` for each span, after warm-up: of the best round, and CPU time over all. */
function measure(name: string, take: (pipeline: Pipeline) => void): void {
  const pipeline = new Pipeline()
  for (let round = 0; round < WARM_UP_ROUNDS; round++) takeRound(pipeline, take)
  const cpuBefore = process.threadCpuUsage()
  let bestMs = Infinity
  for (let round = 0; round < ROUNDS; round++) bestMs = Math.min(bestMs, takeRound(pipeline, take))
  const cpu = process.threadCpuUsage(cpuBefore)
  const best = ((bestMs * 1e6) / ROUND_SPANS).toFixed(0).padStart(4)
  const mean = (((cpu.user + cpu.system) * 1e3) / (ROUNDS * ROUND_SPANS)).toFixed(0).padStart(4)
  const { inheritance } = pipeline
  console.log(
    `  ${name.padEnd(58)} ${best} ns a span, mean of CPU time ${mean}` +
      ` (${inheritance.traceCount} traces, ${inheritance.parkedItems} parked, ${(inheritance.bytes / 2 ** 20).toFixed(1)} MiB)`,
  )
}

/** Milliseconds of one round. */
function takeRound(pipeline: Pipeline, take: (pipeline: Pipeline) => void): number {
  const begin = performance.now()
  for (let span = 0; span < ROUND_SPANS; span++) {
    pipeline.next()
    take(pipeline)
  }
  return performance.now() - begin
}

export function run(): void {
  console.log('cohort: 200 cohorts, 5 spans a trace, 50,000 spans/s, wait 10 s')
  measure('loop alone', () => undefined)
  measure('tags + segments + registry', (pipeline) => pipeline.attribute())
  measure('the same, and tags handed to the trace', (pipeline) => pipeline.tagged())
  measure('untagged, no tag in its trace', (pipeline) => pipeline.park())
  measure('one tagged, four untagged that inherit', (pipeline) =>
    pipeline.spanCount % SPANS_PER_TRACE === 1 ? pipeline.tagged() : pipeline.park(),
  )
  measure('four untagged, then one tagged that they waited for', (pipeline) =>
    pipeline.spanCount % SPANS_PER_TRACE === 0 ? pipeline.tagged() : pipeline.park(),
  )
}

if (import.meta.main) run()
