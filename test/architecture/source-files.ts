// The files of the project as texts, for the rules that are checked on them.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from '../../bin/launch.js'

export interface SourceFile {
  /** From the project's root, with slashes: "src/engine/burn.ts". */
  readonly path: string
  readonly text: string
}

/** All files under the folders whose names end in one of the extensions. */
export function readSourceFiles(folders: readonly string[], extensions: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && extensions.some((extension) => entry.name.endsWith(extension)))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('node_modules'))
      .map((path) => ({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') })),
  )
}

/** The text without comments, every line still in its place. */
export function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/^\s*\/\/.*$/gm, '')
}
