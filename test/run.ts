// What `npm test` runs: the fast tests, then those that start real processes and servers. Arguments go to vitest:
// `npm test -- test/otlp` runs what matches, `npm test -- --project fast` one of the two.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { ROOT } from '../bin/launch.js'

interface Outcome {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly exitCode: number
  readonly seconds: number
}

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const args = process.argv.slice(2)
const choosesProject = args.some((argument) => argument.startsWith('--project'))
const outcomes: Outcome[] = []
for (const project of choosesProject ? ['chosen'] : ['fast', 'real'])
  outcomes.push(await runVitest(project, choosesProject ? args : ['--project', project, ...args]))
process.exitCode = summarize(outcomes)

async function runVitest(name: string, vitestArgs: readonly string[]): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'cohortd-tests-'))
  const summary = join(directory, 'summary.json')
  const began = performance.now()
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${summary}`]
  const vitest = spawn(process.execPath, [VITEST, 'run', '--passWithNoTests', ...reporters, ...vitestArgs], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => vitest.kill(signal))
  const [code] = await once(vitest, 'exit')
  const seconds = (performance.now() - began) / 1000
  const counts = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : {}
  rmSync(directory, { recursive: true, force: true })
  return {
    name,
    passed: counts.numPassedTests ?? 0,
    failed: counts.numFailedTests ?? 0,
    exitCode: typeof code === 'number' ? code : 1,
    seconds,
  }
}

/** Prints the closing line; gives the exit code. */
function summarize(all: readonly Outcome[]): number {
  const passed = all.reduce((sum, outcome) => sum + outcome.passed, 0)
  const failed = all.reduce((sum, outcome) => sum + outcome.failed, 0)
  const broken = all.filter(({ exitCode, failed: some }) => exitCode !== 0 && some === 0)
  const times = all.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(', ')
  const parts = [`${passed} passed`, `${failed} failed`]
  if (broken.length > 0) parts.push(`errors beside the tests: ${broken.map(({ name }) => name).join(', ')}`)
  if (passed + failed === 0 && broken.length === 0) parts.push('no test matches')
  const good = passed > 0 && failed === 0 && broken.length === 0
  console.log(`\n${times}\n${good ? 'ok' : 'FAILED'}: ${parts.join(', ')}`)
  return good ? 0 : 1
}
