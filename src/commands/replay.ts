// `cohortd replay`: recordings through the daemon's engine, on the data's own clock.
import { once } from 'node:events'
import { parseDurationMs } from '../model/duration.ts'
import { UnreadableFile } from '../replay/lines.ts'
import { replay } from '../replay/replay.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { CONFIGURATION_FLAGS, loadOrComplain } from './configured.ts'
import { EXIT, readFlagsAndArguments, UsageError } from './usage.ts'

export const REPLAY_HELP = `cohortd replay [--config FILE] [--set KEY=VALUE]... [--after TIME] FILE...

Runs recorded OTLP (a JSON export request a line) through the daemon's engine. Prints each event as a line of JSON, and
the final report as the last line. Several files are merged by time.

  --config FILE   as for serve
  --set KEY=VALUE as for serve
  --after TIME    let the clock go on for this long after the last line (default 1s), e.g. 10m
  --help          this text

Exit codes: 0 done (lines that cannot be decoded are named on standard error), 1 unreadable file, 2 bad configuration.
`

const DEFAULT_AFTER = '1s'
/** So that two replays of one recording tell the same. */
const UNIT_KEY = 'replay'

export async function replayCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = readFlagsAndArguments(args, {
    ...CONFIGURATION_FLAGS,
    after: { type: 'string', default: DEFAULT_AFTER },
  })
  if (positionals.length === 0) throw new UsageError('name at least one file to replay')
  const afterMs = parseDurationMs(values.after)
  if (afterMs === null) throw new UsageError(`--after is a time like 10m, not ${values.after}`)
  const loaded = loadOrComplain(values, terminal)
  if (loaded === null) return EXIT.badConfiguration
  const { engine } = loaded.settings
  try {
    await replay({
      settings: { ...engine, unitKey: engine.unitKey || UNIT_KEY },
      files: positionals,
      afterMs,
      write: writeLine,
      complain: (message) => terminal.err(`${message}\n`),
    })
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    terminal.err(`${error.message}\n`)
    return EXIT.failure
  }
}

async function writeLine(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}
