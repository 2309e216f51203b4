// The shop's first service: evaluates the flag for the user of a request, then asks payments. Nothing here knows cohortd: the flag reaches
// the span by OpenFeature's hook, the trace reaches payments by the automatic instrumentation of node:http.
// CommonJS, because --require instruments only what is required.
const http = require('node:http')
const { SpanEventHook } = require('@openfeature/open-telemetry-hooks')
const { InMemoryProvider, OpenFeature } = require('@openfeature/server-sdk')
const { serve } = require('./control.cjs')

const FLAG = 'checkout-redesign'
const paymentsPort = Number(process.argv[2])
const agent = new http.Agent({ keepAlive: true })
/** @type {Record<string, { requests: number, failed: number }>} */
const served = { control: { requests: 0, failed: 0 }, treatment: { requests: 0, failed: 0 } }
/** Variants whose payments are told to fail. */
const broken = new Set()

const provider = new InMemoryProvider({
  [FLAG]: {
    variants: { control: 'three-pages', treatment: 'one-page' },
    defaultVariant: 'control',
    disabled: false,
    contextEvaluator: ({ targetingKey }) => (Number(targetingKey?.slice(1)) % 2 === 0 ? 'control' : 'treatment'),
  },
})
const client = OpenFeature.getClient()

/**
 * The status that payments answered.
 * @param {string} variant
 * @returns {Promise<number>}
 */
function pay(variant) {
  const headers = broken.has(variant) ? { 'x-fault': '500' } : {}
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1',
      port: paymentsPort,
      path: '/pay',
      method: 'POST',
      agent,
      headers,
    })
    request.on('error', reject)
    request.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
    request.end()
  })
}

/** @type {(request: http.IncomingMessage, response: http.ServerResponse) => Promise<void>} */
async function checkout(request, response) {
  const user = new URL(request.url ?? '', 'http://shop').searchParams.get('user') ?? ''
  const { variant = 'none' } = await client.getStringDetails(FLAG, 'three-pages', { targetingKey: user })
  const status = await pay(variant)
  served[variant].requests++
  if (status !== 200) served[variant].failed++
  response.writeHead(status === 200 ? 200 : 502).end(variant)
}

async function start() {
  await OpenFeature.setProviderAndWait(provider)
  OpenFeature.addHooks(new SpanEventHook())
  const server = http.createServer((request, response) => {
    checkout(request, response).catch(() => response.writeHead(500).end())
  })
  serve(server, served, ({ ask, variant }) => {
    if (ask === 'break') broken.add(variant)
  })
}

void start()
