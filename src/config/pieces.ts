// The configuration after each of its pieces was checked alone: sections, and the entries of the lists.
import type { z } from 'zod'
import { DEFAULT_SLIS, DEFAULT_SLOS } from './defaults.ts'
import type { Located } from './located.ts'
import { placeOf, plain } from './located.ts'
import type { Problem } from './problem.ts'
import { LISTS, root as rootSchema, SECTIONS } from './schema/root.ts'
import { describeFound, unknownKey, validate } from './validate.ts'

type Sections = { readonly [K in keyof typeof SECTIONS]: z.output<(typeof SECTIONS)[K]> }
type ListName = keyof typeof LISTS

export interface Entry<T> {
  readonly index: number
  /** Known even where the entry is not usable, so that what refers to it is not blamed. */
  readonly name: string | null
  readonly value: T | null
  /** As it was given, so that names in an entry that is not usable can still be checked. */
  readonly raw: unknown
  /** False where something was wrong, so that the value says less than was meant. */
  readonly sound: boolean
}

export interface EntryList<T> {
  readonly entries: readonly Entry<T>[]
  /** Given by the configuration; else these are the defaults. */
  readonly given: boolean
  /** False where some entry's name could not be read. */
  readonly complete: boolean
}

export type Pieces = { readonly sections: Sections } & {
  readonly [K in ListName]: EntryList<z.output<(typeof LISTS)[K]>>
}

/** Checks every piece. Sections that are not usable hold their defaults. */
export function readPieces(tree: Located): { pieces: Pieces; problems: Problem[] } {
  const problems: Problem[] = []
  const raw = plain(tree) ?? {}
  if (typeof raw !== 'object' || Array.isArray(raw)) {
    const found = describeFound(raw, [], tree)
    problems.push({ place: tree.place, path: [], found, expected: 'a map of settings', suggestion: null })
    return { pieces: assemble({}, tree, problems), problems }
  }
  const known = Object.keys(rootSchema.shape)
  for (const key of Object.keys(raw))
    if (!known.includes(key)) problems.push(unknownKey({ path: [key], known, root: tree }))
  return { pieces: assemble(raw as Record<string, unknown>, tree, problems), problems }
}

function assemble(raw: Record<string, unknown>, tree: Located, problems: Problem[]): Pieces {
  const section = <K extends keyof typeof SECTIONS>(name: K): Sections[K] => {
    const schema: (typeof SECTIONS)[K] = SECTIONS[name]
    const { value, problems: found } = validate(schema, { raw: raw[name], path: [name], root: tree })
    problems.push(...found)
    return (value ?? schema.parse(undefined)) as Sections[K]
  }
  const list = (name: ListName, nameKey: string, defaults: readonly unknown[]): ListOptions => {
    return { list: name, nameKey, defaults, raw: raw[name], tree, problems }
  }
  return {
    sections: {
      receivers: section('receivers'),
      api: section('api'),
      store: section('store'),
      ack: section('ack'),
      cohorts: section('cohorts'),
      exporters: section('exporters'),
      alerts: section('alerts'),
      telemetry: section('telemetry'),
      events: section('events'),
      shutdown_timeout: section('shutdown_timeout'),
    },
    slis: readList(LISTS.slis, list('slis', 'name', DEFAULT_SLIS)),
    slos: readList(LISTS.slos, list('slos', 'name', DEFAULT_SLOS)),
    policies: readList(LISTS.policies, list('policies', 'name', [])),
    experiments: readList(LISTS.experiments, list('experiments', 'id', [])),
  }
}

interface ListOptions {
  readonly list: string
  readonly raw: unknown
  readonly nameKey: string
  readonly defaults: readonly unknown[]
  readonly tree: Located
  readonly problems: Problem[]
}

function readList<S extends z.ZodType>(schema: S, options: ListOptions): EntryList<z.output<S>> {
  const { list, tree, problems, nameKey } = options
  const given = options.raw !== undefined
  if (given && !Array.isArray(options.raw)) {
    const found = describeFound(options.raw, [list], tree)
    problems.push({ place: placeOf(tree, [list]), path: [list], found, expected: 'a list', suggestion: null })
    return { entries: [], given, complete: false }
  }
  const items: readonly unknown[] = Array.isArray(options.raw) ? options.raw : options.defaults
  const entries = items.map((raw, index) => {
    const { value, problems: found } = validate(schema, { raw, path: [list, index], root: tree })
    problems.push(...found)
    const named = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>)[nameKey] : undefined
    return { index, name: typeof named === 'string' ? named : null, value, raw, sound: found.length === 0 }
  })
  for (const { index, name } of entries) {
    const first = entries.findIndex((entry) => entry.name === name)
    if (name === null || first === index) continue
    const path = [list, index, nameKey]
    const expected = `another ${nameKey}, since ${list}[${first}] has this one`
    problems.push({
      place: placeOf(tree, path),
      path,
      found: describeFound(name, path, tree),
      expected,
      suggestion: null,
    })
  }
  return { entries, given, complete: entries.every((entry) => entry.name !== null) }
}
