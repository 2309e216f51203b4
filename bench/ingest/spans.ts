// The whole path of spans, per second of the daemon's CPU: OTLP in, decoded, attributed or waiting, counted in slices.
// Typical spans (12 attributes, half of them tagged), every request different, sent over keep-alive connections.
import { DaemonProcess } from '../../test/real/daemon-process.ts'
import { thousands } from '../figures.ts'
import { cpuSeconds } from '../process-cost.ts'
import { makeBodies, shoot } from '../span-load.ts'

const WARM_UP_MS = 3000
const MEASURED_MS = 8000
const LOADS = [
  { name: '100 spans a request', spans: 100, gzip: false },
  { name: '512 spans a request', spans: 512, gzip: false },
  { name: '100 spans a request, gzip', spans: 100, gzip: true },
]

export async function run(): Promise<void> {
  for (const load of LOADS) {
    const args = ['--set', 'store.type=memory', '--set', 'receivers.otlp.retry_window=0s']
    const daemon = await DaemonProcess.start({ args })
    try {
      const bodies = makeBodies(load)
      await shoot(daemon, bodies, { gzip: load.gzip, forMs: WARM_UP_MS })
      const cpuBefore = cpuSeconds(daemon.pid)
      const begun = performance.now()
      const requests = await shoot(daemon, bodies, { gzip: load.gzip, forMs: MEASURED_MS })
      const wall = (performance.now() - begun) / 1000
      const cpu = cpuSeconds(daemon.pid) - cpuBefore
      const spans = requests * load.spans
      console.log(
        `ingest over HTTP: ${load.name.padEnd(26)} ${thousands(spans / cpu)} spans per CPU second ` +
          `(${thousands(spans / wall)} per second of wall time, the client on the same cores)`,
      )
    } finally {
      await daemon.stop()
    }
  }
}

if (import.meta.main) await run()
