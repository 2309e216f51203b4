// Flushes in, and everything that is kept of an experiment out.
//
// An experiment can be too large for one answer, so load() reads it piece by piece, and yet answers with the state of one moment: it notes
// the last change, reads all rows, and then asks for all that changed after that (rows that were removed too) until nothing is left;
// that last answer is of one moment, and everything before it has not changed since it was read.
import {
  type CohortAlerts,
  type Flush,
  type FlushOutcome,
  type Followed,
  type PartialRow,
  type StoredExperiment,
  StoreError,
  type WriterRow,
  type WriterState,
} from '../port.ts'
import type { Argument, Reply } from './connection.ts'
import { cohortField, cohortOf, fieldOf, rowOf, valueOf, writerStateOf } from './rows.ts'
import { FLUSH, PRUNE } from './scripts/flush.ts'
import { FOLLOW, REPAIR } from './scripts/follow.ts'
import { list, pairs, type RedisServer, textOf, texts } from './server.ts'

/** An answer to follow() is cut after so many bytes of rows, between two changes. */
const BUDGET_BYTES = 4 << 20
const SCAN_COUNT = 500
/** Beginnings anew, where an experiment changes faster than it can be read. */
const MAX_ATTEMPTS = 10

interface Position {
  readonly life: string
  readonly change: string
}

interface Changes {
  /** Whether nothing is left to tell. */
  readonly isComplete: boolean
  readonly position: Position
  readonly publicationSequence: number
  readonly state: string | null
  readonly writers: readonly WriterState[]
  readonly rows: readonly WriterRow[]
  readonly alerts: readonly CohortAlerts[]
  readonly removed: readonly (readonly [writer: string, field: string])[]
}

interface Question {
  readonly position: Position
  /** Null: nobody. */
  readonly asking: string | null
  readonly whole: boolean
}

export class Partials {
  readonly #server: RedisServer
  /** By experiment: writers that were seen in it, so that their rows can be named before they are needed. */
  readonly #writers = new Map<string, Set<string>>()

  constructor(server: RedisServer) {
    this.#server = server
  }

  /** `name`: the writer's. What of the flush is needed is copied before this returns. */
  async flush(flush: Flush, name: string | null): Promise<FlushOutcome> {
    const { experiment, writer, sequence, after, sealedMinute, rows, dropped, adopted, requests } = flush
    const args: Argument[] = [
      writer,
      name === null ? '' : `=${name}`,
      sequence,
      after,
      sealedMinute,
      rows.length,
      dropped.length,
      requests.length,
      adopted.length,
    ]
    for (const row of rows) args.push(fieldOf(row), valueOf(row))
    for (const key of dropped) args.push(fieldOf(key))
    for (const identity of requests) args.push(identity)
    for (const { writer: retired, keys } of adopted) {
      args.push(retired, keys.length)
      for (const key of keys) args.push(fieldOf(key))
    }
    const withRows = [writer, ...adopted.map((one) => one.writer)]
    const reply = await this.#server.runOn(FLUSH, this.#server.keys.of(experiment), { rows: withRows, args })
    const [outcome, ...notes] = texts(reply)
    this.#server.tellLost(experiment, notes)
    return outcome as FlushOutcome
  }

