// The published package: packed as npm would, installed without a network, and run from a directory of its own.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../bin/launch.js'

const run = promisify(execFile)
const directory = mkdtempSync(join(tmpdir(), 'cohortd-package-'))
const project = join(directory, 'a project')
const installed = join(project, 'node_modules', 'cohortd')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
// The Node.js of the tests first, so that npm's own commands use it too.
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` }

/** What the compiler says stands in the output, which the error alone would not show. */
async function pack(): Promise<void> {
  await run('npm', ['pack', '--pack-destination', directory], { cwd: ROOT, env }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}`, { cause: error })
  })
}

beforeAll(async () => {
  await pack()
  mkdirSync(join(installed, '..', '.bin'), { recursive: true })
  await run('tar', ['-xzf', join(directory, `cohortd-${manifest.version}.tgz`), '-C', directory])
  await run('mv', [join(directory, 'package'), installed])
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  }
  symlinkSync('../cohortd/bin/cohortd.js', join(project, 'node_modules', '.bin', 'cohortd'))
}, 120_000)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('it holds the compiled program, the command and the example configurations, and nothing else', () => {
  const entries = readdirSync(installed).filter((name) => name !== 'README.md')
  expect(entries.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'bin', 'config', 'dist', 'package.json'])
  expect(readdirSync(join(installed, 'bin')).sort()).toEqual(['cohortd.js', 'launch.js', 'relaunch.js'])
  const foreign = readdirSync(join(installed, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.js'))
    .map(({ name }) => name)
  expect(foreign).toEqual([])
})

test('npx cohortd --version tells the version of the package', async () => {
  const { stdout } = await run('npx', ['--no-install', 'cohortd', '--version'], { cwd: project, env })
  expect(stdout.trim()).toBe(manifest.version)
})

test('the daemon starts, threads and store included, and stops when asked', async () => {
  const command = join(project, 'node_modules', '.bin', 'cohortd')
  const settings = [
    'receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0',
    'receivers.otlp.protocols.http.endpoint=127.0.0.1:0',
    'api.endpoint=127.0.0.1:0',
    'store.path=./data/of the package.db',
  ]
  const args = ['serve', '--log-format', 'json', ...settings.flatMap((setting) => ['--set', setting])]
  const daemon = spawn(process.execPath, [command, ...args], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
  const messages: string[] = []
  for await (const line of createInterface({ input: daemon.stdout })) {
    messages.push(JSON.parse(line).msg)
    if (messages.at(-1) === 'ready') daemon.kill('SIGTERM')
  }
  const [code] = daemon.exitCode === null ? await once(daemon, 'exit') : [daemon.exitCode]
  expect(messages.filter((message) => message === 'listening')).toHaveLength(3)
  expect(code).toBe(0)
  expect(readdirSync(join(project, 'data'))).toEqual(['of the package.db', 'of the package.db-lock'])
})
