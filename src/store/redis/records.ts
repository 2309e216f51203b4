// State of other parts of the program. Value: the moment until which it is kept (empty: no end), a space, its JSON.
import { RECORD_KINDS, type RecordKind, type StoredRecord } from '../port.ts'
import type { Reply } from './connection.ts'
import { DELETE, EXPIRE, PUT, READ, RENEW } from './scripts/records.ts'
import { list, pairs, type RedisServer, textOf } from './server.ts'

const RENEWAL_MS = 3_600_000

const NAMES: Readonly<Record<RecordKind, string>> = {
  silence: 'silences; set them again',
  experiment: 'experiments that were declared through the API; declare them again',
  delivery: 'deliveries to webhooks that were due',
}

export class Records {
  readonly #server: RedisServer
  #renewedMs = -Infinity

  constructor(server: RedisServer) {
    this.#server = server
  }

  async all(kind: RecordKind): Promise<StoredRecord[]> {
    const { keys, keepMs, options } = this.#server
    const [gone, found] = list(await this.#server.run(READ, keys.records(kind), [keepMs]))
    this.#tell(kind, gone)
    const records: StoredRecord[] = []
    const over: Buffer[] = []
    for (const [id, value] of pairs(found)) {
      const record = recordOf(textOf(id), textOf(value))
      if (record.untilMs !== null && record.untilMs <= options.now()) over.push(id as Buffer, value as Buffer)
      else records.push(record)
    }
    if (over.length > 0) await this.#server.run(EXPIRE, keys.records(kind), [keepMs, ...over])
    return records
  }

  async put(kind: RecordKind, records: readonly StoredRecord[]): Promise<void> {
    const { keys, keepMs } = this.#server
    const args = records.flatMap(({ id, json, untilMs }) => [id, `${untilMs ?? ''} ${json}`])
    this.#tell(kind, await this.#server.run(PUT, keys.records(kind), [keepMs, ...args]))
  }

  async delete(kind: RecordKind, ids: readonly string[]): Promise<void> {
    const { keys, keepMs } = this.#server
    this.#tell(kind, await this.#server.run(DELETE, keys.records(kind), [keepMs, ...ids]))
  }

  /** Keeps what nobody touches as long as somebody is there; cheap to call often. */
  async renew(): Promise<void> {
    const nowMs = this.#server.options.now()
    if (nowMs - this.#renewedMs < RENEWAL_MS) return
    const { keys, keepMs } = this.#server
    for (const kind of RECORD_KINDS) await this.#server.run(RENEW, keys.records(kind), [keepMs])
    this.#renewedMs = nowMs
  }

  #tell(kind: RecordKind, gone: Reply | undefined): void {
    if (gone === 1) this.#server.options.observer.lost(null, NAMES[kind])
  }
}

function recordOf(id: string, value: string): StoredRecord {
  const space = value.indexOf(' ')
  return { id, json: value.slice(space + 1), untilMs: space === 0 ? null : Number(value.slice(0, space)) }
}
