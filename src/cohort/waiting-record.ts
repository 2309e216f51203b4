// The whole state of trace inheritance as journal records: replayed, they make an equal state.
import type { Observation } from '../model/observation.ts'
import type { InheritanceJournal } from './inheritance-journal.ts'
import { NONE } from './interner.ts'
import type { WaitingTraces } from './waiting-traces.ts'

/** Parked spans and last sights of traces, in the order of their time; `view` is overwritten. */
export function recordWaiting(waiting: WaitingTraces, view: Observation, journal: InheritanceJournal): void {
  const { parked, traces } = waiting
  let trace = traces.oldest
  for (let place = 0; place < parked.count; place++) {
    const sequence = parked.sequenceAt(place)
    const receivedMs = parked.receivedMs(sequence)
    for (; trace !== NONE && traces.lastMs(trace) < receivedMs; trace = traces.newer(trace)) recordSight(trace)
    recordParked(sequence, receivedMs)
  }
  for (; trace !== NONE; trace = traces.newer(trace)) recordSight(trace)

  function recordParked(sequence: number, receivedMs: number): void {
    const ofTrace = parked.trace(sequence)
    if (ofTrace === NONE) view.traceId.fill(0)
    else traces.readId(ofTrace, view.traceId)
    waiting.read(sequence, view)
    journal.setTrace(view.traceId, ofTrace === NONE ? null : waiting.tags(ofTrace), receivedMs)
    journal.park(view, parked.flags(sequence))
  }

  function recordSight(seen: number): void {
    traces.readId(seen, view.traceId)
    journal.setTrace(view.traceId, waiting.tags(seen), traces.lastMs(seen))
    journal.sight()
  }
}
