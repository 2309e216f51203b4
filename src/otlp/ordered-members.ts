// Reads members of a JSON object in the order in which one needs another, whatever the order in which they stand: one that comes too early is passed
// over, and read when what it needs is known. Written as protobuf's fields are numbered, most come in that order.
import type { JsonCursor } from './json-cursor.ts'
import { ByteNames } from './names.ts'

/** One member, or several of which there may be one. */
export interface Member {
  readonly names: readonly string[]
  /** Reads its value, which comes next and is not null. `at`: which of the names it has. */
  readonly read: (at: number) => void
}

const ABSENT = -1

/** The members of one kind of object. Not reentrant: `read` of a member must not read an object of the same kind. */
export class OrderedMembers {
  readonly #cursor: JsonCursor
  readonly #members: readonly Member[]
  readonly #names: ByteNames
  /** By name: the member, and which of its names it is. */
  readonly #memberOf: readonly number[]
  readonly #nameOf: readonly number[]
  /** By member: where its value is, and which of its names it has. */
  readonly #positions: number[]
  readonly #found: number[]

  /** `members`: each is read when all before it are, or are known to be absent. */
  constructor(cursor: JsonCursor, members: readonly Member[]) {
    this.#cursor = cursor
    this.#members = members
    this.#names = new ByteNames(members.flatMap(({ names }) => names))
    this.#memberOf = members.flatMap(({ names }, member) => names.map(() => member))
    this.#nameOf = members.flatMap(({ names }) => [...names.keys()])
    this.#positions = members.map(() => ABSENT)
    this.#found = members.map(() => 0)
  }

  /** Reads the object that comes next; all other members are passed. Throws DecodeError, also where a member is given twice. */
  read(): void {
    const cursor = this.#cursor
    this.#positions.fill(ABSENT)
    // All members before this one are read.
    let next = 0
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      const name = this.#names.find(cursor.text, cursor.textStart, cursor.textEnd)
      if (name < 0) cursor.skip()
      else if (!cursor.passNull()) {
        const member = this.#memberOf[name]
        this.#note(member, this.#nameOf[name])
        if (member === next) this.#members[next++].read(this.#nameOf[name])
        else cursor.skip()
      }
    }
    const after = cursor.position
    for (; next < this.#members.length; next++) this.#readAt(next)
    cursor.position = after
  }

  #note(member: number, name: number): void {
    const cursor = this.#cursor
    if (this.#positions[member] !== ABSENT) {
      const { names } = this.#members[member]
      cursor.fail(names.length === 1 ? `${names[0]} is given twice` : `there may be one of ${names.join(', ')}`)
    }
    this.#positions[member] = cursor.position
    this.#found[member] = name
  }

  #readAt(member: number): void {
    const position = this.#positions[member]
    if (position === ABSENT) return
    this.#cursor.position = position
    this.#members[member].read(this.#found[member])
  }
}
