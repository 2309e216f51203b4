// exporters, alerts and telemetry: what leaves the daemon.
import { z } from 'zod'
import { duration, Mistake, oneOf, url, value } from './values.ts'

const HTTP = ['http', 'https'] as const

/** Text that may be empty: an empty secret is none. */
function secret() {
  return value({ type: 'string' }, (raw) => (typeof raw === 'string' ? raw : new Mistake('text')))
}

function otlpTarget(interval: string, what: string) {
  return z
    .strictObject({
      endpoint: url(HTTP, 'http').describe('OTLP/gRPC endpoint; https:// for TLS.'),
      interval: duration({ atLeastMs: 1000 }).prefault(interval).describe('How often they are sent.'),
    })
    .optional()
    .describe(what)
}

export const exporters = z
  .strictObject({
    otlp: otlpTarget('10s', 'SLI and burn-rate metrics, sent on as OTLP; without it none are.'),
    forward: z
      .strictObject({ endpoint: url(HTTP, 'http').describe('OTLP/HTTP endpoint that takes the requests.') })
      .optional()
      .describe('Received telemetry, sent on untouched.'),
  })
  .prefault({})
  .describe('Where results and telemetry are sent.')

const webhook = z.strictObject({
  url: url(HTTP).describe('Where events are posted, as Standard Webhooks says.'),
  secret: secret().optional().describe('Key of the signature (`whsec_...`); empty: not signed.'),
})

export const alerts = z
  .strictObject({
    webhooks: z.array(webhook).optional().describe('Receivers of events by webhook.'),
    alertmanagers: z.array(url(HTTP)).optional().describe('Prometheus Alertmanagers that are told what fires.'),
  })
  .prefault({})
  .describe('Who is told of alerts.')

export const telemetry = z
  .strictObject({
    log_level: oneOf(['debug', 'info', 'warn', 'error'])
      .prefault('info')
      .describe('The least important message that is logged.'),
    otlp: otlpTarget('60s', "The daemon's own traces and metrics, sent as OTLP; without it none are."),
  })
  .prefault({})
  .describe('What the daemon tells of itself.')

export const ack = oneOf(['memory', 'durable'])
  .prefault('memory')
  .describe(
    'When a request is acknowledged: once counted in memory, or (durable) once the store holds what it counted, so that a crash loses nothing that was acknowledged. Durable needs store.type sqlite or redis, and a retry_window.',
  )
