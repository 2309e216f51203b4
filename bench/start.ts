// From the start of node to ready with an empty store, and what the daemon takes when nothing happens.
import { sleep } from '../src/runtime/clock.ts'
import { DaemonProcess } from '../test/real/daemon-process.ts'
import { quantile } from './figures.ts'
import { cpuSeconds, residentMegabytes } from './process-cost.ts'

const STARTS = 5
const IDLE_SECONDS = 20

export async function run(): Promise<void> {
  const readyMs: number[] = []
  for (let start = 0; start < STARTS; start++) {
    const begun = performance.now()
    const daemon = await DaemonProcess.start()
    readyMs.push(performance.now() - begun)
    if (start < STARTS - 1) await daemon.stop()
    else await idle(daemon)
  }
  console.log(
    `ready: median ${quantile(readyMs, 0.5).toFixed(0)} ms after node starts, worst ${quantile(readyMs, 1).toFixed(0)} ms (goal <= 1000 ms)`,
  )
}

async function idle(daemon: DaemonProcess): Promise<void> {
  await sleep(3000)
  const before = cpuSeconds(daemon.pid)
  await sleep(IDLE_SECONDS * 1000)
  const share = (cpuSeconds(daemon.pid) - before) / IDLE_SECONDS
  console.log(
    `idle: ${residentMegabytes(daemon.pid).toFixed(0)} MB resident (goal <= 120 MB), ${(share * 100).toFixed(2)} % of a core (goal < 1 %)`,
  )
  await daemon.stop()
}

if (import.meta.main) await run()
