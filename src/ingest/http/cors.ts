// Which web origins may send telemetry from a browser, and the headers that tell the browser so (Fetch standard, CORS protocol).
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

/** How long a browser may remember a preflight; browsers cap it at two hours or less. */
const MAX_AGE_SECONDS = 7200

/** What the wildcard inside a pattern stands for: part of a host name, or a port. */
const WILD = /^[a-z0-9.:[\]-]+$/
/** A list of header names as Access-Control-Request-Headers carries it. */
const HEADER_NAMES = /^[a-z0-9!#$%&'*+.^_`|~-]+(\s*,\s*[a-z0-9!#$%&'*+.^_`|~-]+)*$/i

/** Origins: exact, "*" for any, or with one "*" inside ("https://*.example.com"). None: no CORS headers at all. */
export class CorsPolicy {
  readonly #any: boolean
  readonly #exact: ReadonlySet<string>
  readonly #patterns: readonly { readonly start: string; readonly end: string }[]
  readonly enabled: boolean

  constructor(origins: readonly string[]) {
    const lower = origins.map((origin) => origin.toLowerCase())
    this.enabled = origins.length > 0
    this.#any = lower.includes('*')
    this.#exact = new Set(lower.filter((origin) => !origin.includes('*')))
    this.#patterns = lower
      .filter((origin) => origin !== '*' && origin.includes('*'))
      .map((origin) => ({ start: origin.slice(0, origin.indexOf('*')), end: origin.slice(origin.indexOf('*') + 1) }))
  }

  /** Headers for the answer to a request; empty where no CORS is configured. */
  answerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
    if (!this.enabled) return {}
    const origin = headers.origin
    if (origin === undefined) return { vary: 'Origin' }
    if (this.#isNamed(origin.toLowerCase())) {
      // A beacon always carries credentials, so a named origin may use them; we look at none.
      return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
    }
    return this.#any ? { vary: 'Origin', 'access-control-allow-origin': '*' } : { vary: 'Origin' }
  }

  /** Whether this is a browser asking beforehand, rather than some other OPTIONS request. */
  isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
    return (
      this.enabled &&
      method === 'OPTIONS' &&
      headers.origin !== undefined &&
      headers['access-control-request-method'] !== undefined
    )
  }

  /** Headers for the answer to a preflight; without an allowed origin the browser takes it as a no. */
  preflightHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
    const answer = this.answerHeaders(headers)
    answer.vary = 'Origin, Access-Control-Request-Headers'
    if (answer['access-control-allow-origin'] === undefined) return answer
    answer['access-control-allow-methods'] = 'POST'
    answer['access-control-max-age'] = String(MAX_AGE_SECONDS)
    const asked = headers['access-control-request-headers']
    if (asked !== undefined && HEADER_NAMES.test(asked)) answer['access-control-allow-headers'] = asked
    return answer
  }

  #isNamed(origin: string): boolean {
    if (this.#exact.has(origin)) return true
    return this.#patterns.some(
      ({ start, end }) =>
        origin.startsWith(start) &&
        origin.endsWith(end) &&
        WILD.test(origin.slice(start.length, Math.max(start.length, origin.length - end.length))),
    )
  }
}
