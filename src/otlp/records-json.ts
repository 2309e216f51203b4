// What export requests of spans and of log records have in common in OTLP/JSON: resources, in them scopes, in them the records.
import type { AttributeSet } from '../model/attributes.ts'
import type { JsonAttributeReader } from './attributes-json.ts'
import { countElements, isMember } from './counting.ts'
import { JsonCursor } from './json-cursor.ts'
import { ByteNames } from './names.ts'
import { OrderedMembers } from './ordered-members.ts'

const RESOURCE_ATTRIBUTES = new ByteNames(['attributes'])

/** The members' names of one signal. */
export class RecordNames {
  readonly scopesName: string
  readonly resources: ByteNames
  readonly scopes: ByteNames
  readonly records: ByteNames

  /** For instance `resourceSpans`, `scopeSpans`, `spans`. */
  constructor(resources: string, scopes: string, records: string) {
    this.scopesName = scopes
    this.resources = new ByteNames([resources])
    this.scopes = new ByteNames([scopes])
    this.records = new ByteNames([records])
  }
}

/** Finds the records in requests, one request after the other. Not reentrant. */
export class JsonRecordWalk {
  readonly #cursor: JsonCursor
  readonly #names: RecordNames
  readonly #attributes: JsonAttributeReader
  readonly #resource: AttributeSet
  readonly #readRecord: () => void
  /** Records that come before their resource are passed over, and read when it is known. */
  readonly #members: OrderedMembers
  #records = 0

  /** Before `readRecord`, which reads the record that comes next, `resource` holds the attributes of its resource. */
  constructor(
    cursor: JsonCursor,
    parts: {
      readonly names: RecordNames
      readonly attributes: JsonAttributeReader
      readonly resource: AttributeSet
      readonly readRecord: () => void
    },
  ) {
    this.#cursor = cursor
    this.#names = parts.names
    this.#attributes = parts.attributes
    this.#resource = parts.resource
    this.#readRecord = parts.readRecord
    this.#members = new OrderedMembers(cursor, [
      { names: ['resource'], read: () => this.#readResource() },
      { names: [parts.names.scopesName], read: () => this.#allScopes() },
    ])
  }

  /** Reads each record of a request in the order of the text and returns their number. Throws DecodeError, which names the JSON path. */
  walk(body: Uint8Array): number {
    this.#cursor.open(body)
    this.#records = 0
    try {
      this.#request()
      this.#cursor.finish()
      return this.#records
    } finally {
      this.#cursor.close()
    }
  }

  #request(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (!isMember(cursor, this.#names.resources)) cursor.skip()
      else if (!cursor.passNull()) {
        for (let another = cursor.enterArray(); another; another = cursor.nextElement()) this.#ofResource()
      }
    }
  }

  #ofResource(): void {
    this.#resource.clear()
    this.#members.read()
  }

  #readResource(): void {
    const cursor = this.#cursor
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      if (isMember(cursor, RESOURCE_ATTRIBUTES)) this.#attributes.readAll(this.#resource)
      else cursor.skip()
    }
  }

  #allScopes(): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
        if (!isMember(cursor, this.#names.records)) cursor.skip()
        else if (!cursor.passNull()) this.#allRecords()
      }
    }
  }

  #allRecords(): void {
    const cursor = this.#cursor
    for (let another = cursor.enterArray(); another; another = cursor.nextElement()) {
      this.#readRecord()
      this.#records++
    }
  }
}

/** The number of records in a request, without looking into them. Throws DecodeError where the text is no JSON or the structure around them is broken. */
export function countRecordsJson(body: Uint8Array, { resources, scopes, records }: RecordNames): number {
  const cursor = new JsonCursor()
  cursor.open(body)
  const count = countElements(cursor, [resources, scopes, records])
  cursor.finish()
  return count
}
