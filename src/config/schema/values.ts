// The kinds of single values a configuration holds. Each reads what YAML gave and says in a phrase what it wanted.
import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'
import { formatSeconds, parseDurationMs } from '../../model/duration.ts'
import type { ListenAddress } from '../../model/settings.ts'
import { MAX_NAME_LENGTH, UNTAGGED } from '../../model/tag-names.ts'
import { parseSize } from '../size.ts'
import { nearest } from '../suggest.ts'

/** What a value should have been. */
export class Mistake {
  readonly expected: string
  readonly suggestion: string | null

  constructor(expected: string, suggestion: string | null = null) {
    this.expected = expected
    this.suggestion = suggestion
  }
}

type JsonSchemaFacts = Readonly<Record<string, unknown>>

/** A schema for one value; `facts` is what JSON Schema can say of it. Its issues have the expected phrase as message. */
export function value<T>(facts: JsonSchemaFacts, read: (raw: unknown) => T | Mistake) {
  return z
    .unknown()
    .transform((raw, context): T => {
      const result = read(raw)
      if (!(result instanceof Mistake)) return result
      const { expected, suggestion } = result
      context.issues.push({ code: 'custom', message: expected, params: { suggestion }, input: raw })
      return z.NEVER
    })
    .meta(facts)
}

const LONGEST_TEXT = 1000

/** Text that is not empty and holds no control characters. */
export function text(expected = 'text', longest = LONGEST_TEXT) {
  const facts = { type: 'string', minLength: 1, ...(longest === LONGEST_TEXT ? {} : { maxLength: longest }) }
  return value(facts, (raw) => {
    if (typeof raw === 'number' || typeof raw === 'boolean') return new Mistake(expected, JSON.stringify(String(raw)))
    if (typeof raw !== 'string') return new Mistake(expected)
    if (raw.trim() === '' || raw.length > longest) return new Mistake(`${expected} of 1 to ${longest} characters`)
    return /\p{Cc}/u.test(raw) ? new Mistake(`${expected} without control characters`) : raw
  })
}

/** The name of an experiment or a variant, as tags can carry it. */
export function tagName(expected = 'text') {
  return text(expected, MAX_NAME_LENGTH)
}

/** The name of an experiment, as tags can carry it. */
export function experimentName() {
  return tagName().refine((name) => name !== UNTAGGED, {
    error: `a name other than ${UNTAGGED}, which stands for traffic without an experiment`,
  })
}

/** One of the given words. */
export function oneOf<const T extends readonly string[]>(words: T) {
  return value<T[number]>({ enum: words }, (raw) => {
    if (typeof raw === 'string' && words.includes(raw)) return raw
    const expected = words.length === 1 ? words[0] : `one of ${words.join(', ')}`
    return new Mistake(expected, typeof raw === 'string' ? nearest(raw, words) : null)
  })
}

/** true or false. */
export function flag() {
  return value({ type: 'boolean' }, (raw) => (typeof raw === 'boolean' ? raw : new Mistake('true or false')))
}

export interface NumberBounds {
  readonly above?: number
  readonly below?: number
  readonly atLeast?: number
  readonly atMost?: number
}

/** A finite number within the bounds; `example` stands in the phrase. */
export function number(bounds: NumberBounds, example: string) {
  const facts = {
    type: 'number',
    ...(bounds.above === undefined ? {} : { exclusiveMinimum: bounds.above }),
    ...(bounds.below === undefined ? {} : { exclusiveMaximum: bounds.below }),
    ...(bounds.atLeast === undefined ? {} : { minimum: bounds.atLeast }),
    ...(bounds.atMost === undefined ? {} : { maximum: bounds.atMost }),
  }
  const expected = `a number ${boundsPhrase(bounds)}such as ${example}`
  return value(facts, (raw) => {
    if (typeof raw === 'number' && Number.isFinite(raw) && inBounds(raw, bounds)) return raw
    return new Mistake(expected, fraction(raw, bounds))
  })
}

