// One hash for all that decides what is counted: two daemons with the same hash judge alike.
import { createHash } from 'node:crypto'
import type { EngineSettings } from '../model/settings.ts'

/** `sha256:` and the hex digest of the settings as JSON with sorted keys, without the secret key; patterns stand as their source. */
export function fingerprint(settings: EngineSettings): string {
  const { unitKey: _, ...judging } = settings
  return `sha256:${createHash('sha256').update(JSON.stringify(judging, canonical)).digest('hex')}`
}

function canonical(_key: string, value: unknown): unknown {
  if (value instanceof RegExp) return { pattern: value.source, flags: value.flags }
  if (value instanceof Map) return Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1)))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries)
}
