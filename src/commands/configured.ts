// Loads the configuration for a command; what is wrong with it goes to standard error, all of it.
import { type Loaded, loadSettings } from '../config/load.ts'
import { renderProblems } from '../config/problem.ts'
import type { Settings } from '../model/settings.ts'
import type { Terminal } from '../runtime/terminal.ts'

/** Flags that all commands with a configuration have. */
export const CONFIGURATION_FLAGS = { config: { type: 'string' }, set: { type: 'string', multiple: true } } as const

export interface ConfigurationFlags {
  readonly config?: string | undefined
  readonly set?: string[] | undefined
}

/** Everything that loading gives: settings are null where there are problems. */
export function load(flags: ConfigurationFlags): Loaded {
  return loadSettings({ configPath: flags.config, overrides: flags.set ?? [] })
}

/** The settings, or null after saying what is wrong. */
export function loadOrComplain(
  flags: ConfigurationFlags,
  terminal: Terminal,
): (Loaded & { settings: Settings }) | null {
  const loaded = load(flags)
  const { settings } = loaded
  if (settings !== null) return { ...loaded, settings }
  terminal.err(renderProblems(loaded.problems))
  return null
}
