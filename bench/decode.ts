// Spans a second and megabytes a second that one core decodes: 12 attributes and some 530 bytes a span, the default
// vocabulary, 100 and 512 spans a request, both encodings; beside them what the usual libraries take for the same
// bytes. By CPU time, so that a busy machine disturbs little; the rounds of all contestants alternate.
import { Vocabulary } from '../src/model/vocabulary.ts'
import { TraceDecoder } from '../src/otlp/traces.ts'
import { TraceJsonDecoder } from '../src/otlp/traces-json.ts'
import { encodeTraces } from '../test/otlp/encode.ts'
import { encodeTracesJson } from '../test/otlp/encode-json.ts'
import { requests } from '../test/otlp/proto.ts'
import { typicalResourceSpans } from '../test/otlp/typical.ts'
import { quantile } from './figures.ts'

const ROUNDS = 30
/** About so many spans are decoded in a round. */
const ROUND_SPANS = 40_000

const VOCABULARY = new Vocabulary({
  names: [
    'experiment.id',
    'experiment.variant',
    'feature_flag.key',
    'feature_flag.result.variant',
    'feature_flag.variant',
    'service.name',
    'http.response.status_code',
  ],
  prefixes: ['experiment.variant_of.'],
})

interface Contestant {
  readonly name: string
  readonly bytes: number
  readonly spans: number
  readonly decode: () => void
}

export async function run(): Promise<void> {
  const contestants = [100, 512].flatMap(contestantsFor)
  const rates = contestants.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) rates[index].push(spansPerSecond(contestant))
  }
  for (const [index, { name, bytes, spans }] of contestants.entries()) {
    const rate = quantile(rates[index], 0.5)
    const megabytes = (rate * bytes) / spans / 1e6
    const size = `${(bytes / spans).toFixed(0)} B/span`
    console.log(
      `${name.padEnd(46)} ${size.padStart(12)} ${(rate / 1e6).toFixed(2).padStart(6)} M spans/s ${megabytes.toFixed(0).padStart(5)} MB/s`,
    )
  }
}

function contestantsFor(spans: number): Contestant[] {
  const protobuf = encodeTraces(typicalResourceSpans(spans))
  const json = new Uint8Array(encodeTracesJson(typicalResourceSpans(spans)))
  const selective = new TraceDecoder(VOCABULARY)
  const selectiveJson = new TraceJsonDecoder(VOCABULARY)
  const full = requests.lookupType('ExportTraceServiceRequest')
  const seen = { nanos: 0 }
  const sink = (span: { readonly endNanos: number }): void => {
    seen.nanos += span.endNanos
  }
  const of = (name: string, bytes: number, decode: () => void): Contestant => ({
    name: `${name}, ${spans} a request`,
    bytes,
    spans,
    decode,
  })
  return [
    of('protobuf', protobuf.length, () => selective.decode(protobuf, sink)),
    of('protobuf, full, by protobufjs', protobuf.length, () => full.decode(protobuf)),
    of('JSON', json.length, () => selectiveJson.decode(json, sink)),
    of('JSON, full, by JSON.parse', json.length, () => JSON.parse(Buffer.from(json).toString())),
  ]
}

function spansPerSecond({ spans, decode }: Contestant): number {
  const requestCount = Math.ceil(ROUND_SPANS / spans)
  const before = process.cpuUsage()
  for (let request = 0; request < requestCount; request++) decode()
  const { user, system } = process.cpuUsage(before)
  return (requestCount * spans) / ((user + system) / 1e6)
}

if (import.meta.main) await run()
