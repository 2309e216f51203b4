// `cohortd import openslo`: OpenSLO v1 documents as a cohortd configuration on standard output; what cannot be said there on standard error.
import { readFileSync } from 'node:fs'
import { importOpenslo, type OpensloImport } from '../migration/openslo.ts'
import type { Remark } from '../migration/source-tree.ts'
import type { Terminal } from '../runtime/terminal.ts'
import { EXIT, readFlagsAndArguments, UsageError } from './usage.ts'

export const IMPORT_OPENSLO_HELP = `cohortd import openslo FILE

Writes a configuration made of the OpenSLO v1 documents in FILE to standard output: SLIs, SLOs and burn-rate policies.
Every field that was not carried over, or not as it is, is listed on standard error with its place and the reason.

  --help           this text

Exit codes: 0 done, 1 a file that cannot be read or is no OpenSLO v1, 2 a wrong call.
`

const WORDS: Readonly<Record<Remark['kind'], string>> = {
  left_out: 'not carried over: ',
  changed: 'changed: ',
  look: '',
  refused: '',
}

export function importOpensloCommand(args: readonly string[], terminal: Terminal): number {
  const called = fileIn(args)
  if ('wrong' in called) {
    terminal.err(`${called.wrong}\n\n${IMPORT_OPENSLO_HELP}`)
    return EXIT.badConfiguration
  }
  const { path } = called
  const text = readOrComplain(path, terminal)
  if (text === null) return EXIT.failure
  const result = importOpenslo(text, path)
  terminal.err(result.remarks.map((remark) => `${told(remark, path)}\n`).join(''))
  if (result.kind === 'refused') return EXIT.failure
  terminal.out(result.configuration)
  terminal.err(`${summary(result)}\n`)
  return EXIT.ok
}

function fileIn(args: readonly string[]): { readonly path: string } | { readonly wrong: string } {
  try {
    const { positionals } = readFlagsAndArguments(args, {})
    return positionals.length === 1 ? { path: positionals[0] } : { wrong: 'one FILE is needed' }
  } catch (error) {
    if (error instanceof UsageError) return { wrong: error.message }
    throw error
  }
}

function readOrComplain(path: string, terminal: Terminal): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    terminal.err(`${(error as Error).message}\n`)
    return null
  }
}

function told({ line, column, path, kind, why }: Remark, file: string): string {
  const text = `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${WORDS[kind]}${why}`
  return text.replaceAll(/\p{Cc}/gu, ' ')
}

function summary({ counts, remarks }: Extract<OpensloImport, { kind: 'translated' }>): string {
  const { slis, slos, policies } = counts
  const many = (kind: Remark['kind']): number => remarks.filter((remark) => remark.kind === kind).length
  return `translated ${slos.translated} of ${slos.of} SLOs, ${slis.translated} of ${slis.of} SLIs and ${policies} policies; ${many('left_out')} fields not carried over, ${many('changed')} changed`
}
