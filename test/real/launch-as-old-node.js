// Starts bin/run.js the way an old Node.js does, on a Node.js that is not old: launch-as-old-node.js FILE ARGUMENTS...
import { join } from 'node:path'
import { launch, ROOT } from '../../bin/launch.js'

launch({
  self: join(ROOT, 'bin', 'run.js'),
  program: process.argv[2],
  args: process.argv.slice(3),
  surroundings: {
    version: 'v20.0.0',
    execPath: '/an/old/node',
    platform: 'linux',
    arch: 'x64',
    findPackaged: () => ({ node: process.execPath, version: process.versions.node }),
  },
})
