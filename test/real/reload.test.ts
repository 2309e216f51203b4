// A running daemon reads its configuration again: on SIGHUP, and when the file has changed, however it was written.
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { watchFile } from '../../src/daemon/config-watch.ts'
import { sleep } from '../../src/runtime/clock.ts'
import { DaemonProcess } from './daemon-process.ts'
import { eventually, eventuallyHolds } from './eventually.ts'

/** Longer than a change of the file takes to be noticed. */
const NOTICED_MS = 1500

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'cohortd reload-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function config(attribute: string, more = ''): string {
  return `store: {type: memory}\ncohorts:\n  resource_variants:\n    - {experiment: canary, attribute: ${attribute}}\n${more}`
}

describe('a daemon', () => {
  let daemon: DaemonProcess
  let file = ''
  beforeEach(async () => {
    daemon = await DaemonProcess.start({ config: config('service.version'), dataDir: folder })
    file = path.join(folder, 'test-config.yaml')
  })
  afterEach(async () => {
    expect(await daemon.stop()).toBe(0)
  })

  function lines(msg: string): Record<string, unknown>[] {
    return daemon.logs.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['msg'] === msg)
  }

  async function outcomes(): Promise<Record<string, number>> {
    const metrics = await daemon.metrics()
    const names = ['applied', 'partly', 'unchanged', 'refused']
    return Object.fromEntries(
      names.map((outcome) => [outcome, metrics.sum('cohortd_config_reloads_total', { outcome })]),
    )
  }

  async function configHash(): Promise<unknown> {
    const { body } = await daemon.get('/api/v1/experiments/canary/variants/2.0/verdict')
    return (body as { config_hash?: unknown }).config_hash
  }

  test('goes on with changed rules as soon as the file is written', async () => {
    const before = await configHash()
    await writeFile(file, config('k8s.pod.label'))
    const [line] = await eventually('the reload', () => orNull(lines('configuration reloaded')))
    const now = await configHash()
    expect(now).not.toBe(before)
    expect(line).toMatchObject({ changed: ['cohorts.resource_variants'], configHash: now })
    expect(await outcomes()).toEqual({ applied: 1, partly: 0, unchanged: 0, refused: 0 })
  })

  test('reads it on SIGHUP, be there something new or not', async () => {
    process.kill(daemon.pid, 'SIGHUP')
    await eventually('the answer', () => orNull(lines('configuration read again: nothing has changed')))
    expect(await outcomes()).toEqual({ applied: 0, partly: 0, unchanged: 1, refused: 0 })
  })

  test('refuses a broken file, says where it is broken, and goes on', async () => {
    await writeFile(file, `${config('k8s.pod.label')}sloz: []\n`)
    process.kill(daemon.pid, 'SIGHUP')
    await eventually('the refusal', () => orNull(lines('configuration not reloaded: the running one stays in effect')))
    expect(lines('configuration problem')[0]).toMatchObject({
      place: `${file}:5:1`,
      key: 'sloz',
      suggestion: 'slos',
    })
    expect((await daemon.get('/readyz')).status).toBe(200)
    expect((await outcomes())['refused']).toBeGreaterThan(0)
    await writeFile(file, config('k8s.pod.label'))
    await eventually('the reload', () => orNull(lines('configuration reloaded')))
  })

  test('names what needs a restart, and takes over the rest', async () => {
    await writeFile(file, config('k8s.pod.label', 'shutdown_timeout: 7s\n'))
    await eventually('the warning', () => orNull(lines('a restart is needed for what else has changed')))
    expect(lines('a restart is needed for what else has changed')[0]).toMatchObject({ changed: ['shutdown_timeout'] })
    expect(lines('configuration reloaded')).toHaveLength(1)
    expect((await outcomes())['partly']).toBe(1)
  })
})

describe('the watch on a file', () => {
  let changes = 0
  let end = (): void => {}
  afterEach(() => end())

  function watchIt(file: string): void {
    changes = 0
    end = watchFile({ file, onChange: () => changes++, onFailure: (reason) => expect.unreachable(reason) })
  }

  test('tells a change once, whether it is written in place, in pieces, or by putting another file there', async () => {
    const file = path.join(folder, 'c.yaml')
    await writeFile(file, 'a')
    watchIt(file)
    await writeFile(file, 'b')
    await eventuallyHolds(() => expect(changes).toBe(1))
    for (const text of ['c', 'cd', 'cde']) await writeFile(file, text)
    await eventuallyHolds(() => expect(changes).toBe(2))
    await writeFile(path.join(folder, 'new'), 'f')
    await rename(path.join(folder, 'new'), file)
    await eventuallyHolds(() => expect(changes).toBe(3))
    await rm(file)
    await sleep(NOTICED_MS)
    await writeFile(file, 'g')
    await eventuallyHolds(() => expect(changes).toBe(4))
  })

  test('tells nothing where the text is as it was, or another file changes', async () => {
    const file = path.join(folder, 'c.yaml')
    await writeFile(file, 'a')
    watchIt(file)
    await writeFile(file, 'a')
    await writeFile(path.join(folder, 'other.yaml'), 'b')
    await sleep(NOTICED_MS)
    expect(changes).toBe(0)
  })

  test('follows the exchange of a whole directory behind links, as of a mounted ConfigMap', async () => {
    for (const [version, text] of [
      ['1', 'a'],
      ['2', 'b'],
    ] as const) {
      await mkdir(path.join(folder, version))
      await writeFile(path.join(folder, version, 'c.yaml'), text)
    }
    await symlink('1', path.join(folder, '..data'))
    await symlink(path.join('..data', 'c.yaml'), path.join(folder, 'c.yaml'))
    watchIt(path.join(folder, 'c.yaml'))
    await symlink('2', path.join(folder, '..data_tmp'))
    await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'))
    await eventuallyHolds(() => expect(changes).toBe(1))
  })

  test('that cannot be is told', () => {
    const reasons: string[] = []
    watchFile({
      file: path.join(folder, 'no', 'c.yaml'),
      onChange: () => {},
      onFailure: (reason) => reasons.push(reason),
    })()
    expect(reasons).toEqual([expect.stringContaining('ENOENT')])
  })
})

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list
}
