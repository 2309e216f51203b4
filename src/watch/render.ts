// One event as one line for people; an event of a kind unknown here still shows what every CloudEvent has.
import type { BurnEventData, BurnWindow, CohortEvent } from '../model/event.ts'

const LABELS: Readonly<Record<string, string>> = {
  'cohortd.burn.firing': 'FIRING',
  'cohortd.burn.escalated': 'ESCALATED',
  'cohortd.burn.updated': 'updated',
  'cohortd.burn.resolved': 'resolved',
  'cohortd.experiment.discovered': 'discovered',
  'cohortd.stream.resync': 'RESYNC',
}
const LABEL_WIDTH = 10
const MAX_FIELD_CHARACTERS = 80

/** The line (without its end) for an event's JSON; text that is no event is shown as it is. */
export function renderEvent(json: string): string {
  const event = parseEvent(json)
  if (event === null) return `${'?'.padEnd(LABEL_WIDTH)}  ${printable(json)}`
  const label = (LABELS[event.type] ?? event.type.replace(/^cohortd\./, '')).padEnd(LABEL_WIDTH)
  const parts = [clockTime(event.time), label, printable(event.subject ?? '')]
  if (event.type.startsWith('cohortd.burn.')) parts.push(...burnParts(event.data as Partial<BurnEventData>))
  else parts.push(...plainParts(event))
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd()
}

type SeenEvent = Pick<CohortEvent, 'type' | 'data'> & Partial<CohortEvent>

/** The event of a JSON text, or null where that is none. */
export function parseEvent(json: string): SeenEvent | null {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') return null
    const data = 'data' in value && typeof value.data === 'object' && value.data !== null ? value.data : {}
    return { ...(value as SeenEvent), data }
  } catch {
    return null
  }
}

function burnParts(data: Partial<BurnEventData>): string[] {
  const windows = [data.long, data.short].filter((window) => window !== undefined)
  return [
    [data.severity ?? '', data.slo ?? ''].join(' ').trim(),
    windows.length === 0 ? '' : `burn ${windows.map(burnText).join(', ')} (rule: ${data.factor}x)`,
    data.long === undefined ? '' : `${count(data.long.bad)} bad of ${count(data.long.events)}`,
    data.gate === 'rollback' ? 'gates rollback' : '',
    data.shared === true ? 'shared with the control' : '',
    data.reason === undefined ? '' : data.reason.replaceAll('_', ' '),
    typeof data.runbook_url === 'string' ? printable(data.runbook_url) : '',
  ]
}

function burnText(window: BurnWindow): string {
  return `${window.window} ${window.burn_rate === null ? 'no data' : `${count(window.burn_rate)}x`}`
}

function plainParts(event: SeenEvent): string[] {
  if (event.type === 'cohortd.stream.resync')
    return ['events were missed: the log no longer reaches back to the last one seen']
  return Object.entries(event.data as Record<string, unknown>)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${printable(key)}=${printable(String(value))}`)
}

/** At most one decimal, none for whole numbers. */
function count(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1)
}

function clockTime(time: string | undefined): string {
  const match = /T(\d\d:\d\d:\d\d)/.exec(time ?? '')
  return match === null ? '' : match[1]
}

/** Attribute values come from outside: no control characters reach the terminal, and no field fills the screen. */
export function printable(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD')
  return clean.length <= MAX_FIELD_CHARACTERS ? clean : `${clean.slice(0, MAX_FIELD_CHARACTERS - 1)}…`
}
