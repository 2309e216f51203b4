// ${env:NAME} inside configuration values. Works on parsed scalars, never on the text of the file: an environment
// variable can therefore change a value but not the structure.
import { coreScalar } from './core-scalar.ts'
import type { ScalarValue } from './located.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Substituted {
  readonly value: ScalarValue
  /** Set where the scalar was wholly one reference. */
  readonly reference: { readonly text: string; readonly alternative: ScalarValue } | null
  readonly mistakes: readonly {
    readonly found: string
    readonly expected: string
    readonly suggestion: string | null
  }[]
}

const REFERENCE = /\$\$|\$\{([^}]*)\}?/g
const VARIABLE = /^env:([A-Za-z_]\w*)(:-(.*))?$/s

/**
 * Replaces ${env:NAME}, ${env:NAME:-default} (also where the variable is empty) and $$ (a dollar sign). A plain scalar that is
 * wholly one reference takes the type that YAML's core schema gives its text; a quoted one stays text.
 */
export function substitute(text: string, options: { quoted: boolean; env: Environment }): Substituted {
  const mistakes: { found: string; expected: string; suggestion: string | null }[] = []
  const replaced = text.replace(REFERENCE, (match, inner: string | undefined) => {
    if (inner === undefined) return '$'
    const parts = match.endsWith('}') ? VARIABLE.exec(inner) : null
    if (parts === null) {
      const suggestion = /^[A-Za-z_]\w*$/.test(inner) ? `\${env:${inner}}` : null
      const expected = '${env:NAME} or ${env:NAME:-default}; $$ stands for a dollar sign'
      mistakes.push({ found: match, expected, suggestion })
      return ''
    }
    const [, name, hasDefault, fallback] = parts
    const value = options.env[name]
    if (hasDefault !== undefined) return value === undefined || value === '' ? fallback : value
    if (value === undefined) {
      const expected = `the environment variable ${name} to be set, or a default as in \${env:${name}:-value}`
      mistakes.push({ found: match, expected, suggestion: null })
    }
    return value ?? ''
  })
  const whole = /^\$\{[^}]*\}$/.test(text)
  if (!whole) return { value: replaced, reference: null, mistakes }
  const typed = coreScalar(replaced)
  const [value, alternative] = options.quoted ? [replaced, typed] : [typed, replaced]
  return { value, reference: { text, alternative }, mistakes }
}
