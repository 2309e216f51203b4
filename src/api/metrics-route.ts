// GET /metrics: streams the page, gzipped where asked, so that neither a large page nor a slow scraper costs memory.
import { pipeline, Readable } from 'node:stream'
import { constants, createGzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { after } from '../runtime/clock.ts'
import { ProblemError } from './problem.ts'
import type { ApiObserver, ApiSource } from './source.ts'

/** Scrapes at once; every one of them walks over all series. */
const MAX_SCRAPES = 8
/** A scraper that has not read its page by then is cut off: it would hold its place for ever. */
const SCRAPE_TIMEOUT_MS = 60_000
/** The code of the error with which a stream ends whose reader has gone. */
const GIVEN_UP = 'ERR_STREAM_PREMATURE_CLOSE'

export class MetricsRoute {
  readonly #source: Pick<ApiSource, 'metrics'>
  readonly #observer: Pick<ApiObserver, 'failed'>
  #running = 0

  readonly #timeoutMs: number

  constructor(
    source: Pick<ApiSource, 'metrics'>,
    observer: Pick<ApiObserver, 'failed'>,
    timeoutMs: number = SCRAPE_TIMEOUT_MS,
  ) {
    this.#source = source
    this.#observer = observer
    this.#timeoutMs = timeoutMs
  }

  answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (this.#running >= MAX_SCRAPES) throw new ProblemError(503, 'Too many scrapes at once.', { 'retry-after': '1' })
    const { contentType, chunks } = this.#source.metrics(request.headers.accept)
    reply.header('content-type', contentType).header('vary', 'Accept, Accept-Encoding')
    const zipped = acceptsGzip(request.headers['accept-encoding'])
    if (zipped) reply.header('content-encoding', 'gzip')
    if (request.method === 'HEAD') return reply.send()
    this.#running++
    const page = Readable.from(chunks, { objectMode: false, highWaterMark: 1 })
    const cancel = after(this.#timeoutMs, () => reply.raw.destroy())
    page.once('close', () => {
      cancel()
      this.#running--
    })
    // Before the head is sent, the failure becomes an answer and is told where those are.
    page.once('error', (error: NodeJS.ErrnoException) => {
      if (reply.raw.headersSent && error.code !== GIVEN_UP) this.#observer.failed(error, '/metrics')
    })
    return reply.send(zipped ? pipeline(page, createGzip({ level: constants.Z_BEST_SPEED }), () => {}) : page)
  }
}

/** Whether an Accept-Encoding header allows gzip: named, or by "*", and not with q=0. RFC 9110, section 12.5.3. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  let any = false
  for (const coding of String(header ?? '').split(',')) {
    const [name, ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase())
    const allowed = !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    if (name === 'gzip' || name === 'x-gzip') return allowed
    if (name === '*') any = allowed
  }
  return any
}
