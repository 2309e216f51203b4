// A service whose spans say which experiment and which variant a request got. That is all cohortd needs.
//
//   npm install @opentelemetry/api @opentelemetry/sdk-node
//   OTEL_SERVICE_NAME=shop OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node shop.mjs
//
// Sends 200 requests of each variant, of which treatment fails one in ten. Then look at
//   http://127.0.0.1:9464/api/v1/experiments/checkout-redesign

import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { NodeSDK } from '@opentelemetry/sdk-node'

// Where and how to export comes from the OTEL_ environment variables.
const sdk = new NodeSDK()
sdk.start()

const tracer = trace.getTracer('shop')
const REQUESTS = 200

function handle(user) {
  const variant = user % 2 === 0 ? 'control' : 'treatment'
  tracer.startActiveSpan('POST /checkout', { kind: SpanKind.SERVER }, (span) => {
    // The tag. Further spans of the same trace, in this service or in others, inherit it.
    span.setAttributes({ 'experiment.id': 'checkout-redesign', 'experiment.variant': variant })

    if (variant === 'treatment' && user % 20 === 1) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
  })
}

for (let user = 0; user < 2 * REQUESTS; user++) handle(user)

// Exports what is left.
await sdk.shutdown()
