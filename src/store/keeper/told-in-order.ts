// Publications of several experiments in the order in which their events are numbered, for a store that is written one after the other by
// one process: an event that came to it after a later one would be given another id, under which it would be told once more.
import { compareEventIds, type PublishedEvent } from '../../model/event.ts'
import type { PublicationDraft } from '../../model/partial.ts'

/** Cuts drafts where events of others come between theirs. State and alerts go with the last piece of their experiment. */
export function inOrder<Event extends PublishedEvent>(
  drafts: readonly PublicationDraft<Event>[],
): PublicationDraft<Event>[] {
  const entries = drafts
    .flatMap((draft) => draft.events.map((event) => ({ draft, event })))
    .sort((one, other) => compareEventIds(one.event.id, other.event.id))
  const pieces: { readonly draft: PublicationDraft<Event>; readonly events: Event[] }[] = []
  for (const { draft, event } of entries) {
    const last = pieces.at(-1)
    if (last?.draft === draft) last.events.push(event)
    else pieces.push({ draft, events: [event] })
  }
  for (const draft of drafts) if (draft.events.length === 0) pieces.push({ draft, events: [] })
  return pieces.map(({ draft, events }, at) =>
    pieces.findLastIndex((piece) => piece.draft === draft) === at
      ? { ...draft, events }
      : { experiment: draft.experiment, state: null, alerts: [], events },
  )
}