  async load(experiment: string): Promise<StoredExperiment> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const loaded = await this.#loadOnce(experiment)
      if (loaded !== null) return loaded
    }
    throw new StoreError(
      `${this.#server.connection.server} changes the experiment "${experiment}" faster than it can be read`,
    )
  }

  async follow(experiment: string, position: string, writer: string): Promise<Followed> {
    const from = parsed(position)
    if (from === null) return { kind: 'gap' }
    const changes = await this.#changesSince(experiment, { position: from, asking: writer, whole: false })
    if (changes === null) return { kind: 'gap' }
    const { publicationSequence, state, writers, alerts } = changes
    const rows = this.#inTime(changes.rows)
    return {
      kind: 'changes',
      position: textOfPosition(changes.position),
      rows,
      writers,
      alerts,
      state,
      publicationSequence,
    }
  }

  async rowsOf(experiment: string, writer: string): Promise<PartialRow[]> {
    const rows = await this.#scan(experiment, writer)
    return this.#inTime([...rows.values()])
  }

  /** Writers of the experiment that are known to the store. */
  async writers(experiment: string): Promise<string[]> {
    const { writers } = this.#server.keys.of(experiment)
    return texts(await this.#server.connection.call('hkeys', [writers]))
  }

  async #loadOnce(experiment: string): Promise<StoredExperiment | null> {
    const keys = this.#server.keys.of(experiment)
    const [life, change] = texts(await this.#server.connection.call('hmget', [keys.head, 'life', 'change']))
    const known = await this.writers(experiment)
    this.#writers.set(experiment, new Set(known))
    const byWriter = new Map<string, Map<string, PartialRow>>()
    for (const writer of known) byWriter.set(writer, await this.#scan(experiment, writer))
    const position = { life, change: change === '' ? '0' : change }
    const changes = await this.#changesSince(experiment, { position, asking: null, whole: true })
    if (changes === null) return null
    for (const [writer, field] of changes.removed) byWriter.get(writer)?.delete(field)
    for (const { writer, ...row } of changes.rows) {
      let rows = byWriter.get(writer)
      if (rows === undefined) byWriter.set(writer, (rows = new Map()))
      rows.set(fieldOf(row), row)
    }
    const rows = [...byWriter].flatMap(([writer, some]) => [...some.values()].map((row) => ({ ...row, writer })))
    const { state, writers, alerts, publicationSequence } = changes
    return {
      experiment,
      state,
      rows: this.#inTime(rows),
      writers,
      alerts,
      publicationSequence,
      position: textOfPosition(changes.position),
    }
  }

  /** Everything up to now, however many answers that takes; null: it cannot be told. */
  async #changesSince(experiment: string, question: Question): Promise<Changes | null> {
    let all: Changes | null = null
    let { position } = question
    for (;;) {
      const next: Changes | null = await this.#ask(experiment, { ...question, position })
      if (next === null) return null
      all = all === null ? next : joined(all, next)
      if (next.isComplete) return all
      position = next.position
    }
  }

  async #ask(experiment: string, { position, asking, whole }: Question): Promise<Changes | null> {
    let named = this.#writers.get(experiment)
    if (named === undefined) this.#writers.set(experiment, (named = new Set()))
    const keys = this.#server.keys.of(experiment)
    for (;;) {
      const rows = [...named]
      const args = [
        position.life,
        position.change,
        asking === null ? '' : `=${asking}`,
        BUDGET_BYTES,
        whole ? '1' : '0',
        ...rows,
      ]
      const [kind, ...reply] = list(await this.#server.runOn(FOLLOW, keys, { rows, args }))
      if (textOf(kind) === 'changes') return changesOf(reply)
      if (textOf(kind) === 'unknown') for (const writer of texts(reply)) named.add(writer)
      else if (textOf(kind) === 'lost') return this.#repair(experiment)
      else return null
    }
  }

  /** Tells what is gone; whoever puts it right first does. */
  async #repair(experiment: string): Promise<null> {
    const writers = await this.writers(experiment)
    const keys = this.#server.keys.of(experiment)
    const notes = await this.#server.runOn(REPAIR, keys, { rows: writers, args: writers })
    this.#server.tellLost(experiment, texts(notes))
    return null
  }

  /** All rows of a writer by field. Those that change meanwhile are as they were or as they are. */
  async #scan(experiment: string, writer: string): Promise<Map<string, PartialRow>> {
    const key = this.#server.keys.of(experiment).rows(writer)
    const rows = new Map<string, PartialRow>()
    const old: Reply[] = []
    let cursor = '0'
    do {
      const [next, found] = list(await this.#server.connection.call('hscan', [key, cursor, 'COUNT', SCAN_COUNT]))
      for (const [field, value] of pairs(found)) {
        const row = rowOf(field, value)
        rows.set(String(field), row)
        if (row.newestSecond < this.#server.oldestSecond) old.push(field, value)
      }
      cursor = textOf(next)
    } while (cursor !== '0')
    if (old.length > 0) await this.#prune({ experiment, writer }, old as Argument[])
    return rows
  }

  /** Rows that are out of their time go when somebody comes upon them. */
  async #prune(
    { experiment, writer }: { experiment: string; writer: string },
    old: readonly Argument[],
  ): Promise<void> {
    const keys = this.#server.keys.of(experiment)
    await this.#server.runOn(PRUNE, keys, { rows: [writer], args: [writer, ...old] })
  }

  #inTime<Row extends PartialRow>(rows: readonly Row[]): Row[] {
    return rows.filter((row) => row.newestSecond >= this.#server.oldestSecond)
  }
}

function changesOf(reply: readonly Reply[]): Changes {
  const [isComplete, change, life, publication, state, writers, rows, alerts, removed] = reply
  const told: WriterRow[] = []
  const flat = list(rows)
  for (let at = 0; at < flat.length; at += 3)
    told.push({ ...rowOf(flat[at + 1], flat[at + 2]), writer: textOf(flat[at]) })
  return {
    isComplete: textOf(isComplete) === '1',
    position: { life: textOf(life), change: textOf(change) },
    publicationSequence: Number(textOf(publication)),
    state: state === null ? null : textOf(state),
    writers: [...pairs(writers)].map(([writer, record]) => writerStateOf(textOf(writer), textOf(record))),
    rows: told,
    alerts: [...pairs(alerts)].map(([field, json]) => ({
      ...cohortOf(field),
      json: json === null ? null : textOf(json),
    })),
    removed: [...pairs(removed)].map(([writer, field]) => [textOf(writer), textOf(field)] as const),
  }
}

/** What a later answer tells again is in its place. */
function joined(before: Changes, later: Changes): Changes {
  const rows = new Map(before.rows.map((row) => [rowName(row.writer, fieldOf(row)), row]))
  const removed = new Map(before.removed.map((one) => [rowName(...one), one]))
  for (const row of later.rows) {
    rows.set(rowName(row.writer, fieldOf(row)), row)
    removed.delete(rowName(row.writer, fieldOf(row)))
  }
  for (const one of later.removed) {
    rows.delete(rowName(...one))
    removed.set(rowName(...one), one)
  }
  const writers = new Map([...before.writers, ...later.writers].map((state) => [state.writer, state]))
  const alerts = new Map([...before.alerts, ...later.alerts].map((one) => [cohortField(one), one]))
  return {
    ...later,
    state: later.state ?? before.state,
    writers: [...writers.values()],
    rows: [...rows.values()],
    alerts: [...alerts.values()],
    removed: [...removed.values()],
  }
}

function rowName(writer: string, field: string): string {
  return JSON.stringify([writer, field])
}

function textOfPosition({ life, change }: Position): string {
  return `${change}-${life}`
}

/** Null: no position. */
function parsed(position: string): Position | null {
  const [, change, life] = /^(\d+)-(.*)$/s.exec(position) ?? []
  return change === undefined ? null : { change, life }
}
