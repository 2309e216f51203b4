// Loads a configuration from a text, as if it stood in cohortd.yaml; touches no file and no environment.

import type { Loaded } from '../../src/config/load.ts'
import { loadSettings } from '../../src/config/load.ts'
import { renderProblems } from '../../src/config/problem.ts'
import type { Settings } from '../../src/model/settings.ts'
import type { SpanSli } from '../../src/model/slo.ts'

export interface TextOptions {
  readonly overrides?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export function loadText(text: string, { overrides = [], env = {} }: TextOptions = {}): Loaded {
  return loadSettings({ configPath: 'cohortd.yaml', overrides, env, cwd: '/nowhere', readFile: () => text })
}

export function problemsOf(text: string, options?: TextOptions): string[] {
  const { problems, settings } = loadText(text, options)
  if ((settings === null) !== problems.length > 0) throw new Error('settings and problems contradict each other')
  return problems.length === 0 ? [] : renderProblems(problems).trimEnd().split('\n')
}

/** The settings of a text that must load. */
export function settingsOf(text: string, options?: TextOptions): Settings {
  const { settings, problems } = loadText(text, options)
  if (settings === null) throw new Error(renderProblems(problems))
  return settings
}

/** The SLIs over spans among them. */
export function spanSlisOf({ engine }: Settings): SpanSli[] {
  return engine.slis.filter((sli) => sli.from === 'spans')
}
