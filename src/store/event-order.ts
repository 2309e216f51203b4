// The order of events in a store: each id greater than all before it, whoever published it. Pure, so that the Redis store's script
// can do the same (src/store/redis): the rule is
//   an event whose id is not greater than the newest one stored gets the newest one's tick and its number + 1 (see model/event.ts),
//   and the same id as `id` in its JSON.
import { compareEventIds, isEventId, type PublishedEvent } from '../model/event.ts'
import { StoreError } from './port.ts'

/** The events as they are to be stored after `newestId` (null: there is none yet), oldest first. */
export function inOrderAfter(newestId: string | null, events: readonly PublishedEvent[]): PublishedEvent[] {
  let newest = newestId
  return events.map((event) => {
    const placed = newest === null || compareEventIds(event.id, newest) > 0 ? event : renumbered(event, nextId(newest))
    newest = placed.id
    return { id: placed.id, json: placed.json }
  })
}

/** The first id after this one. */
export function nextId(id: string): string {
  const dash = id.indexOf('-')
  return `${id.slice(0, dash)}-${Number(id.slice(dash + 1)) + 1}`
}

/** Throws StoreError for a text that is none. */
export function mustBeEventId(id: string): void {
  if (!isEventId(id)) throw new StoreError(`"${id}" is not the id of an event`)
}

/** The id is written in the JSON of an event before anything that a user can name, so its first place is the right one. */
function renumbered({ id, json }: PublishedEvent, to: string): PublishedEvent {
  return { id: to, json: json.replace(`"id":"${id}"`, () => `"id":"${to}"`) }
}
