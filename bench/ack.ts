// What durable acknowledgement costs: the same load on the same SQLite store, acknowledged in memory and durably by turns.
// Sixteen senders that wait for their answer, as SDKs do; every request is new, so none is taken for a retry.
import { DaemonProcess } from '../test/real/daemon-process.ts'
import { quantile, thousands } from './figures.ts'
import { makeBodies, shoot } from './span-load.ts'

const CONNECTIONS = 16
const WARM_UP_MS = 2000
const MEASURED_MS = 4000
const ROUNDS = 3
const MODES = ['memory', 'durable'] as const

export async function run(): Promise<void> {
  for (const spans of [100, 512]) {
    const rates = { memory: [] as number[], durable: [] as number[] }
    for (let round = 0; round < ROUNDS; round++)
      for (const mode of MODES) rates[mode].push(await spansPerSecond(mode, spans))
    const [memory, durable] = MODES.map((mode) => quantile(rates[mode], 0.5))
    console.log(
      `ack, ${spans} spans a request, ${CONNECTIONS} senders: memory ${thousands(memory)} spans/s, durable ${thousands(durable)} spans/s ` +
        `(${((100 * durable) / memory).toFixed(0)} % of it; medians of ${ROUNDS} runs by turns, the client on the same cores)`,
    )
  }
}

async function spansPerSecond(mode: (typeof MODES)[number], spans: number): Promise<number> {
  const daemon = await DaemonProcess.start({ args: ['--set', `ack=${mode}`] })
  try {
    const bodies = makeBodies({ spans, gzip: false })
    const options = { gzip: false, connections: CONNECTIONS, unique: true }
    await shoot(daemon, bodies, { ...options, forMs: WARM_UP_MS })
    const begun = performance.now()
    const requests = await shoot(daemon, bodies, { ...options, forMs: MEASURED_MS })
    return (requests * spans * 1000) / (performance.now() - begun)
  } finally {
    await daemon.stop()
  }
}

if (import.meta.main) await run()
