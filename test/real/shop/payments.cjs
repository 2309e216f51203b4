// The shop's second service: does a little work, and fails where the request says so. It has never heard of the experiment.
const http = require('node:http')
const { serve } = require('./control.cjs')

const served = { requests: 0, failed: 0 }

const server = http.createServer((request, response) => {
  const fault = Number(request.headers['x-fault'] ?? 0)
  served.requests++
  if (fault !== 0) served.failed++
  setImmediate(() => response.writeHead(fault || 200).end('paid'))
})
serve(server, served)
