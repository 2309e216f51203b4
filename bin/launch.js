// Runs a program of this package on a Node.js that is new enough: the running one, or the one that npm brought along.
// Plain JavaScript of the old kind, since it must also run, or fail with a clear message, on an old Node.js.
import { existsSync, readFileSync } from 'fs'
import module, { createRequire } from 'module'
import { dirname, join } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const NEEDED = [24, 12]
/** Set in the environment of a launcher that was started by another one. */
export const LAUNCHED = 'COHORTD_LAUNCHED'
export const INSTALL_NODE = 'install Node.js 24 (https://nodejs.org/en/download) and put it first in PATH.'
/** V8's young generation stays at 3 x 16 MB: docs/decisions/0028-a-small-young-generation.md. */
const FLAGS = ['--max-semi-space-size=16']
/** The checkout, or the installed package. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * @typedef {{ node: string, version: string }} Packaged Path and version of a Node.js binary brought by npm.
 * @typedef {{ kind: 'running' } | { kind: 'packaged', node: string } | { kind: 'missing', message: string }} Runtime
 * @typedef {{ version: string, execPath: string, platform: string, arch: string, findPackaged: (name: string) => Packaged | null }} Surroundings
 */

/**
 * Which Node.js to use, or in words what is missing and how to get it.
 * @param {Surroundings} surroundings
 * @returns {Runtime}
 */
export function chooseRuntime({ version, execPath, platform, arch, findPackaged }) {
  if (isNewEnough(version)) return { kind: 'running' }
  const found = `cohortd needs Node.js ${NEEDED.join('.')} or newer; this is ${version} (${execPath}).`
  const name = `node-${platform}-${arch}`
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64'))
    return {
      kind: 'missing',
      message: `${found}\nnpm brings one along only on Linux (x64, arm64), not on ${platform} ${arch}.\nTo run it, ${INSTALL_NODE}`,
    }
  const packaged = findPackaged(name)
  if (packaged !== null && isNewEnough(packaged.version)) return { kind: 'packaged', node: packaged.node }
  const state = packaged === null ? 'is not installed' : `is installed in version ${packaged.version}, which is too old`
  return {
    kind: 'missing',
    message: `${found}\nThe npm package ${name}, which brings one along, ${state}.\nInstall it with: npm ci (in the checkout), or npm install (where cohortd is a dependency), without --omit=optional.\nOr ${INSTALL_NODE}`,
  }
}

/**
 * Runs `program` in this process, or this launcher once more on the packaged Node.js. Signals, exit code and arguments
 * pass through. `self` is the file that was started; `args` are those of the program; `asCommand`: with the flags of Node.js
 * that the daemon runs best with, and with its compile cache, which V8 keeps for each choice of flags apart.
 * @param {{ self: string, program: string, args: readonly string[], asCommand?: boolean, surroundings?: Surroundings }} task
 * @returns {void}
 */
export function launch({ self, program, args, asCommand = false, surroundings = ownSurroundings() }) {
  const flags = asCommand ? notGiven(FLAGS) : []
  const runtime = chooseRuntime(surroundings)
  if (runtime.kind === 'missing') fail(runtime.message)
  else if (isCheckout() && !existsSync(join(ROOT, 'node_modules')))
    fail(`cohortd's dependencies are not installed.\nInstall them with: npm ci (in ${ROOT})`)
  else if (runtime.kind === 'packaged')
    void import('./relaunch.js').then(({ relaunch }) => relaunch(runtime.node, flags, self))
  else {
    restartWith(flags, self)
    dieWithLauncher()
    if (asCommand && isCheckout()) useCompileCache()
    process.argv = [process.argv[0], program, ...args]
    void import(pathToFileURL(program).href)
  }
}

/**
 * The sources in a checkout, the compiled program in a published package (Node.js runs no TypeScript under node_modules).
 * @returns {string}
 */
export function mainProgram() {
  return isCheckout() ? join(ROOT, 'src', 'main.ts') : join(ROOT, 'dist', 'main.js')
}

function isCheckout() {
  return existsSync(join(ROOT, 'src', 'main.ts'))
}

/** @param {string} version */
function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** @returns {Surroundings} */
function ownSurroundings() {
  const { version, execPath, platform, arch } = process
  return { version, execPath, platform, arch, findPackaged }
}

/**
 * Looks where an import from this package would: beside it, then upwards.
 * @param {string} name
 * @returns {Packaged | null}
 */
function findPackaged(name) {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    return { node: join(dirname(manifest), 'bin', 'node'), version: JSON.parse(readFileSync(manifest, 'utf8')).version }
  } catch {
    return null
  }
}

/**
 * Sources whose types were stripped once are kept, and with them the stripper stays out of memory: measured 700 ms and 116 MB
 * to load the daemon without, 190 ms and 87 MB with. The variable is for its threads, which look at nothing else.
 */
function useCompileCache() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return
  const directory = join(ROOT, 'node_modules', '.cache', 'cohortd')
  process.env.NODE_COMPILE_CACHE = directory
  module.enableCompileCache(directory)
}

/**
 * Those of which whoever started this process has set nothing.
 * @param {readonly string[]} flags
 */
function notGiven(flags) {
  const given = [...process.execArgv, process.env.NODE_OPTIONS || ''].join(' ').replace(/_/g, '-')
  return flags.filter((flag) => !given.includes(flag.split('=')[0]))
}

/**
 * Starts this very process anew with more flags, where the platform can do so: Node.js reads them at no other time.
 * @param {readonly string[]} flags
 * @param {string} self
 */
function restartWith(flags, self) {
  const mayStart = process.permission === undefined || process.permission.has('child')
  // The channel of a parent that talks to this process would not live on.
  if (flags.length === 0 || process.connected || process.execve === undefined || !mayStart) return
  process.execve(process.execPath, [process.argv0, ...process.execArgv, ...flags, self, ...process.argv.slice(2)])
}

function die() {
  process.kill(process.pid, 'SIGKILL')
}

/** A launcher that is killed outright must not leave its program behind, holding ports and files. */
function dieWithLauncher() {
  if (process.env[LAUNCHED] === undefined) return
  delete process.env[LAUNCHED]
  if (!process.connected) die()
  process.on('disconnect', die)
  if (process.channel) process.channel.unref()
}

/**
 * @param {string} message
 * @returns {void}
 */
export function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
