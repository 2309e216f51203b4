// Reads the few PromQL queries that name nothing but a metric and its labels: a selector, alone or within rate, increase and sum.
// Hides the query language; what a query computes beyond that cannot be said in a configuration and is refused with the reason.

export interface LabelMatcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

export interface PlainQuery {
  readonly metric: string
  readonly matchers: readonly LabelMatcher[]
  /** Whether the increase of a counter is asked for (rate or increase), not its value. */
  readonly isIncrease: boolean
  /** Whether series are added up (sum). */
  readonly isSum: boolean
  /** Labels of `by` or `without`, as written; null: neither. */
  readonly grouping: string | null
}

export type ReadQuery = { readonly query: PlainQuery } | { readonly refused: string }

const MORE = 'the query is more than a selector within rate, increase or sum'
const LONGEST_QUERY = 10_000
const DEEPEST = 20
const SPACE = /(?:\s|#[^\n]*(?:\n|$))*/y
const TOKEN = /([a-zA-Z_:][\w:]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)|(\d[\w.]*)|(=~|!~|!=|[=(){}[\],])/y

interface Token {
  readonly kind: 'name' | 'text' | 'duration' | 'sign'
  readonly text: string
}

class NotPlain extends Error {}

/** The query where it is plain, else why it is not. Never throws. */
export function readPlainQuery(text: string): ReadQuery {
  if (text.length > LONGEST_QUERY) return { refused: `the query has more than ${LONGEST_QUERY} characters` }
  try {
    const reader = new QueryReader(tokensOf(text))
    const query = reader.expression()
    if (!reader.isAtEnd) throw new NotPlain(MORE)
    return { query }
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error
    return { refused: error.message }
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = skipped(text, 0)
  while (at < text.length) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (found === null) throw new NotPlain(MORE)
    at = skipped(text, TOKEN.lastIndex)
    const [, name, quoted, duration, sign] = found
    if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: unquoted(quoted) })
    else if (duration !== undefined) tokens.push({ kind: 'duration', text: duration })
    else tokens.push({ kind: 'sign', text: sign })
  }
  return tokens
}

/** Where the next token begins, after space and comments. */
function skipped(text: string, at: number): number {
  SPACE.lastIndex = at
  SPACE.exec(text)
  return SPACE.lastIndex
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" }

/** Strings as Go has them, without escapes of code points. */
function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith('`')) return inner
  return inner.replaceAll(/\\(.)/gs, (_, escaped: string) => {
    const meant = ESCAPES[escaped]
    if (meant === undefined) throw new NotPlain(`the query has the escape \\${escaped} in a text`)
    return meant
  })
}

class QueryReader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  expression(depth = 0): PlainQuery {
    if (depth > DEEPEST) throw new NotPlain(MORE)
    const next = this.#tokens[this.#at]
    const follows = this.#tokens[this.#at + 1]?.text
    if (next?.kind === 'name' && next.text === 'sum' && ['(', 'by', 'without'].includes(follows))
      return this.#sum(depth + 1)
    if (next?.kind === 'name' && follows === '(') return this.#increase()
    if (this.#accepts('(')) {
      const inner = this.expression(depth + 1)
      this.#expects(')')
      return inner
    }
    return this.#selector(false)
  }

  #sum(depth: number): PlainQuery {
    this.#at++
    const before = this.#grouping()
    this.#expects('(')
    const inner = this.expression(depth)
    this.#expects(')')
    const grouping = before ?? this.#grouping() ?? inner.grouping
    return { ...inner, isSum: true, grouping }
  }

  #grouping(): string | null {
    const word = this.#tokens[this.#at]?.text
    if (word !== 'by' && word !== 'without') return null
    this.#at++
    this.#expects('(')
    const labels: string[] = []
    while (!this.#accepts(')')) {
      labels.push(this.#name())
      if (!this.#accepts(',') && this.#tokens[this.#at]?.text !== ')') throw new NotPlain(MORE)
    }
    return `${word} (${labels.join(', ')})`
  }

  #increase(): PlainQuery {
    const name = this.#name()
    if (name !== 'rate' && name !== 'increase') throw new NotPlain(`${MORE}: it has ${name}`)
    this.#expects('(')
    const inner = this.#selector(true)
    this.#expects(')')
    return inner
  }

  #selector(isIncrease: boolean): PlainQuery {
    const first = this.#tokens[this.#at]
    let metric = ''
    if (first?.kind === 'name') metric = this.#name()
    const matchers = this.#accepts('{') ? this.#matchers() : []
    const ranged = this.#accepts('[')
    if (ranged) {
      if (this.#tokens[this.#at++]?.kind !== 'duration') throw new NotPlain(MORE)
      this.#expects(']')
    }
    if (ranged !== isIncrease) throw new NotPlain(MORE)
    const named = matchers.find(({ label, operator }) => label === '__name__' && operator === '=')
    if (metric === '') metric = named?.value ?? ''
    const rest = matchers.filter((matcher) => matcher !== named)
    if (metric === '' || rest.some(({ label }) => label === '__name__'))
      throw new NotPlain('the query does not name one metric')
    return { metric, matchers: rest, isIncrease, isSum: false, grouping: null }
  }

  #matchers(): LabelMatcher[] {
    const matchers: LabelMatcher[] = []
    while (!this.#accepts('}')) {
      const label = this.#name()
      const operator = this.#tokens[this.#at++]?.text
      const value = this.#tokens[this.#at++]
      if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~') throw new NotPlain(MORE)
      if (value?.kind !== 'text') throw new NotPlain(MORE)
      matchers.push({ label, operator, value: value.text })
      if (!this.#accepts(',') && this.#tokens[this.#at]?.text !== '}') throw new NotPlain(MORE)
    }
    return matchers
  }

  #name(): string {
    const token = this.#tokens[this.#at++]
    if (token?.kind !== 'name') throw new NotPlain(MORE)
    return token.text
  }

  #accepts(sign: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.#at++
    return true
  }

  #expects(sign: string): void {
    if (!this.#accepts(sign)) throw new NotPlain(MORE)
  }
}
