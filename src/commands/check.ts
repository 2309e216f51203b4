// `cohortd check` and `cohortd schema`: the configuration, looked at without starting anything.
import { renderProblems, renderUnderstanding } from '../config/explain.ts'
import { jsonSchema } from '../config/json-schema.ts'
import { type CommandIo, load } from './configured.ts'
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

export function checkCommand(args: readonly string[], io: CommandIo): number {
  const flags = readFlags(args, { config: { type: 'string' }, set: { type: 'string', multiple: true } })
  const loaded = load({ configPath: flags.config, overrides: flags.set ?? [] })
  if (loaded.settings === null) {
    io.out(renderProblems(loaded.problems))
    return EXIT.badConfiguration
  }
  io.out(renderUnderstanding(loaded.settings, loaded))
  return EXIT.ok
}

export function schemaCommand(args: readonly string[], io: CommandIo): number {
  readFlags(args, {})
  io.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
  return EXIT.ok
}