/** 99.9 or "99.9%" where a number below 1 is wanted. */
function fraction(raw: unknown, bounds: NumberBounds): string | null {
  if (bounds.below !== 1) return null
  const percent = typeof raw === 'number' ? raw : typeof raw === 'string' ? Number.parseFloat(raw) : Number.NaN
  return percent > 1 && percent < 100 ? String(Number((percent / 100).toFixed(10))) : null
}

function inBounds(n: number, { above, below, atLeast, atMost }: NumberBounds): boolean {
  if ((above !== undefined && n <= above) || (below !== undefined && n >= below)) return false
  return (atLeast === undefined || n >= atLeast) && (atMost === undefined || n <= atMost)
}

function boundsPhrase({ above, below, atLeast, atMost }: NumberBounds): string {
  const phrases = [
    above === undefined ? '' : `above ${above}`,
    below === undefined ? '' : `below ${below}`,
    atLeast === undefined ? '' : `of at least ${atLeast}`,
    atMost === undefined ? '' : `of at most ${atMost}`,
  ].filter((phrase) => phrase !== '')
  return phrases.length === 0 ? '' : `${phrases.join(' and ')}, `
}

/** A whole number from `atLeast` on. */
export function count(atLeast: number, atMost = 10_000_000) {
  return value({ type: 'integer', minimum: atLeast, maximum: atMost }, (raw) => {
    const fits = typeof raw === 'number' && Number.isInteger(raw) && raw >= atLeast && raw <= atMost
    return fits ? raw : new Mistake(`a whole number from ${atLeast} to ${atMost}`)
  })
}

const DURATION_PATTERN = '^(0|([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+)$'
const DURATION_FACTS = {
  type: ['string', 'integer'],
  title: 'duration',
  pattern: DURATION_PATTERN,
  maximum: 0,
  minimum: 0,
}
const LONGEST_DURATION_MS = 366 * 86_400_000

/** A duration in milliseconds. */
export function duration(bounds: { atLeastMs?: number; atMostMs?: number } = {}) {
  const { atLeastMs = 0, atMostMs = LONGEST_DURATION_MS } = bounds
  const expected = atLeastMs > 0 ? `a duration of at least ${milliseconds(atLeastMs)}` : 'a duration'
  return value(DURATION_FACTS, (raw) => {
    const ms = durationMs(raw)
    if (ms === null) return new Mistake(`${expected}, such as "30s" or "5m"`, secondsMeant(raw))
    if (ms > atMostMs) return new Mistake(`a duration of at most ${milliseconds(atMostMs)}`)
    return ms < atLeastMs ? new Mistake(expected) : ms
  })
}

/** Milliseconds of what YAML gave, or null where that is no duration. 0 needs no unit. */
export function durationMs(raw: unknown): number | null {
  return raw === 0 ? 0 : typeof raw === 'string' ? parseDurationMs(raw.trim()) : null
}

/** "30" and 30 where a duration is wanted. */
function secondsMeant(raw: unknown): string | null {
  if (typeof raw !== 'number' && typeof raw !== 'string') return null
  return /^\d+$/.test(String(raw)) ? `"${raw}s"` : null
}

function milliseconds(ms: number): string {
  return ms % 1000 === 0 ? formatSeconds(ms / 1000) : `${ms}ms`
}

/** A window in seconds: whole minutes from 1m to 30d. */
export function window() {
  const facts = { type: 'string', title: 'window', pattern: DURATION_PATTERN }
  return value(facts, (raw) => {
    const ms = durationMs(raw)
    if (ms === null) return new Mistake('a window such as "5m", "1h" or "30d"', secondsMeant(raw))
    const fits = ms >= 60_000 && ms <= 30 * 86_400_000 && ms % 60_000 === 0
    return fits ? ms / 1000 : new Mistake('a window of whole minutes from 1m to 30d')
  })
}

