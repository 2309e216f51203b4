// Prometheus's own checker, as a program of the machine: found on the PATH or named by the variable PROMTOOL, and missed loudly.
import { spawnSync } from 'node:child_process'
import { ROOT } from '../../../bin/launch.js'

const PROMTOOL = process.env['PROMTOOL'] ?? 'promtool'

export interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

/** Runs promtool to its end, in the folder `cwd` (the repository, unless told) and with `input`, if any. Throws where it cannot be started. */
export function runPromtool(
  args: readonly string[],
  { cwd = ROOT, input }: { cwd?: string; input?: string } = {},
): Outcome {
  const { status, stdout, stderr, error } = spawnSync(PROMTOOL, args, {
    cwd,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  })
  if (error !== undefined)
    throw new Error(
      `${PROMTOOL} cannot be started (${error.message}): install it, e.g. apt-get install prometheus, or name it in PROMTOOL`,
    )
  return { status, stdout, stderr }
}
