// The daemon's HTTP API as the command line needs it: where it is, and JSON from it, with errors that say what to do.

import type { ExperimentReport } from '../model/report.ts'

export const DEFAULT_API = 'http://127.0.0.1:9464'

const ANSWER_TIMEOUT_MS = 10_000
const MAX_QUOTED_CHARACTERS = 200

/** The daemon could not be asked, or gave no usable answer; the message says which and why. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status of the answer; null: there was none. */
  readonly status: number | null

  constructor(message: string, status: number | null = null, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** The API's address from what the user gave: with a scheme, without a slash at the end. Throws ApiError where it is no http(s) URL. */
export function apiBase(text: string): string {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.parse(withScheme)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw new ApiError(`${text} is no http URL`)
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

/** GET: the parsed JSON of a 200 answer; null for 404. Throws ApiError for anything else. */
export async function getJson(base: string, path: string, signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const response = await request(base, path, signal === undefined ? timeout : AbortSignal.any([timeout, signal]))
  const body = await response.text().catch((error: unknown) => {
    throw new ApiError(`${base}${path} broke off: ${reasonOf(error)}`)
  })
  if (response.status === 404) return null
  if (response.status !== 200) throw new ApiError(unexpected(base, path, response.status, body), response.status)
  try {
    return JSON.parse(body)
  } catch {
    throw new ApiError(`${base}${path} answered no JSON; is that the daemon's API address?`, response.status)
  }
}

/** The experiment's report; null where the daemon knows no such experiment. Throws ApiError. */
export async function readReport(
  api: string,
  experiment: string,
  signal?: AbortSignal,
): Promise<ExperimentReport | null> {
  const answer = await getJson(api, `/api/v1/experiments/${encodeURIComponent(experiment)}`, signal)
  if (answer === null) return null
  if (typeof answer !== 'object' || !('variants' in answer) || !Array.isArray(answer.variants))
    throw new ApiError(`${api} gave no report of ${experiment}; is that the daemon's API address?`)
  return answer as ExperimentReport
}

/** Any answer of the daemon, whatever its status. Throws ApiError where there is none. */
export async function request(
  base: string,
  path: string,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  try {
    return await fetch(base + path, { signal, headers })
  } catch (error) {
    throw new ApiError(`no daemon answers at ${base}: ${reasonOf(error)}`, null, { cause: error })
  }
}

/** The sentence for an answer that is of no use. */
export function unexpected(base: string, path: string, status: number, body: string): string {
  const quoted = body.trim().slice(0, MAX_QUOTED_CHARACTERS)
  return `${base}${path} answered ${status}${quoted === '' ? '' : `: ${quoted}`}`
}

/** What an error of fetch was really about: it hides that in its causes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause !== undefined) return reasonOf(error.cause)
  return 'code' in error && typeof error.code === 'string' && error.message === '' ? error.code : error.message
}
