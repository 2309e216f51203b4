// How the test steers a service of the shop: over the process channel, so that the steering makes no spans.
const { trace } = require('@opentelemetry/api')

/** @typedef {{ ask: 'break' | 'flush' | 'served', variant?: string }} Question */

/** @param {object} message */
function tell(message) {
  process.send?.(message)
}

/** Exports all spans that have ended. The SDK is known only through the API here, as in any instrumented program. */
async function flush() {
  const provider = trace.getTracerProvider()
  const sdk =
    'getDelegate' in provider && typeof provider.getDelegate === 'function' ? provider.getDelegate() : provider
  await sdk.forceFlush()
}

/**
 * Listens on a free port, tells it to the test, answers its questions, and ends when the test does.
 * @param {import('node:http').Server} server
 * @param {object} served What the service has served so far; sent with every answer.
 * @param {(question: Question) => void} [heed] Does what is asked for, beside flushing.
 */
function serve(server, served, heed) {
  server.listen(0, '127.0.0.1', () =>
    tell({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port }),
  )
  process.on('message', (/** @type {Question} */ question) => {
    heed?.(question)
    const ready = question.ask === 'flush' ? flush() : Promise.resolve()
    void ready.then(() => tell({ answer: question.ask, served }))
  })
  process.on('disconnect', () => process.exit(0))
}

module.exports = { serve }
