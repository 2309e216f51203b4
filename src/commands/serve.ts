// `cohortd serve`: the daemon in the foreground, until it is told to stop.
import { isatty } from 'node:tty'
import type { Loaded } from '../config/load.ts'
import { watchFile } from '../daemon/config-watch.ts'
import { Daemon } from '../daemon.ts'
import { after, systemClock } from '../runtime/clock.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { type Log, type LogFormat, openLog } from '../telemetry/log.ts'
import { CONFIGURATION_FLAGS, type ConfigurationFlags, load, loadOrComplain } from './configured.ts'
import { EXIT, readFlags, UsageError } from './usage.ts'
import { packageVersion } from './version.ts'

export const SERVE_HELP = `cohortd serve [--config FILE] [--set KEY=VALUE]... [--record FILE] [--log-format json|text]

The daemon. Stops on SIGINT or SIGTERM after finishing what it accepted; a second signal ends it at once. Reads the
configuration again on SIGHUP and when the file has changed: cohorts.resource_variants takes effect at once, anything else
with the next start.

  --config FILE       the configuration (default: $COHORTD_CONFIG, else config/cohortd.yaml, else built-in defaults)
  --set KEY=VALUE     overrides one key, e.g. --set receivers.otlp.protocols.http.endpoint=127.0.0.1:0
  --record FILE       appends what is received to FILE, with times of receipt, for cohortd replay
  --log-format WHAT   json (default when the output is no terminal) or text
  --help              this text

Exit codes: 0 stopped, 1 failure, 2 bad configuration.
`

const SAME_SIGNAL_MS = 300
/** Signals and changes of the file that come together are one. */
const RELOAD_AFTER_MS = 100
const STANDARD_STREAMS = [0, 1, 2]
const STANDARD_OUTPUT = 1

export async function serveCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = readFlags(args, {
    ...CONFIGURATION_FLAGS,
    record: { type: 'string' },
    'log-format': { type: 'string' },
  })
  const loaded = loadOrComplain(flags, terminal)
  if (loaded === null) return EXIT.badConfiguration
  const { settings } = loaded
  const log = openLog({ format: logFormat(flags['log-format'], terminal), level: settings.logLevel })
  for (const sentence of sentences(loaded)) log.warn(sentence)
  const daemon = new Daemon({ settings, version: packageVersion(), log, recordPath: flags.record ?? null })
  const stopped = followSignals(daemon, log, reloading({ flags, loaded, daemon, log }))
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

/** Gives what reads the configuration again soon; the file's changes do so by themselves. */
function reloading(parts: { flags: ConfigurationFlags; loaded: Loaded; daemon: Daemon; log: Log }): () => void {
  const { flags, loaded, daemon, log } = parts
  const told = new Set(sentences(loaded))
  const reload = (): void => {
    const next = load(flags)
    daemon.reload(next)
    for (const sentence of sentences(next).filter((one) => !told.has(one))) {
      told.add(sentence)
      log.warn(sentence)
    }
  }
  let cancel = (): void => {}
  const soon = (): void => {
    cancel()
    cancel = after(RELOAD_AFTER_MS, reload)
  }
  const onFailure = (reason: string): void =>
    log.warn({ reason }, 'the configuration file is not watched; SIGHUP makes the daemon read it')
  if (loaded.file !== null) watchFile({ file: loaded.file, onChange: soon, onFailure })
  return soon
}

function sentences({ notes, settings }: Loaded): string[] {
  return [...notes, ...(settings?.inactive ?? [])]
}

/**
 * Resolves once the daemon has stopped in good order. A terminal and a service manager may give one signal twice, to the
 * launcher and to its group; only one that comes later means "at once".
 */
function followSignals(daemon: Daemon, log: Log, reload: () => void): Promise<void> {
  const terminals = STANDARD_STREAMS.filter((stream) => isatty(stream))
  return new Promise((resolve, reject) => {
    let firstMs: number | null = null
    const stop = (signal: NodeJS.Signals): void => {
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
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    process.on('SIGHUP', (signal) => {
      // A terminal that goes away sends it too, and takes its streams along.
      const isHungUp = terminals.length > 0 && !terminals.some((stream) => isatty(stream))
      if (!isHungUp) return reload()
      // Writing to it would fail, and end the process before its work is done.
      if (terminals.includes(STANDARD_OUTPUT)) log.level = 'silent'
      stop(signal)
    })
  })
}
