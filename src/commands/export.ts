// `cohortd export`: all state as an archive, to a file that is whole or not there, or to standard output.
import { once } from 'node:events'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { exportArchive } from '../archive/export.ts'
import { type ArchiveCounts, countsInWords } from '../archive/format.ts'
import type { Settings } from '../model/settings.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { CONFIGURATION_FLAGS, loadOrComplain } from './configured.ts'
import { isToldPlainly, rareTelling, withStore } from './opened-store.ts'
import { EXIT, readFlags } from './usage.ts'
import { packageVersion } from './version.ts'

export const EXPORT_HELP = `cohortd export [--config FILE] [--set KEY=VALUE]... [--experiment ID] [--output FILE]

Writes everything that the store keeps as lines of JSON: a backup, the way to another store, the archive of an experiment.
A daemon on a SQLite file must be stopped; replicas on Redis may run on.

  --config FILE    as for serve
  --set KEY=VALUE  as for serve
  --experiment ID  only this one, with its events
  --output FILE    where to; - is standard output, which is the default
  --help           this text

Exit codes: 0 done, 1 failure (the file is not there then), 2 bad configuration.
`

const GATHERED_LENGTH = 1 << 20

export async function exportCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = readFlags(args, {
    ...CONFIGURATION_FLAGS,
    experiment: { type: 'string' },
    output: { type: 'string', default: '-' },
  })
  const loaded = loadOrComplain(flags, terminal)
  if (loaded === null) return EXIT.badConfiguration
  try {
    const counts = await exportTo(flags.output, (write) =>
      exportWith(loaded.settings, { experiment: flags.experiment ?? null, terminal, write }),
    )
    terminal.err(`exported ${countsInWords(counts)}\n`)
    return EXIT.ok
  } catch (error) {
    if (!isToldPlainly(error)) throw error
    terminal.err(`${error.message}\n`)
    return EXIT.failure
  }
}

type Write = (line: string) => Promise<void>

async function exportWith(
  settings: Settings,
  { experiment, terminal, write }: { experiment: string | null; terminal: Terminal; write: Write },
): Promise<ArchiveCounts> {
  const tell = rareTelling(terminal)
  return await withStore({ settings, terminal, create: false }, (store) =>
    exportArchive({
      store,
      experiment,
      version: packageVersion(),
      nowMs: systemClock.now(),
      write,
      progress: (done, of) => tell(`exported ${done} of ${of} experiments`),
    }),
  )
}

async function exportTo<Result>(output: string, work: (write: Write) => Promise<Result>): Promise<Result> {
  return output === '-' ? await work(writeOut) : await exportToFile(output, work)
}

/** Writes beside the file and takes its place at the end, so that an earlier backup is never replaced by half a one. */
async function exportToFile<Result>(path: string, work: (write: Write) => Promise<Result>): Promise<Result> {
  const unfinished = `${path}.${process.pid}.unfinished`
  const file = await open(unfinished, 'wx', 0o600)
  try {
    const writes = new GatheredWrites(file)
    const result = await work((line) => writes.write(line))
    await writes.end()
    await file.close()
    await rename(unfinished, path)
    return result
  } catch (error) {
    await file.close().catch(() => {})
    await rm(unfinished, { force: true })
    throw error
  }
}

/** Many lines in one write. */
class GatheredWrites {
  readonly #file: FileHandle
  #lines: string[] = []
  #length = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  async write(line: string): Promise<void> {
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= GATHERED_LENGTH) await this.#flush()
  }

  /** All of it is on disk. */
  async end(): Promise<void> {
    await this.#flush()
    await this.#file.sync()
  }

  async #flush(): Promise<void> {
    await this.#file.writeFile(this.#lines.join(''))
    this.#lines = []
    this.#length = 0
  }
}

async function writeOut(line: string): Promise<void> {
  if (!process.stdout.write(line)) await once(process.stdout, 'drain')
}
