// What another process of this machine has taken so far, as Linux tells it.
import { readFileSync } from 'node:fs'

/** Clock ticks in a second, as Linux counts CPU time. */
const TICKS = 100

/** User and system time since its start; to a hundredth. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Memory that it holds now, MiB. */
export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024
}