/** A size in bytes: a whole number of them, or text with KiB, MiB or GiB. */
export function size() {
  const facts = {
    type: ['string', 'integer'],
    title: 'size',
    pattern: '^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)?$',
    minimum: 1,
  }
  return value(facts, (raw) => {
    const bytes = typeof raw === 'number' || typeof raw === 'string' ? parseSize(String(raw).trim()) : null
    if (bytes === null) return new Mistake('a size such as "64MiB" (B, KiB, MiB, GiB)', sizeMeant(raw))
    return bytes >= 1 && bytes <= 2 ** 40 ? bytes : new Mistake('a size from 1 byte to 1024GiB')
  })
}

/** "64MB" and "64 mib" where a binary unit is wanted. */
function sizeMeant(raw: unknown): string | null {
  const parts = typeof raw === 'string' ? /^(\d+(?:\.\d+)?)\s*([KMG])i?b?$/i.exec(raw.trim()) : null
  return parts === null ? null : `"${parts[1]}${parts[2].toUpperCase()}iB"`
}

/** Where to listen: `host:port`, IPv6 in brackets; port 0 is any free one. */
export function listenAddress() {
  const facts = { type: 'string', title: 'host:port', pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[^:/\\[\\]]+):[0-9]{1,5}$' }
  return value(facts, readListenAddress)
}

function readListenAddress(raw: unknown): ListenAddress | Mistake {
  const expected = 'host:port such as 127.0.0.1:4317 or "[::1]:4317"'
  if (typeof raw === 'number') return new Mistake(expected, `127.0.0.1:${raw}`)
  if (typeof raw !== 'string') return new Mistake(expected)
  const withoutScheme = /^[a-z]+:\/\/([^/]+)\/?$/.exec(raw)
  if (withoutScheme !== null) return new Mistake(`${expected}, without a scheme`, withoutScheme[1])
  if (/^:\d{1,5}$/.test(raw)) return new Mistake(`${expected}; every interface is 0.0.0.0${raw}`, `127.0.0.1${raw}`)
  const parts = /^(?:\[([^\]]+)\]|([^:/\s[\]]+)):(\d{1,5})$/.exec(raw)
  if (parts === null) return new Mistake(expected, bareIPv6(raw))
  const [, ipv6, name, portText] = parts
  const port = Number(portText)
  if (port > 65_535) return new Mistake('a port from 0 to 65535')
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { host: ipv6, port } : new Mistake('an IPv6 address in the brackets')
  const validName = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(name)
  const looksNumeric = /^[\d.]+$/.test(name)
  return validName && (!looksNumeric || isIPv4(name))
    ? { host: name, port }
    : new Mistake(`${expected}; this is no host`)
}

function bareIPv6(raw: string): string | null {
  const colon = raw.lastIndexOf(':')
  return colon > 0 && isIPv6(raw.slice(0, colon)) ? `"[${raw.slice(0, colon)}]:${raw.slice(colon + 1)}"` : null
}

/** A URL with one of the schemes; given back as written. A bare host:port gets `bareScheme`. */
export function url(schemes: readonly string[], bareScheme: string | null = null) {
  const expected = `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`
  return value({ type: 'string', title: 'URL' }, (raw) => {
    if (typeof raw !== 'string') return new Mistake(expected)
    const bare = /^[^\s/:]+:\d{1,5}$/.test(raw) || /^\[[^\]]+\]:\d{1,5}$/.test(raw)
    const full = bare && bareScheme !== null ? `${bareScheme}://${raw}` : raw
    const parsed = URL.canParse(full) ? new URL(full) : null
    if (parsed !== null && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hostname !== '')
      return parsed.pathname === '/' ? full.replace(/\/$/, '') : full
    return new Mistake(expected, bare ? `${schemes[0]}://${raw}` : null)
  })
}
