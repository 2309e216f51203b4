// Calls back just after every whole second of the clock, which is when the engine ticks.
import { after, type Clock } from './clock.ts'

/** Beyond the second, since timers may fire up to a millisecond early. */
const MARGIN_MS = 2

/** Begins to call `onSecond`; the returned function ends it. A call that takes long delays the next, none is made twice. */
export function everySecond(clock: Clock, onSecond: () => void): () => void {
  let cancel = (): void => {}
  const schedule = (): void => {
    cancel = after(1000 - (clock.now() % 1000) + MARGIN_MS, () => {
      schedule()
      onSecond()
    })
  }
  schedule()
  return () => cancel()
}
