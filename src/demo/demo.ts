// `cohortd demo`: its arguments.
import { parseArgs } from 'node:util'
import { parseDurationMs } from '../model/duration.ts'
import { processTerminal, type Surroundings } from '../runtime/terminal.ts'
import { DEFAULT_API } from '../watch/api.ts'
import { DEFAULT_DURATION_SECONDS, DEFAULT_OTLP, runDemo } from './demonstration.ts'

const SHORTEST_MS = 10_000
const LONGEST_MS = 3_600_000

export const DEMO_HELP = `cohortd demo [--api URL] [--otlp URL] [--duration TIME]

Sends a live experiment to a running daemon, or to one that it starts for the purpose. After a while the experiment's
treatment gets worse, and the alert and the verdict appear. Exits with 0 when the alert has arrived, else with 1.

  --api URL        the daemon's API (default ${DEFAULT_API})
  --otlp URL       its OTLP/gRPC endpoint (default ${DEFAULT_OTLP})
  --duration TIME  how long, 10s to 1h (default ${DEFAULT_DURATION_SECONDS}s)
  --help           this text
`

/** Runs the command with its arguments and gives its exit code. */
export async function demoCommand(args: readonly string[], surroundings: Surroundings = {}): Promise<number> {
  const { terminal = processTerminal } = surroundings
  let values: { api?: string; otlp?: string; duration?: string; help?: boolean }
  try {
    const string = { type: 'string' } as const
    const options = { api: string, otlp: string, duration: string, help: { type: 'boolean' } as const }
    ;({ values } = parseArgs({ args: [...args], options }))
  } catch (error) {
    terminal.err(`${(error as Error).message}; see cohortd demo --help\n`)
    return 1
  }
  if (values.help === true) {
    terminal.out(DEMO_HELP)
    return 0
  }
  const durationMs = parseDurationMs(values.duration ?? `${DEFAULT_DURATION_SECONDS}s`)
  if (durationMs === null || durationMs < SHORTEST_MS || durationMs > LONGEST_MS) {
    terminal.err(`--duration ${values.duration}: a time between 10s and 1h, such as 45s\n`)
    return 1
  }
  return runDemo({
    ...surroundings,
    durationSeconds: Math.round(durationMs / 1000),
    ...(values.api === undefined ? {} : { api: values.api }),
    ...(values.otlp === undefined ? {} : { otlpEndpoint: values.otlp }),
  })
}
