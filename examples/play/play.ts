// Makes an example's recording, replays it, and tells the story: `node bin/run.js examples/play/play.ts NAME`.
import { parseArgs } from 'node:util'
import { play, playable, recordingOf } from './example.ts'

const USAGE = `usage: node bin/run.js examples/play/play.ts NAME [--recording]
NAME is one of ${playable().join(', ')}; --recording prints its OTLP, for \`cohortd replay\`
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { recording: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})
const unknown = Object.keys(values).filter((name) => name !== 'recording' && name !== 'help')
const [name = ''] = positionals
if (values['help'] === true) process.stdout.write(USAGE)
else if (positionals.length === 1 && playable().includes(name) && unknown.length === 0)
  process.stdout.write(values['recording'] === true ? await recordingOf(name) : await play(name))
else {
  process.stderr.write(USAGE)
  process.exitCode = 2
}
