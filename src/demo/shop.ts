// The demonstration's shop: live traffic made with the real OpenTelemetry SDK and OpenFeature. Run as a process of its own, by own-shop.ts.

import { type Client, InMemoryProvider, OpenFeature } from '@openfeature/server-sdk'
import { type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { every, sleep, systemClock } from '../runtime/clock.ts'
import { provideLogsApi } from './logs-api.ts'
import type { ShopNews, ShopOrder } from './shop-protocol.ts'
import { type DemoVariant, fateOf, reproducibleRandom, VARIANTS } from './traffic.ts'

/** One request of each variant at every beat: 20 a second each. */
const BEAT_MS = 50
const WARM_UP_REQUESTS = 10
const SEED = 20_261_123
const STATUS_FAILED = 500

const order = JSON.parse(process.argv[2]) as ShopOrder
const random = reproducibleRandom(SEED)
const tracer = trace.getTracer('cohortd-demo-shop')

/** Tells when the first batch with a failed span leaves, and whether the exports arrive. */
class ToldExporter extends OTLPTraceExporter {
  #badSeen = false
  #failureSeen = false

  override export(...[spans, done]: Parameters<OTLPTraceExporter['export']>): void {
    if (!this.#badSeen && spans.some(({ status }) => status.code === SpanStatusCode.ERROR)) {
      this.#badSeen = true
      tell({ kind: 'first-bad-batch', atMs: systemClock.now() })
    }
    super.export(spans, (result) => {
      if (result.error !== undefined && !this.#failureSeen) {
        this.#failureSeen = true
        tell({ kind: 'export-failed', reason: result.error.message })
      }
      done(result)
    })
  }
}

/** Even users get control, odd ones treatment. */
async function openFlags(): Promise<Client> {
  provideLogsApi()
  const { SpanEventHook } = await import('@openfeature/open-telemetry-hooks')
  const provider = new InMemoryProvider({
    [order.flag]: {
      variants: { control: 'three-pages', treatment: 'one-page' } satisfies Record<DemoVariant, string>,
      defaultVariant: 'control',
      disabled: false,
      contextEvaluator: ({ targetingKey }) => VARIANTS[Number(targetingKey?.slice('user-'.length)) % VARIANTS.length],
    },
  })
  await OpenFeature.setProviderAndWait(provider)
  OpenFeature.addHooks(new SpanEventHook())
  return OpenFeature.getClient()
}

/** One request: the hook writes the variant on the server's span; the payment's span is known by its trace alone. */
async function checkout(flags: Client, user: number, badSeconds: number): Promise<void> {
  const attributes = { 'http.request.method': 'POST', 'http.route': '/checkout' }
  const span = tracer.startSpan('POST /checkout', { kind: SpanKind.SERVER, attributes })
  const within = trace.setSpan(context.active(), span)
  const { variant } = await context.with(within, () =>
    flags.getStringDetails(order.flag, 'three-pages', { targetingKey: `user-${user}` }),
  )
  const { failed, durationMs } = fateOf(variant as DemoVariant, badSeconds, random)
  await pay(within, failed, durationMs)
  finish(span, failed)
}

async function pay(within: Context, failed: boolean, durationMs: number): Promise<void> {
  const span = tracer.startSpan('POST payments', { kind: SpanKind.CLIENT }, within)
  await sleep(durationMs)
  finish(span, failed)
}

function finish(span: Span, failed: boolean): void {
  span.setAttribute('http.response.status_code', failed ? STATUS_FAILED : 200)
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

function tell(news: ShopNews): void {
  process.send?.(news)
}

async function open(): Promise<void> {
  const sdk = new NodeSDK({
    serviceName: 'shop',
    resourceDetectors: [],
    traceExporter: new ToldExporter({ url: order.otlp }),
  })
  const flags = await openFlags()
  // Before there is an SDK nothing is recorded: a cold program's slow first requests are no property of a variant.
  for (let user = 0; user < WARM_UP_REQUESTS; user++) await checkout(flags, user, 0)
  sdk.start()
  const worseAt = systemClock.monotonic() + order.healthyMs
  let user = 0
  let worse = false
  tell({ kind: 'open' })
  every(BEAT_MS, () => {
    const badSeconds = (systemClock.monotonic() - worseAt) / 1000
    if (badSeconds > 0 && !worse) {
      worse = true
      tell({ kind: 'worse' })
    }
    for (const _variant of VARIANTS) void checkout(flags, user++, badSeconds)
  })
}

process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole process group; the demonstration decides when the shop closes.
process.on('SIGINT', () => {})
await open()
