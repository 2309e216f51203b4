// Waiting for what another process will do: real time, with a bound.
import { sleep, systemClock } from '../../src/runtime/clock.ts'

const POLL_MS = 50

/** Asks again and again until the probe gives something other than null; throws with `what` after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null> | T | null,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = systemClock.monotonic() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== null) return found
    if (systemClock.monotonic() > deadline) throw new Error(`after ${timeoutMs} ms: ${what} did not happen`)
    await sleep(POLL_MS)
  }
}

/** Runs the assertions until they hold; after `timeoutMs` they throw as they are. */
export async function eventuallyHolds(assertions: () => Promise<void> | void, timeoutMs = 10_000): Promise<void> {
  const deadline = systemClock.monotonic() + timeoutMs
  for (;;) {
    try {
      await assertions()
      return
    } catch (error) {
      if (systemClock.monotonic() > deadline) throw error
      await sleep(POLL_MS)
    }
  }
}
