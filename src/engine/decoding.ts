// Which decoder reads a request: by its signal and encoding.
import type { LogRecord } from '../model/log.ts'
import type { MetricPoint } from '../model/metric-point.ts'
import type { ExportRequest } from '../model/signal.ts'
import type { SpanRecord } from '../model/span.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { DecodeError } from '../otlp/cursor.ts'
import { countLogs, LogDecoder } from '../otlp/logs.ts'
import { countLogsJson, LogJsonDecoder } from '../otlp/logs-json.ts'
import { countPoints, MetricDecoder } from '../otlp/metrics.ts'
import { countPointsJson, MetricJsonDecoder } from '../otlp/metrics-json.ts'
import { countSpans, TraceDecoder } from '../otlp/traces.ts'
import { countSpansJson, TraceJsonDecoder } from '../otlp/traces-json.ts'

/** Where the items of a request go. */
export interface ItemSinks {
  readonly traces: (span: SpanRecord) => void
  readonly metrics: (point: MetricPoint) => void
  readonly logs: (log: LogRecord) => void
}

type Encoding = ExportRequest['encoding']

/** Decodes requests one after the other; a decoder is made when it is first needed. */
export class Decoding {
  readonly #sinks: ItemSinks
  readonly #traces: (encoding: Encoding) => TraceDecoder | TraceJsonDecoder
  readonly #metrics: (encoding: Encoding) => MetricDecoder | MetricJsonDecoder
  readonly #logs: (encoding: Encoding) => LogDecoder | LogJsonDecoder

  constructor(vocabulary: Vocabulary, sinks: ItemSinks) {
    this.#sinks = sinks
    this.#traces = onceEach((encoding) =>
      encoding === 'json' ? new TraceJsonDecoder(vocabulary) : new TraceDecoder(vocabulary),
    )
    this.#metrics = onceEach((encoding) =>
      encoding === 'json' ? new MetricJsonDecoder(vocabulary) : new MetricDecoder(vocabulary),
    )
    this.#logs = onceEach((encoding) =>
      encoding === 'json' ? new LogJsonDecoder(vocabulary) : new LogDecoder(vocabulary),
    )
  }

  /** Gives all items to their sink. The answer is null or, where the bytes are no such request, what is wrong with them. */
  decode({ signal, encoding, body }: ExportRequest): string | null {
    try {
      if (signal === 'traces') this.#traces(encoding).decode(body, this.#sinks.traces)
      else if (signal === 'logs') this.#logs(encoding).decode(body, this.#sinks.logs)
      else this.#metrics(encoding).decode(body, this.#sinks.metrics)
      return null
    } catch (error) {
      if (error instanceof DecodeError) return error.message
      throw error
    }
  }
}

function onceEach<Decoder>(make: (encoding: Encoding) => Decoder): (encoding: Encoding) => Decoder {
  const made = new Map<Encoding, Decoder>()
  return (encoding) => {
    let decoder = made.get(encoding)
    if (decoder === undefined) made.set(encoding, (decoder = make(encoding)))
    return decoder
  }
}

/** The number of items in a request, without looking into them. Throws DecodeError where the structure around them is broken. */
export function countItems({ signal, encoding, body }: ExportRequest): number {
  const isJson = encoding === 'json'
  if (signal === 'traces') return (isJson ? countSpansJson : countSpans)(body)
  if (signal === 'logs') return (isJson ? countLogsJson : countLogs)(body)
  return (isJson ? countPointsJson : countPoints)(body)
}
