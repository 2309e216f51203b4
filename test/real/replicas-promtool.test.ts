// The Prometheus examples as Prometheus reads them, and what their recording rules make of three replicas, where promtool is installed.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../../bin/launch.js'

const CONFIGS = ['deploy/prometheus/prometheus.yml', 'deploy/prometheus/prometheus-replicas.yml']
const RULE_TESTS = 'test/real/promtool/replicas.yml'
const promtool = findOnPath('promtool')

test('the examples are there', () => {
  for (const path of [...CONFIGS, RULE_TESTS]) expect(existsSync(join(ROOT, path)), path).toBe(true)
})

if (promtool !== null)
  describe('promtool', () => {
    test.each(CONFIGS)('finds nothing wrong with %s and its rules', (path) => {
      expect(outcomeOf(promtool, ['check', 'config', path])).toMatchObject({ status: 0, stderr: '' })
    })

    test('gets from the rules for replicas what their tests say', () => {
      expect(outcomeOf(promtool, ['test', 'rules', RULE_TESTS])).toMatchObject({ status: 0 })
    })
  })

function outcomeOf(
  program: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' })
  return { status, stdout, stderr }
}

function findOnPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return null
}
