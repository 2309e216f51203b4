// The files of the project as texts, for the rules that are checked on them.
import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from '../../bin/launch.js'

export interface SourceFile {
  /** From the project's root, with slashes: "src/engine/burn.ts". */
  readonly path: string
  readonly text: string
}

const NOT_OURS = ['node_modules', '.git', 'dist', 'data', 'coverage']

/** All files whose names end in one of the extensions, at the root and in every folder of the project. */
export function readSourceFiles(extensions: readonly string[]): SourceFile[] {
  const isWanted = (entry: Dirent): boolean =>
    entry.isFile() && extensions.some((extension) => entry.name.endsWith(extension))
  return readdirSync(ROOT, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.includes(name))
    .flatMap((top) =>
      top.isDirectory() ? readdirSync(join(ROOT, top.name), { recursive: true, withFileTypes: true }) : [top],
    )
    .filter(isWanted)
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'))
    .map((path) => ({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }))
}

/** The text without comments, every line still in its place. */
export function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/^\s*\/\/.*$/gm, '')
}
