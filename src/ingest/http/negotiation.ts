// What an HTTP request asks for, from its line and headers alone: signal, encoding, codec, length; or why it is refused.
import type { IncomingHttpHeaders } from 'node:http'
import { type ExportRequest, SIGNALS, type Signal } from '../../model/signal.ts'
import { ACCEPTED_CODECS, type Codec, codecOf } from '../compression.ts'
import { type RequestRefusal, refuse } from '../refusal.ts'

const SIGNAL_OF_PATH: ReadonlyMap<string, Signal> = new Map(SIGNALS.map((signal) => [`/v1/${signal}`, signal]))

/** The signal that a request target names; null for an unknown path. */
export function signalOfTarget(target: string): Signal | null {
  const signal = SIGNAL_OF_PATH.get(target)
  if (signal !== undefined) return signal
  const query = target.indexOf('?')
  return query < 0 ? null : (SIGNAL_OF_PATH.get(target.slice(0, query)) ?? null)
}

const ENCODING_OF_MEDIA: ReadonlyMap<string, ExportRequest['encoding']> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
])

/** The encoding that a Content-Type names, parameters and case aside; null for any other. */
export function encodingOfMedia(contentType: string | undefined): ExportRequest['encoding'] | null {
  if (contentType === undefined) return null
  const exact = ENCODING_OF_MEDIA.get(contentType)
  if (exact !== undefined) return exact
  const parameters = contentType.indexOf(';')
  const media = parameters < 0 ? contentType : contentType.slice(0, parameters)
  return ENCODING_OF_MEDIA.get(media.trim().toLowerCase()) ?? null
}

export const MEDIA_OF_ENCODING: Readonly<Record<ExportRequest['encoding'], string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

/** How the body of an export request is to be read. */
export interface BodyTerms {
  readonly encoding: ExportRequest['encoding']
  readonly codec: Codec
}

/** The terms that the headers set, or the refusal they earn. */
export function bodyTerms(headers: IncomingHttpHeaders): BodyTerms | RequestRefusal {
  const encoding = encodingOfMedia(headers['content-type'])
  if (encoding === null) {
    const given =
      headers['content-type'] === undefined ? 'no Content-Type' : `Content-Type ${shown(headers['content-type'])}`
    return refuse('unsupported_media', `${given}: OTLP/HTTP takes application/x-protobuf and application/json`)
  }
  const codec = codecOf(headers['content-encoding'])
  if (codec === null) {
    const given = shown(headers['content-encoding'] ?? '')
    return refuse('unsupported_encoding', `Content-Encoding ${given} is not taken; taken are ${ACCEPTED_CODECS}`)
  }
  return { encoding, codec }
}

export function isRefusal(terms: BodyTerms | RequestRefusal): terms is RequestRefusal {
  return 'kind' in terms
}

/** Length of the body; null for a chunked one. Node's parser has made sure that it is a number and stands alone. */
export function contentLength(headers: IncomingHttpHeaders): number | null {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  return headers['transfer-encoding'] === undefined ? 0 : null
}

/** What a client sent, short enough to be sent back. */
export function shown(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 99).toWellFormed()}…`
}
