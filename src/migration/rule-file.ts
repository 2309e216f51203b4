// The text of a Prometheus rule file: groups, recording and alerting rules, comments. Hides YAML and the two languages within it, PromQL and
// the templates of labels and annotations.
import { stringify } from 'yaml'

interface Commented {
  /** Lines above it; none where it is not given. */
  readonly comments?: readonly string[]
}

export interface RecordingRule extends Commented {
  readonly record: string
  readonly expr: string
}

export interface AlertRule extends Commented {
  readonly alert: string
  readonly expr: string
  /** How long the expression must hold: "0m". */
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface RuleGroup {
  readonly name: string
  readonly comments: readonly string[]
  readonly rules: readonly (RecordingRule | AlertRule)[]
}

/** The whole file; `comments` stand at its head. */
export function ruleFileText(comments: readonly string[], groups: readonly RuleGroup[]): string {
  const parts = groups.map(({ name, comments: about, rules }) => {
    const listed = rules.map(({ comments: above = [], ...rule }) => {
      return commented(above, '      ') + indented(stringify([rule], { lineWidth: 0 }), 6)
    })
    return `${commented(about, '  ')}  - name: ${name}\n    rules:\n${listed.join('\n')}`
  })
  return `${commented(comments, '')}groups:\n${parts.join('\n')}`
}

function commented(lines: readonly string[], indent: string): string {
  return lines
    .map((line) => `${indent}# ${line}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

function indented(text: string, spaces: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces))
}

/** A text as PromQL has it, in quotes. */
export function promText(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f')
}

/** A selector: the metric, and a matcher for each label. */
export function selector(metric: string, labels: Readonly<Record<string, string>>): string {
  const matchers = Object.entries(labels).map(([label, value]) => `${label}=${promText(value)}`)
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`
}

/** Text that the templates of Prometheus leave as it is. */
export function literal(text: string): string {
  return text.includes('{{') ? `{{ ${JSON.stringify(text)} }}` : text
}
