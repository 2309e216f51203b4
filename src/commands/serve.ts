// `cohortd serve`: the daemon in the foreground, until it is told to stop.
import { Daemon } from '../daemon.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { type Log, type LogFormat, openLog } from '../telemetry/log.ts'
import { CONFIGURATION_FLAGS, loadOrComplain } from './configured.ts'
import { EXIT, readFlags, UsageError } from './usage.ts'
import { packageVersion } from './version.ts'

export const SERVE_HELP = `cohortd serve [--config FILE] [--set KEY=VALUE]... [--record FILE] [--log-format json|text]

The daemon. Stops on SIGINT or SIGTERM after finishing what it accepted; a second signal ends it at once.

  --config FILE       the configuration (default: $COHORTD_CONFIG, else config/cohortd.yaml, else built-in defaults)
  --set KEY=VALUE     overrides one key, e.g. --set receivers.otlp.protocols.http.endpoint=127.0.0.1:0
  --record FILE       appends what is received to FILE, with times of receipt, for cohortd replay
  --log-format WHAT   json (default when the output is no terminal) or text
  --help              this text

Exit codes: 0 stopped, 1 failure, 2 bad configuration.
`

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SAME_SIGNAL_MS = 300

export async function serveCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = readFlags(args, {
    ...CONFIGURATION_FLAGS,
    record: { type: 'string' },
    'log-format': { type: 'string' },
  })
  const loaded = loadOrComplain(flags, terminal)
  if (loaded === null) return EXIT.badConfiguration
  const { settings, notes } = loaded
  const log = openLog({ format: logFormat(flags['log-format'], terminal), level: settings.logLevel })
  for (const sentence of [...notes, ...settings.inactive]) log.warn(sentence)
  const daemon = new Daemon({ settings, version: packageVersion(), log, recordPath: flags.record ?? null })
  const stopped = stopOnSignal(daemon, log)
  try {
    for (const one of await daemon.start()) log.info({ ...one }, 'listening')
    await Promise.race([daemon.loaded, stopped])
    log.info('ready')
  } catch (error) {
    log.error((error as Error).message)
    return EXIT.failure
  }
  await stopped
  return EXIT.ok
}

function logFormat(asked: string | undefined, terminal: Terminal): LogFormat {
  if (asked === undefined) return terminal.interactive ? 'text' : 'json'
  if (asked !== 'json' && asked !== 'text') throw new UsageError(`--log-format is json or text, not ${asked}`)
  return asked
}

/**
 * Resolves once the daemon has stopped in good order. A terminal and a service manager may give one signal twice, to the
 * launcher and to its group; only one that comes later means "at once".
 */
function stopOnSignal(daemon: Daemon, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    let firstMs: number | null = null
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = systemClock.monotonic()
      if (firstMs === null) {
        firstMs = nowMs
        log.info({ signal }, 'stopping')
        daemon.stop().then(() => {
          log.info('stopped')
          resolve()
        }, reject)
      } else if (nowMs - firstMs > SAME_SIGNAL_MS) {
        log.warn({ signal }, 'second signal: ended at once')
        process.exit(EXIT.failure)
      }
    }
    for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  })
}
