// What `npm run check` runs: types, lint, format, the rules of the house, the reference pages, links. Every step runs,
// whatever the others say. `npm run check -- --write` formats and makes the reference pages anew.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { ROOT } from '../bin/launch.js'
import { readSourceFiles } from './architecture/source-files.ts'
import { brokenLinks } from './check/links.ts'
import { referenceProblems } from './check/reference.ts'

interface Step {
  readonly name: string
  /** Gives what is wrong; empty: nothing. */
  readonly run: () => string | Promise<string>
}

const { values: options } = parseArgs({ options: { write: { type: 'boolean', default: false } } })

const steps: readonly Step[] = [
  { name: 'types', run: () => tool('tsc', '-p', '.') },
  { name: 'lint', run: () => tool('oxlint', '--type-aware', 'src', 'test', 'bench', 'bin') },
  { name: 'format', run: () => tool('biome', 'check', ...(options.write ? ['--write'] : [])) },
  {
    name: 'rules of the house',
    run: () => tool('vitest', 'run', '--project', 'fast', '--reporter', 'dot', 'test/architecture.test.ts'),
  },
  { name: 'reference pages', run: async () => (await referenceProblems({ write: options.write })).join('\n') },
  { name: 'links', run: () => brokenLinks(readSourceFiles(['.md'])).join('\n') },
]

const failed: string[] = []
for (const step of steps) {
  const began = performance.now()
  const problems = await attempt(step)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (problems === '') console.log(`ok      ${step.name} (${seconds} s)`)
  else {
    failed.push(step.name)
    console.log(`FAILED  ${step.name} (${seconds} s)\n${problems.replaceAll(/^/gm, '        ')}`)
  }
}
console.log(failed.length === 0 ? '\nok: all checks passed' : `\nFAILED: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function attempt(step: Step): Promise<string> {
  try {
    return await step.run()
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/** Runs a tool of node_modules; gives what it printed if it failed. */
function tool(name: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(join(ROOT, 'node_modules', '.bin', name), args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', PATH: `${join(process.execPath, '..')}:${process.env.PATH ?? ''}` },
  })
  if (status === 0) return ''
  return `${stdout ?? ''}${stderr ?? ''}`.trim() || `${name} failed: ${error?.message ?? `exit code ${status}`}`
}
