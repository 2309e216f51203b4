// Starts a launcher once more on another Node.js and stands in for it: signals go in, its end comes out.
import { spawn } from 'child_process'
import { constants } from 'os'
import { fail, INSTALL_NODE, LAUNCHED } from './launch.js'

const FORWARDED_SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])

/**
 * Runs `self` with this process's arguments and more flags on the given binary. The channel to it exists for one thing: it
 * closes when this process dies, however it dies.
 * @param {string} node
 * @param {readonly string[]} flags
 * @param {string} self
 * @returns {void}
 */
export function relaunch(node, flags, self) {
  const child = spawn(node, [...process.execArgv, ...flags, self, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [LAUNCHED]: '1' },
  })
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`${node} cannot be run: ${error.message}\nTo run cohortd, ${INSTALL_NODE}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code)
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded)
    process.exitCode = 128 + constants.signals[signal]
    process.kill(process.pid, signal)
  })
}
