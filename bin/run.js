// Runs a TypeScript file of the checkout on a Node.js that is new enough: node bin/run.js FILE ARGUMENTS...
import { resolve } from 'path'
import { fileURLToPath } from 'url'
import { launch } from './launch.js'

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: node bin/run.js FILE ARGUMENTS...\n')
  process.exitCode = 1
} else launch({ self: fileURLToPath(import.meta.url), program: resolve(file), args })
