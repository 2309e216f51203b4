// Runs after `npm ci` in a checkout: keeps the stripped sources of the daemon, so that its first start is as fast and as
// small as the next ones. Nothing depends on it, so nothing of it can fail the installation.
import { join } from 'path'
import { fileURLToPath } from 'url'
import { launch, ROOT } from './launch.js'

process.on('unhandledRejection', () => process.exit(0))
process.on('exit', () => {
  process.exitCode = 0
})
process.stderr.write = process.stdout.write = () => true
launch({
  self: fileURLToPath(import.meta.url),
  program: join(ROOT, 'src', 'commands', 'prepare.ts'),
  args: [],
  asCommand: true,
})
