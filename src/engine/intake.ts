// One request between decoding and counting. A request is decoded whole before any of it is counted,
// so that undecodable bytes in its middle leave no trace.

import type { SegmentReader } from '../cohort/segments.ts'
import { newTagList, type TagList, type TagResolver } from '../cohort/tags.ts'
import { Observation } from '../model/observation.ts'
import { TRANSPORTS, type Transport } from '../model/signal.ts'
import type { SpanRecord } from '../model/span.ts'
import type { SliJudge } from './matching.ts'

export interface StagedItem {
  readonly observation: Observation
  readonly tags: TagList
}

/** The items of the request at hand; the objects are used again for the next one. */
export class Intake {
  readonly #items: StagedItem[] = []
  #count = 0
  #transport = 0
  readonly #judges: readonly SliJudge[]
  readonly #tags: TagResolver
  readonly #segments: SegmentReader
  /** Spans of the request at hand that end before they start. */
  negativeDurations = 0

  constructor(options: { judges: readonly SliJudge[]; tags: TagResolver; segments: SegmentReader }) {
    this.#judges = options.judges
    this.#tags = options.tags
    this.#segments = options.segments
  }

  begin(transport: Transport): void {
    this.#count = 0
    this.negativeDurations = 0
    this.#transport = TRANSPORTS.indexOf(transport)
  }

  /** Takes down what counting needs of a span; bound, so that it can be handed to a decoder as it is. */
  readonly add = (span: SpanRecord): void => {
    const { observation, tags } = this.#next()
    // Word by word: set() of a typed array costs more than the rest of this.
    for (let word = 0; word < 4; word++) observation.traceId[word] = span.traceId[word]
    observation.second = span.endNanos > 0 ? span.endSecond + 1 : span.endSecond
    observation.endMs = span.endSecond * 1000 + span.endNanos / 1e6
    observation.weight = span.weight
    observation.transport = this.#transport
    observation.segmentKey = this.#segments.read(span)
    for (let sli = 0; sli < this.#judges.length; sli++) this.#judges[sli](span, observation, sli)
    this.#tags.resolve(span, tags)
    if (endsBeforeStart(span)) this.negativeDurations++
  }

  get count(): number {
    return this.#count
  }

  item(at: number): StagedItem {
    return this.#items[at]
  }

  #next(): StagedItem {
    if (this.#count === this.#items.length) {
      this.#items.push({ observation: new Observation(this.#judges.length), tags: newTagList() })
    }
    return this.#items[this.#count++]
  }
}

function endsBeforeStart(span: SpanRecord): boolean {
  return span.endSecond < span.startSecond || (span.endSecond === span.startSecond && span.endNanos < span.startNanos)
}
