// The typical request of the benchmarks: server spans with 12 attributes, some 520 bytes each, half of them in an
// experiment.
import type { ResourceSpansInput, SpanInput } from './encode.ts'

const START = 1_790_000_000_000_000_000n

/** `count` spans of one service, as an instrumented HTTP server sends them; equal for equal numbers. */
export function typicalResourceSpans(count: number): ResourceSpansInput[] {
  return [
    {
      resource: {
        'service.name': 'checkout',
        'service.version': '2.14.0',
        'service.instance.id': 'checkout-7d9f6c5b8-x2x4k',
        'deployment.environment.name': 'production',
        'telemetry.sdk.language': 'nodejs',
        'telemetry.sdk.name': 'opentelemetry',
      },
      scopes: [
        {
          name: '@opentelemetry/instrumentation-http',
          spans: Array.from({ length: count }, (_, at) => typicalSpan(at)),
        },
      ],
    },
  ]
}

export function typicalSpan(at: number): SpanInput {
  const start = START + BigInt(at) * 1_337_421n
  const failed = at % 97 === 0
  return {
    traceId: (0x9e3779b97f4a7c15n * BigInt(at + 1)).toString(16).padStart(32, 'a').slice(-32),
    spanId: (0xc2b2ae3d27d4eb4fn * BigInt(at + 1)).toString(16).padStart(16, 'b').slice(-16),
    parentSpanId: (0x165667b19e3779f9n * BigInt(at + 1)).toString(16).padStart(16, 'c').slice(-16),
    name: 'POST /api/v2/cart/:cartId/checkout',
    kind: 2,
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(20_000_000 + ((at * 7919) % 400_000_000)),
    attributes: {
      'http.request.method': 'POST',
      'url.scheme': 'https',
      'url.path': `/api/v2/cart/${100_000 + at}/checkout`,
      'http.route': '/api/v2/cart/:cartId/checkout',
      'server.address': 'shop.example.com',
      'server.port': 443,
      'network.protocol.version': '1.1',
      'client.address': `10.12.${at % 256}.17`,
      'user_agent.original': 'k6/1.3.0',
      'http.response.status_code': failed ? 500 : 200,
      'feature_flag.key': 'checkout-redesign',
      'feature_flag.result.variant': at % 2 === 0 ? 'treatment' : 'control',
    },
    status: failed ? { code: 2 } : {},
    flags: 257,
  }
}
