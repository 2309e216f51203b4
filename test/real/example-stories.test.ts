// The examples that can be played tell the stories that are written beside them, and these agree with what their recordings hold.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../bin/launch.js'
import { play, playable, recordingOf } from '../../examples/play/example.ts'

interface Log {
  eventName: string
  attributes: { key: string; value: { stringValue?: string } }[]
}

/** Runs the command that the pages of the examples show. */
function playCommand(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ['bin/run.js', 'examples/play/play.ts', ...args]
  return spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 27 })
}

describe('examples', () => {
  it('are all there', () => {
    expect(playable()).toEqual([
      'caching',
      'ci-pipeline',
      'kubernetes-canary',
      'rate-limit',
      'rollback-rehearsal',
      'schema-migration',
      'serverless-cold-starts',
      'slis',
      'vm-family-swap',
    ])
  })

  it.each(playable())('%s tells its story', async (name) => {
    expect(await play(name)).toBe(readFileSync(join(ROOT, 'examples', name, 'story.txt'), 'utf8'))
  })

  it('tell of as many buyers and error logs as their recording holds', async () => {
    const logs = (await recordingOf('slis'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { resourceLogs?: { scopeLogs: { logRecords: Log[] }[] }[] })
      .flatMap(({ resourceLogs = [] }) => resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [])
    const story = await play('slis')
    for (const variant of ['control', 'treatment']) {
      const told = story.slice(story.indexOf(`  ${variant}:`))
      const of = (event: string, key: string) =>
        logs
          .filter(({ eventName }) => eventName === event)
          .map(({ attributes }) => attributes.find((attribute) => attribute.key === key)?.value.stringValue ?? '')
          .filter((value) => value.startsWith(variant))
      const buyers = new Set(of('purchase', 'user.id')).size
      expect(buyers).toBeGreaterThan(100)
      expect(of('purchase', 'user.id').length).toBeGreaterThan(buyers)
      expect(told).toContain(`conversion: ${buyers} good of 300`)
      expect(told).toContain(`quiet: ${300 - of('exception', 'experiment.variant').length} good of 300`)
    }
  })

  it('are played by the command that their pages show', async () => {
    const story = readFileSync(join(ROOT, 'examples/caching/story.txt'), 'utf8')
    expect(playCommand('caching')).toMatchObject({ status: 0, stdout: story, stderr: '' })
    expect(playCommand('caching', '--recording')).toMatchObject({ status: 0, stdout: await recordingOf('caching') })
    expect(readFileSync(join(ROOT, 'examples/caching/README.md'), 'utf8')).toContain(
      'node bin/run.js examples/play/play.ts caching',
    )
  })

  it.each([[[]], [['nothing']], [['caching', 'slis']], [['caching', '--recoding']]])(
    'are named where the command is given %j',
    (args) => {
      const { status, stdout, stderr } = playCommand(...args)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      for (const name of playable()) expect(stderr).toContain(name)
    },
  )
})
