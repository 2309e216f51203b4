// Journals, and which writer lives. Each writer has its journal; the name that a replica bears leads its next incarnation to those of the earlier
// ones. A journal is handed to one heir; the heir's first own entry says in the same write whose journals it takes the place of,
// so that a crash before they are removed gives them to nobody twice.
import type { JournalEntry, LeftJournalEntry } from '../port.ts'
import { ADD_ENTRY, DROP_JOURNAL, HAND_OVER, HEARD, LOOK_AT, NAMED } from './scripts/writer.ts'
import { list, pairs, type RedisServer, textOf, texts } from './server.ts'

/** Ends the name of the field with what is known of an entry's commit. */
const ABOUT = ':about'
/** A writer that was not heard of for so long is gone. */
const SILENCE_MS = 10_000
/** Often enough to be heard. */
const HEARD_MS = 2000
/** So often a writer renews its place among those of its name. */
const NAMED_MS = 3_600_000

interface Seen {
  readonly writer: string
  readonly silentMs: number
  readonly heir: string
  readonly replaces: readonly string[]
}

/** What is known of the commit of an entry. */
interface About {
  /** Experiments and the sequences of their flushes. */
  readonly flushes: readonly (readonly [experiment: string, sequence: number])[]
  /** Identities of the requests that are in it: with the entry they are counted. */
  readonly requests: readonly string[]
}

/** What was left, and the requests that are counted with it. */
interface Left {
  readonly entries: LeftJournalEntry[]
  readonly requests: string[]
}

export class Journals {
  readonly #server: RedisServer
  readonly #heardMs = new Map<string, number>()
  readonly #names = new Map<string, string | null>()
  readonly #namedMs = new Map<string, number>()
  /** By writer: whose journals it was given, and takes the place of with its first own entry. */
  readonly #handedOver = new Map<string, readonly string[]>()

  constructor(server: RedisServer) {
    this.#server = server
  }

  nameOf(writer: string): string | null {
    return this.#names.get(writer) ?? null
  }

  /** Notes that the writer lives. */
  async heard(writer: string): Promise<void> {
    const nowMs = this.#server.options.now()
    const before = this.#heardMs.get(writer) ?? -Infinity
    if (nowMs - before < HEARD_MS && nowMs >= before) return
    await this.#server.run(HEARD, this.#server.keys.writer(writer), [this.#server.retryKeepMs])
    this.#heardMs.set(writer, nowMs)
    if (this.#names.has(writer) && nowMs - (this.#namedMs.get(writer) ?? 0) >= NAMED_MS) await this.#named(writer, [])
  }

  async add(writer: string, entry: JournalEntry, about: About): Promise<void> {
    const { number, oldestNeeded, bytes } = entry
    const replaced = this.#handedOver.get(writer) ?? []
    const copy = Buffer.from(bytes)
    const args = [this.#server.retryKeepMs, number, oldestNeeded, copy, JSON.stringify(about), ...replaced]
    await this.#server.run(ADD_ENTRY, this.#server.keys.writer(writer), args)
    this.#heardMs.set(writer, this.#server.options.now())
    if (replaced.length === 0) return
    this.#handedOver.delete(writer)
    for (const one of replaced)
      await this.#server.run(DROP_JOURNAL, this.#server.keys.writer(one), [this.#server.retryKeepMs])
    await this.#named(writer, replaced)
  }

  /** What earlier incarnations of the name left. `sequenceOf`: the latest sequence of a writer that is stored. */
  async left(
    writer: string,
    name: string | null,
    sequenceOf: (experiment: string, writer: string) => Promise<number>,
  ): Promise<Left> {
    this.#names.set(writer, name)
    this.#heardMs.delete(writer)
    await this.heard(writer)
    const others = (await this.#named(writer, [])).filter((one) => one !== writer)
    const seen = await Promise.all(others.map((one) => this.#lookAt(one)))
    // Of one name only one lives at a time: who asks for it is the next. Without a name that can only be told by silence.
    const silent = new Set(
      seen.filter(({ silentMs }) => name !== null || silentMs >= SILENCE_MS).map((one) => one.writer),
    )
    const replaced = new Set(seen.flatMap(({ replaces }) => replaces))
    const all: Left = { entries: [], requests: [] }
    const given: string[] = []
    for (const one of seen) {
      if (!silent.has(one.writer) || replaced.has(one.writer)) continue
      if (one.heir !== '' && one.heir !== writer && !silent.has(one.heir)) continue
      const left = await this.#take(writer, one, sequenceOf)
      if (left === null) continue
      given.push(one.writer)
      all.entries.push(...left.entries)
      all.requests.push(...left.requests)
    }
    this.#handedOver.set(writer, given)
    return all
  }

  /** Whether the request is in the journal of a writer. */
  async has(writer: string, identity: string): Promise<boolean> {
    const [, journal] = this.#server.keys.writer(writer)
    const { connection } = this.#server
    const fields = texts(await connection.call('hkeys', [journal])).filter((field) => field.endsWith(ABOUT))
    if (fields.length === 0) return false
    const abouts = texts(await connection.call('hmget', [journal, ...fields]))
    return abouts.some((about) => aboutOf(about).requests.includes(identity))
  }

  async #named(writer: string, done: readonly string[]): Promise<string[]> {
    const key = this.#server.keys.named(this.nameOf(writer))
    this.#namedMs.set(writer, this.#server.options.now())
    return texts(await this.#server.run(NAMED, [key], [this.#server.retryKeepMs, writer, ...done]))
  }

  async #lookAt(writer: string): Promise<Seen> {
    const [silentMs, heir, replaces] = texts(await this.#server.run(LOOK_AT, this.#server.keys.writer(writer), []))
    return { writer, silentMs: Number(silentMs), heir, replaces: JSON.parse(replaces) as string[] }
  }

  /** Null: another took it meanwhile. */
  async #take(
    heir: string,
    { writer, heir: before }: Seen,
    sequenceOf: (experiment: string, writer: string) => Promise<number>,
  ): Promise<Left | null> {
    const { retryWindowMs, observer } = this.#server.options
    const keys = this.#server.keys.writer(writer)
    const [isGiven, isGone, journal, nowMs] = list(
      await this.#server.run(HAND_OVER, keys, [heir, before, retryWindowMs]),
    )
    if (textOf(isGiven) !== '1') return null
    if (textOf(isGone) === '1')
      observer.lost(null, `journal entries of the writer ${writer}: spans that waited for their trace`)
    const fields = new Map([...pairs(journal)].map(([field, value]) => [textOf(field), value]))
    const left: Left = { entries: [], requests: [] }
    for (const number of [...fields.keys()]
      .filter((field) => /^\d+$/.test(field))
      .map(Number)
      .sort((a, b) => a - b)) {
      const { atMs, flushes, requests } = aboutOf(textOf(fields.get(`${number}${ABOUT}`)))
      if (Number(textOf(nowMs)) >= atMs + retryWindowMs) continue
      left.requests.push(...requests)
      const unwritten: string[] = []
      for (const [experiment, sequence] of flushes)
        if ((await sequenceOf(experiment, writer)) < sequence) unwritten.push(experiment)
      left.entries.push({ writer, number, bytes: Uint8Array.from(fields.get(String(number)) as Buffer), unwritten })
    }
    return left
  }
}

/** As ADD_ENTRY writes it: when, and JSON. */
function aboutOf(text: string): About & { readonly atMs: number } {
  const space = text.indexOf(' ')
  return { atMs: Number(text.slice(0, space)), ...(JSON.parse(text.slice(space + 1)) as About) }
}
