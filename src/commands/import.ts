// `cohortd import`: an archive into the configured store. The whole file is checked before anything is written.
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { countsInWords } from '../archive/format.ts'
import { type ImportResult, importArchive } from '../archive/import.ts'
import { ArchiveError } from '../archive/lines.ts'
import { checkArchive } from '../archive/reader.ts'
import type { Settings } from '../model/settings.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { CONFIGURATION_FLAGS, loadOrComplain } from './configured.ts'
import { isToldPlainly, rareTelling, withStore } from './opened-store.ts'
import { EXIT, readFlags } from './usage.ts'

export const IMPORT_HELP = `cohortd import [--config FILE] [--set KEY=VALUE]... [--input FILE] [--experiment ID] [--add]
               [--dry-run]
cohortd import openslo FILE      another command: cohortd import openslo --help

Writes what \`cohortd export\` has written into the configured store. The whole file is checked first; doing it twice
changes nothing more. A daemon on a SQLite file must be stopped; replicas on Redis may run on.

  --config FILE    as for serve
  --set KEY=VALUE  as for serve
  --input FILE     where from; - is standard input, which is the default
  --experiment ID  only this one, with its events
  --add            where the store has counts of an experiment that the archive does not know, add the archive's to them.
                   Only where nothing is in both: not for a store that has gone on from this archive or an earlier one
  --dry-run        check the file and say what it holds; no store is opened
  --help           this text

Exit codes: 0 done, 1 failure (the message says what is in the store then), 2 bad configuration.
`

export async function importCommand(
  args: readonly string[],
  terminal: Terminal,
  stdin: Readable = process.stdin,
): Promise<number> {
  const flags = readFlags(args, {
    ...CONFIGURATION_FLAGS,
    experiment: { type: 'string' },
    input: { type: 'string', default: '-' },
    add: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  })
  const loaded = loadOrComplain(flags, terminal)
  if (loaded === null) return EXIT.badConfiguration
  try {
    return await withFile(flags.input, stdin, async (path) => {
      const holds = await checkArchive(path)
      const experiment = flags.experiment ?? null
      if (experiment !== null && !holds.experiments.includes(experiment))
        throw new ArchiveError(`the archive has no experiment ${experiment}; it has ${listed(holds.experiments)}`)
      if (flags['dry-run']) {
        terminal.out(
          `the archive is whole: ${countsInWords(holds.counts)}; experiments: ${listed(holds.experiments)}\n`,
        )
        return EXIT.ok
      }
      const of = experiment === null ? holds.experiments.length : 1
      const result = await importWith(loaded.settings, { path, experiment, add: flags.add, of, terminal })
      terminal.err(told(result))
      const { beside, forked } = result.experiments
      return beside.length + forked.length === 0 ? EXIT.ok : EXIT.failure
    })
  } catch (error) {
    if (!isToldPlainly(error)) throw error
    const where = error instanceof ArchiveError ? `${flags.input === '-' ? 'standard input' : flags.input}: ` : ''
    terminal.err(`${where}${error.message}\n`)
    return EXIT.failure
  }
}

async function importWith(
  settings: Settings,
  options: { path: string; experiment: string | null; add: boolean; of: number; terminal: Terminal },
): Promise<ImportResult> {
  const { path, experiment, add, of, terminal } = options
  const tell = rareTelling(terminal)
  return await withStore({ settings, terminal, create: true }, (store) =>
    importArchive({
      path,
      store,
      importer: `import-${randomUUID()}`,
      experiment,
      add,
      eventLimit: settings.eventLogLimit,
      nowMs: systemClock.now(),
      progress: (done) => tell(`imported ${done} of ${of} experiments`),
    }),
  )
}

/** Gives a file that can be read twice: standard input is put aside for the time being. */
async function withFile<Result>(
  input: string,
  stdin: Readable,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  if (input !== '-') return await work(input)
  const folder = await mkdtemp(join(tmpdir(), 'cohortd-import-'))
  try {
    const path = join(folder, 'archive.ndjson')
    await pipeline(stdin, createWriteStream(path, { mode: 0o600 }))
    return await work(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What became of everything, a line each. */
function told({ experiments, events, records }: ImportResult): string {
  const lines: readonly (readonly [number, string])[] = [
    [experiments.written.length, `experiments written: ${listed(experiments.written)}`],
    [experiments.known.length, `experiments that the store had already: ${listed(experiments.known)}`],
    [
      experiments.added.length,
      `experiments whose counts were added, while alerts and state stay those of the store: ${listed(experiments.added)}`,
    ],
    [
      experiments.beside.length,
      `NOT imported, since the store has counts of other writers: ${listed(experiments.beside)}; if none of the archive's are in them, import again with --add`,
    ],
    [
      experiments.forked.length,
      `NOT imported, since archive and store both went on after a common beginning, and the sum would count twice: ${listed(experiments.forked)}; import into an empty store`,
    ],
    [events.written, `events written: ${events.written}`],
    [events.known, `events left out, not newer than the newest of the store: ${events.known}`],
    [events.leftOut, `events left out, beyond events.keep or without an experiment to publish them: ${events.leftOut}`],
    [records.written, `records written: ${records.written}`],
    [records.known, `records that the store had already: ${records.known}`],
    [records.leftOut, `records left out, expired or deliveries that may have been made: ${records.leftOut}`],
  ]
  const said = lines.filter(([many]) => many > 0).map(([, line]) => `${line}\n`)
  return said.length === 0 ? 'the archive is empty\n' : said.join('')
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ')
}
