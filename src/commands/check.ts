// `cohortd check` and `cohortd schema`: the configuration, looked at without starting anything.
import { renderUnderstanding } from '../config/explain.ts'
import { jsonSchema } from '../config/json-schema.ts'
import { renderProblems } from '../config/problem.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { CONFIGURATION_FLAGS, load } from './configured.ts'
import { EXIT, readFlags } from './usage.ts'

export const CHECK_HELP = `cohortd check [--config FILE] [--set KEY=VALUE]...

Validates the configuration. Prints every problem with its place, or what was understood.

  --config FILE    as for serve
  --set KEY=VALUE  as for serve
  --help           this text

Exit codes: 0 fine, 2 problems.
`

export const SCHEMA_HELP = `cohortd schema

Prints the JSON Schema of the configuration, for editors:
  # yaml-language-server: $schema=cohortd.schema.json
`

export function checkCommand(args: readonly string[], terminal: Terminal): number {
  const loaded = load(readFlags(args, CONFIGURATION_FLAGS))
  if (loaded.settings === null) {
    terminal.out(renderProblems(loaded.problems))
    return EXIT.badConfiguration
  }
  terminal.out(renderUnderstanding(loaded))
  return EXIT.ok
}

export function schemaCommand(args: readonly string[], terminal: Terminal): number {
  readFlags(args, {})
  terminal.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
  return EXIT.ok
}
