// The version, as package.json beside the sources (or beside dist/) says it.
import { createRequire } from 'node:module'

export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  return version
}
