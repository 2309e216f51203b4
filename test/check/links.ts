// Links in the documentation that lead to files: every one must be there.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from '../../bin/launch.js'
import type { SourceFile } from '../architecture/source-files.ts'

/** Each link of the Markdown files whose file does not exist, as "path:line link". */
export function brokenLinks(files: readonly SourceFile[], exists = existsSync): string[] {
  return files.flatMap(({ path, text }) =>
    withoutCode(text)
      .split('\n')
      .flatMap((line, index) =>
        linksOf(line)
          .filter((link) => !exists(join(ROOT, dirname(path), link)))
          .map((link) => `${path}:${index + 1} links to ${link}, which does not exist`),
      ),
  )
}

/** Targets of inline links, images and definitions, without anchors; web addresses and anchors alone are left out. */
function linksOf(line: string): string[] {
  return [...line.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\s*\[[^\]]+\]:\s*(\S+)/g)]
    .map((match) => (match[1] ?? match[2]).replace(/#.*$/, ''))
    .filter((link) => link !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(link))
    .map(decodeURIComponent)
}

/** Blocks and spans of code hold no links; lines stay in their places. */
function withoutCode(text: string): string {
  return text
    .replaceAll(/^(```+|~~~+)[\s\S]*?^\1\s*$/gm, (block) => block.replaceAll(/[^\n]/g, ''))
    .replaceAll(/`[^`\n]*`/g, '')
}
