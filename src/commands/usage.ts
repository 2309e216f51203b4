// What all commands share: flags, exit codes, the error for a wrong call.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

export const EXIT = { ok: 0, failure: 1, badConfiguration: 2 } as const

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Flags by name. Throws UsageError on unknown ones and on arguments that belong to no flag. */
export function readFlags<Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  return readArguments(args, options, false).values
}

/** Flags and the arguments beside them. */
export function readFlagsAndArguments<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  return readArguments(args, options, true)
}

function readArguments<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  allowPositionals: boolean,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
