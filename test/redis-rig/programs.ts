// The programs of Redis, or of a server like it: the variable REDIS_SERVER names another one, such as valkey-server, whose command line tool
// is then taken from beside it. Says what to install where one is missing.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import { guardProcess } from './guard.ts'

const SERVER = process.env['REDIS_SERVER'] ?? 'redis-server'
const CLI = SERVER.replace(/server([^/]*)$/, 'cli$1')
const REMEDY = 'install redis-server and redis-sentinel, e.g. apt-get install redis-server redis-sentinel'
const KEPT_LINES = 40

/** A server that runs, and the last lines of what it said. */
export interface RunningProgram {
  readonly child: ChildProcess
  readonly lastLines: readonly string[]
}

/** Resolves when one of its lines has `readyText`; throws with what it said where it ends instead. */
export async function startServerProgram(args: readonly string[], readyText: string): Promise<RunningProgram> {
  const child = spawn(SERVER, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  guardProcess(child)
  const lastLines: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(missing(SERVER, error)))
    child.once('exit', (code, signal) => {
      reject(new Error(`${SERVER} ended with ${code ?? signal}:\n${lastLines.join('\n')}`))
    })
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => {
        lastLines.push(...text.trimEnd().split('\n'))
        lastLines.splice(0, lastLines.length - KEPT_LINES)
        if (text.includes(readyText)) resolve()
      })
  })
  keepAlive(child, false)
  return { child, lastLines }
}

/** Whether our process must go on for as long as the server runs. */
export function keepAlive(child: ChildProcess, yes: boolean): void {
  for (const handle of [child, child.stdout as Socket | null, child.stderr as Socket | null])
    if (yes) handle?.ref()
    else handle?.unref()
}

/** Runs the command line tool; gives what it printed. Throws where the server answers with an error. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(CLI, ['-e', ...args], {
      env: { ...process.env, ...env },
      maxBuffer: 64 * 2 ** 20,
    })
    return stdout.trimEnd()
  } catch (error) {
    const { code, stdout, stderr } = error as NodeJS.ErrnoException & { stdout?: string; stderr?: string }
    if (code === 'ENOENT') throw missing(CLI, error as Error)
    throw new Error(`${CLI} ${args.join(' ')}: ${`${stdout ?? ''}${stderr ?? ''}`.trim()}`, { cause: error })
  }
}

function missing(program: string, cause: NodeJS.ErrnoException): Error {
  return new Error(`${program} cannot be started (${cause.message}): ${REMEDY}`, { cause })
}
