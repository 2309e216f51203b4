// From the start of node to ready with an empty store, and what the daemon takes when nothing happens.
import { readFileSync } from 'node:fs'
import { sleep } from '../src/runtime/clock.ts'
import { DaemonProcess } from '../test/real/daemon-process.ts'
import { quantile } from './figures.ts'

const STARTS = 5
const IDLE_SECONDS = 20
/** Clock ticks in a second, as Linux counts CPU time. */
const TICKS = 100

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
  const before = cpuTicks(daemon.pid)
  await sleep(IDLE_SECONDS * 1000)
  const share = (cpuTicks(daemon.pid) - before) / TICKS / IDLE_SECONDS
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8')
  const residentKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
  console.log(
    `idle: ${(residentKb / 1024).toFixed(0)} MB resident (goal <= 120 MB), ${(share * 100).toFixed(2)} % of a core (goal < 1 %)`,
  )
  await daemon.stop()
}

/** User and system time of a process. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(fields[11]) + Number(fields[12])
}

if (import.meta.main) await run()
