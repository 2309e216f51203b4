// An example: its recording, and the story that its replay tells.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Recording } from './recording.ts'
import { storyOf } from './story.ts'

const EXAMPLES = join(import.meta.dirname, '..')
const SEED = 1

/** The examples that have a recording. */
export function playable(): string[] {
  return readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, 'traffic.ts')))
}

/** The lines of the example's recording. */
export async function recordingOf(name: string): Promise<string> {
  const { traffic } = (await import(join(EXAMPLES, name, 'traffic.ts'))) as { traffic: (to: Recording) => void }
  const recording = new Recording(SEED)
  traffic(recording)
  return `${recording.lines.join('\n')}\n`
}

/** What the example tells. Throws with the replay's own words where it fails. */
export async function play(name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cohortd-example-'))
  try {
    const file = join(folder, 'traffic.jsonl')
    writeFileSync(file, await recordingOf(name))
    const cohortd = join(EXAMPLES, '../bin/cohortd.js')
    const args = [cohortd, 'replay', '--config', join(EXAMPLES, name, 'cohortd.yaml'), file]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 27 })
    if (status !== 0 || stderr !== '') throw new Error(`the replay of ${name} ended with ${status}: ${stderr}`)
    return storyOf(stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
