// Loads the configuration for a command; what is wrong with it goes to standard error, all of it.
import { readFileSync } from 'node:fs'
import { loadSettings } from '../config/load.ts'
import { renderProblems } from '../config/explain.ts'
import { environment } from '../config/environment.ts'
import type { Settings } from '../model/settings.ts'
import type { Terminal } from '../runtime/terminal.ts'

export type CommandIo = Terminal

export interface ConfigurationFlags {
  readonly configPath: string | undefined
  readonly overrides: readonly string[]
}

/** Everything that loading gives: settings are null where there are problems. */
export function load(flags: ConfigurationFlags) {
  return loadSettings({
    ...(flags.configPath === undefined ? {} : { configPath: flags.configPath }),
    overrides: [...flags.overrides],
    env: environment(),
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
  })
}

/** The settings, or null after saying what is wrong. */
export function loadOrComplain(flags: ConfigurationFlags, io: CommandIo): Settings | null {
  const loaded = load(flags)
  if (loaded.problems.length > 0) io.err(renderProblems(loaded.problems))
  for (const note of loaded.problems.length > 0 ? [] : loaded.notes) io.err(`${note}\n`)
  return loaded.settings
}
