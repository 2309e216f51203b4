// The launcher as a process: whichever Node.js starts it, the program behind it looks the same from outside.
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../bin/launch.js'

const RUN = join(ROOT, 'bin', 'run.js')
const directory = mkdtempSync(join(tmpdir(), 'cohortd launcher – '))
const PROGRAM = join(directory, 'a program.ts')

// Tells its arguments and signals; ends by itself, by a code, or by a signal, as it is told.
writeFileSync(
  PROGRAM,
  `const [task, ...rest]: string[] = process.argv.slice(2)
  if (task === 'tell') console.log(JSON.stringify({ rest, version: process.versions.node, marks: Object.keys(process.env).filter((name) => name.startsWith('COHORTD_LAUNCH')) }))
  if (task === 'exit') process.exitCode = Number(rest[0])
  if (task === 'die') process.kill(process.pid, rest[0])
  if (task === 'throw') throw new Error('thrown by the program')
  if (task === 'wait') {
    const timer = setInterval(() => {}, 1000)
    let signals = 0
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        console.log(signal)
        if (++signals === 2) { clearInterval(timer); process.exitCode = 42 }
      })
    console.log(process.pid)
  }
  `,
)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** An installed Node.js that is too old to run the program itself, if this machine has one and npm's beside it. */
function findOldNode(): string | null {
  if (!existsSync(join(ROOT, 'node_modules', `node-${process.platform}-${process.arch}`))) return null
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']) {
    const node = join(folder, 'node')
    if (!existsSync(node)) continue
    const [major, minor] = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .split('.')
      .map(Number)
    if (major >= 14 && (major < 24 || (major === 24 && minor < 12))) return node
  }
  return null
}

const oldNode = findOldNode()
const ways: readonly (readonly [string, string, string])[] = [
  ['a Node.js that is new enough', process.execPath, RUN],
  ['a Node.js that takes itself for an old one', process.execPath, join(import.meta.dirname, 'launch-as-old-node.js')],
  ...(oldNode === null ? [] : [['an old Node.js', oldNode, RUN] as const]),
]

type Launched = ChildProcessByStdio<null, Readable, Readable>

async function ended(
  child: Launched,
): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  const [out, err, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, signal, out, err }
}

function packageAt(name: string, contents: Record<string, string>): string {
  const root = join(directory, name)
  mkdirSync(root)
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

interface CommandWays {
  readonly node?: string
  readonly flags?: readonly string[]
  readonly nodeOptions?: string
}

async function outcome(
  root: string,
  { node = process.execPath, flags = [], nodeOptions = '' }: CommandWays = {},
): Promise<{ pid: number | undefined; code: number; out: string; err: string }> {
  const child = spawn(node, [...flags, join(root, 'bin', 'cohortd.js'), 'an argument'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: nodeOptions },
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { pid: child.pid, code, out: out.trim(), err }
}

describe.each(ways)('started on %s', (_, node, launcher) => {
  function start(...args: string[]): Launched {
    return spawn(node, [launcher, PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  }

  test('the program gets its arguments as they were given, and no trace of the launcher', async () => {
    const args = ['two words', "it's", '"quoted"', '', '--flag=$HOME', 'größe']
    const { out, code } = await ended(start('tell', ...args))
    const { rest, version, marks } = JSON.parse(out)
    expect(rest).toEqual(args)
    expect(Number.parseInt(version, 10)).toBeGreaterThanOrEqual(24)
    expect(marks).toEqual([])
    expect(code).toBe(0)
  })

  test.each([0, 1, 2, 10, 20, 30])('exit code %d comes through', async (expected) => {
    expect((await ended(start('exit', String(expected)))).code).toBe(expected)
  })

  test.each(['SIGTERM', 'SIGKILL'])('a program that dies of %s looks so', async (expected) => {
    expect((await ended(start('die', expected))).signal).toBe(expected)
  })

  test('an error that the program throws is shown, with exit code 1', async () => {
    const { code, err } = await ended(start('throw'))
    expect(code).toBe(1)
    expect(err).toContain('thrown by the program')
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s reaches the program, and so does a second one',
    async (signal) => {
      const child = start('wait')
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      await lines.next()
      child.kill(signal)
      expect((await lines.next()).value).toBe(signal)
      child.kill(signal)
      expect((await lines.next()).value).toBe(signal)
      const [code] = await once(child, 'exit')
      expect(code).toBe(42)
    },
  )

  test('kill -9 of the launcher takes the program along', async () => {
    const child = start('wait')
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    await lines.next()
    child.kill('SIGKILL')
    // The pipe ends when the last process that can write to it is gone.
    expect((await lines.next()).done).toBe(true)
  })
})

describe('the command', () => {
  const SOURCE = 'const kind: string = "source"; console.log(kind, process.argv[2])'
  const COMPILED = 'console.log("compiled", process.argv[2])'

  test('runs the sources in a checkout, whose path may have spaces, even beside an old build', async () => {
    const root = packageAt('a checkout', { 'src/main.ts': SOURCE, 'dist/main.js': COMPILED })
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
    const expected = { code: 0, out: 'source an argument', err: '' }
    expect(await outcome(root)).toMatchObject(expected)
    if (oldNode !== null) expect(await outcome(root, { node: oldNode })).toMatchObject(expected)
  })

  test('runs the compiled program where there are no sources', async () => {
    const root = packageAt('a package', { 'dist/main.js': COMPILED })
    expect(await outcome(root)).toMatchObject({ code: 0, out: 'compiled an argument', err: '' })
  })

  describe('runs with a young generation that is small', () => {
    const TELL =
      'console.log(JSON.stringify({ flags: process.execArgv, args: process.argv.slice(2), pid: process.pid }))'
    const root = packageAt('a package that tells', { 'dist/main.js': TELL })
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))

    async function told(ways?: CommandWays): Promise<{ flags: string[]; args: string[]; isSameProcess: boolean }> {
      const { pid, out, err } = await outcome(root, ways)
      expect(err).toBe('')
      const { flags, args, pid: itsPid } = JSON.parse(out)
      return { flags, args, isSameProcess: pid === itsPid }
    }

    test('in the process that was started', async () => {
      const asItIs = { flags: ['--max-semi-space-size=16'], args: ['an argument'], isSameProcess: true }
      expect(await told()).toEqual(asItIs)
    })

    test('beside the flags that were given', async () => {
      const flags = ['--no-deprecation']
      expect((await told({ flags })).flags).toEqual(['--no-deprecation', '--max-semi-space-size=16'])
    })

    test.each([{ flags: ['--max-semi-space-size=64'] }, { flags: ['--max_semi_space_size=64'] }])(
      'unless $flags says otherwise',
      async (ways) => {
        expect((await told(ways)).flags).toEqual(ways.flags)
      },
    )

    test('unless NODE_OPTIONS says otherwise', async () => {
      expect((await told({ nodeOptions: '--max-semi-space-size=64' })).flags).toEqual([])
    })

    test('but as it is where Node.js may start no process', async () => {
      const flags = ['--permission', '--allow-fs-read=*']
      expect(await told({ flags })).toEqual({ flags, args: ['an argument'], isSameProcess: true })
    })

    test.each(oldNode === null ? [] : [oldNode])('on the packaged Node.js too, started by %s', async (node) => {
      expect((await told({ node })).flags).toEqual(['--max-semi-space-size=16'])
    })
  })

  test('asks for npm ci in a checkout without node_modules', async () => {
    const root = packageAt('bare', { 'src/main.ts': SOURCE })
    const { code, err } = await outcome(root)
    expect(code).toBe(1)
    expect(err).toContain(`npm ci (in ${root})`)
  })
})
