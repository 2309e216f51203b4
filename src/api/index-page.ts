// What a browser finds at / in this version: where everything is. No script, no style, so the strictest policy holds.

export const INDEX_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const LINKS: readonly (readonly [string, string])[] = [
  ['/api/v1/experiments', 'Experiments and their variants'],
  ['/api/v1/alerts', 'What fires now'],
  ['/api/v1/events', 'Events, oldest kept first'],
  ['/api/v1/events/stream', 'Events as they happen (server-sent events)'],
  ['/metrics', 'Metrics for Prometheus'],
  ['/api/v1/openapi.json', 'Description of this API (OpenAPI 3.1)'],
  ['/readyz', 'Readiness'],
  ['/healthz', 'Health'],
]

export function indexPage(version: string): string {
  const items = LINKS.map(([path, text]) => `      <li><a href="${path}">${path}</a> ${text}</li>`).join('\n')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>cohortd</title>
  </head>
  <body>
    <h1>cohortd ${version.replace(/[^\w.+-]/g, '')}</h1>
    <p>Telemetry is received elsewhere: OTLP/gRPC on port 4317, OTLP/HTTP on port 4318 unless configured otherwise.</p>
    <ul>
${items}
    </ul>
  </body>
</html>
`
}
