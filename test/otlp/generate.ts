// Messages nobody would write by hand: random ones by the oracle's schema, the same content written in unusual but
// valid ways, and broken bytes.
import fc from 'fast-check'
import type protobuf from 'protobufjs'
import { FLAG_EVENT_NAMES } from '../../src/model/vocabulary.ts'
import { DEFAULT_NAMES, DEFAULT_PREFIXES } from './spans.ts'

const KEYS = [
  ...DEFAULT_NAMES,
  ...DEFAULT_PREFIXES.flatMap((prefix) => [prefix, `${prefix}checkout`, `${prefix}ärger`, prefix.slice(0, -1)]),
  'http.request.method',
  'service.namf',
  'a',
  '',
]
const STRINGS = ['control', 'treatment', '', 'ü', '\u{1f600} and more', 'x'.repeat(200), 'y'.repeat(64), 'z'.repeat(65)]
const TRACE_STATES = [
  '',
  'ot=th:8',
  'vendor=1,ot=rv:00000000000000;th:c',
  ' ot=th:fd70a4 ',
  'ot=th:G',
  'ot=',
  'ot=th:',
  'ot=p:8;r:62',
]
const SEVERITY_TEXTS = ['ERROR', 'error2', 'Warning', 'INFORMATION4', 'INFORMATION44', 'ERROR5']
const DOUBLES = [0, 0.25, -1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 200]
const INTEGERS = [
  '0',
  '1',
  '-1',
  '200',
  '500',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
]
const UNSIGNED = ['0', '1', '999999999', '1790000000000000001', '18446744073709551615']

/** A random plain object for `type.fromObject`, with the names and values that decoders care about in it. */
export function messageOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {}
  const maxDepth = 12
  for (const field of type.fieldsArray) {
    const resolved = field.resolve().resolvedType as protobuf.Type | null
    if (resolved !== null && depth >= maxDepth) continue
    const value =
      resolved === null ? scalarOf(field) : messageOf(resolved, depth + (resolved.name === 'AnyValue' ? 3 : 1))
    fields[field.name] = field.repeated ? fc.array(value, { maxLength: 3 }) : value
  }
  const oneOf = type.oneofsArray.filter((group) => !group.isProto3Optional)
  const record = fc.record(fields, { requiredKeys: [] })
  return oneOf.length === 0
    ? record
    : fc.tuple(record, fc.nat()).map(([message, pick]) => keepOne(message, oneOf, pick))
}

function keepOne(message: Record<string, unknown>, groups: protobuf.OneOf[], pick: number): Record<string, unknown> {
  // Now and then all of them are written: then the last counts.
  if (pick % 8 === 0) return message
  for (const group of groups) {
    const present = group.fieldsArray.map((field) => field.name).filter((name) => name in message)
    for (const [index, name] of present.entries()) if (index !== pick % present.length) delete message[name]
  }
  return message
}

function scalarOf(field: protobuf.Field): fc.Arbitrary<unknown> {
  if (field.name === 'severityNumber') return fc.oneof(fc.integer({ min: -2, max: 27 }), fc.integer())
  switch (field.type) {
    case 'string':
      return textOf(field)
    case 'bytes':
      if (field.name.endsWith('Id'))
        return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => sized(id, field))
      return fc.uint8Array({ maxLength: 5 })
    case 'bool':
      return fc.boolean()
    case 'double':
      return fc.oneof(fc.constantFrom(...DOUBLES), fc.double())
    case 'int64':
    case 'sfixed64':
      return fc.constantFrom(...INTEGERS)
    case 'uint64':
    case 'fixed64':
      return fc.oneof(fc.constantFrom(...UNSIGNED), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String))
    case 'uint32':
    case 'fixed32':
      return fc.oneof(fc.nat(3), fc.nat(0xffffffff))
    default:
      return fc.oneof(fc.nat(5), fc.integer())
  }
}

/** Ids of the right size, mostly. */
function sized(id: Uint8Array, field: protobuf.Field): Uint8Array {
  const length = field.name === 'traceId' ? 16 : 8
  return id[0] < 25 ? id.subarray(0, id[0] % 16) : id.subarray(0, length)
}

function textOf(field: protobuf.Field): fc.Arbitrary<string> {
  if (field.name === 'key') return fc.constantFrom(...KEYS)
  if (field.name === 'severityText') return fc.constantFrom(...SEVERITY_TEXTS, ...STRINGS)
  if (field.name === 'traceState') return fc.constantFrom(...TRACE_STATES)
  if (field.name === 'name') return fc.constantFrom(...FLAG_EVENT_NAMES, 'GET /', '')
  return fc.oneof(fc.constantFrom(...STRINGS), fc.string({ maxLength: 12 }))
}

/** Whole numbers below `bound`, from one seed. */
export type Dice = (bound: number) => number

/** mulberry32. */
export function dice(seed: number): Dice {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

interface WireField {
  readonly number: number
  readonly wireType: number
  /** What follows the tag; without the length of a length-delimited field. */
  readonly content: Uint8Array
}

/**
 * The bytes of a message with its fields in another order, singular submessages in pieces, fields given twice, unknown
 * fields and groups in between and varints longer than they must be. It stays valid, but its content changes where
 * order counts.
 */
export function scramble(bytes: Uint8Array, type: protobuf.Type, roll: Dice): Uint8Array {
  const parts: Uint8Array[] = []
  for (const field of fieldsOf(bytes)) {
    const known = type.fieldsById[field.number]
    const resolved = (known?.resolve().resolvedType ?? null) as protobuf.Type | null
    if (resolved === null || field.wireType !== 2) {
      parts.push(written(field, roll))
      if (roll(12) === 0) parts.push(written(field, roll))
      continue
    }
    const content = scramble(field.content, resolved, roll)
    if (!known.repeated && roll(3) === 0) {
      const inner = fieldsOf(content)
      const cut = roll(inner.length + 1)
      parts.push(written({ ...field, content: joined(inner.slice(0, cut), roll) }, roll))
      parts.push(written({ ...field, content: joined(inner.slice(cut), roll) }, roll))
    } else parts.push(written({ ...field, content }, roll))
  }
  if (roll(4) === 0) parts.push(unknownField(roll))
  if (roll(2) === 0) shuffle(parts, roll)
  return new Uint8Array(Buffer.concat(parts))
}

function joined(fields: readonly WireField[], roll: Dice): Uint8Array {
  return Buffer.concat(fields.map((field) => written(field, roll)))
}

function written({ number, wireType, content }: WireField, roll: Dice): Uint8Array {
  const tag = varint(number * 8 + wireType, roll(10) === 0 ? 1 : 0)
  return Buffer.concat(wireType === 2 ? [tag, varint(content.length, roll(10) === 0 ? 1 : 0), content] : [tag, content])
}

function unknownField(roll: Dice): Uint8Array {
  const number = 900 + roll(100)
  const start = varint(number * 8 + 3, 0)
  const end = varint(number * 8 + 4, 0)
  const choices: Uint8Array[] = [
    written({ number, wireType: 0, content: varint(roll(1 << 30), roll(3)) }, roll),
    written({ number, wireType: 1, content: new Uint8Array(8).fill(roll(256)) }, roll),
    written({ number, wireType: 2, content: new Uint8Array(roll(140)).fill(roll(256)) }, roll),
    written({ number, wireType: 5, content: new Uint8Array(4).fill(roll(256)) }, roll),
    Buffer.concat([start, varint(8, 0), varint(roll(1000), 0), end]),
    // A field that readers know, with a wire type that they do not expect.
    written({ number: 1 + roll(16), wireType: 5, content: new Uint8Array(4) }, () => 1),
  ]
  // flags (16) is a fixed32 indeed; its value does not matter here.
  return choices[roll(choices.length)]
}

/** A JSON value with the members of its objects in another order and unknown members in between. */
export function reordered(value: unknown, roll: Dice): unknown {
  if (Array.isArray(value)) return value.map((item) => reordered(item, roll))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, inner]): [string, unknown] => [name, reordered(inner, roll)])
  if (roll(6) === 0) members.push(unknownMember(roll))
  if (roll(2) === 0) shuffle(members, roll)
  return Object.fromEntries(members)
}

/** Names that protobuf has and OTLP/JSON has not, among others. */
function unknownMember(roll: Dice): [name: string, value: unknown] {
  const names = ['event_name', 'severity_number', 'string_value', 'trace_id', 'Name', 'spansOf', '']
  const values = [null, true, -1.5e300, '"\\', [[], {}], { name: { key: ['feature_flag'] } }]
  return [names[roll(names.length)], values[roll(values.length)]]
}

function shuffle(parts: unknown[], roll: Dice): void {
  for (let at = parts.length - 1; at > 0; at--) {
    const other = roll(at + 1)
    const kept = parts[at]
    parts[at] = parts[other]
    parts[other] = kept
  }
}

/** A varint with `padding` bytes more than it needs. */
export function varint(value: number, padding: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  for (let extra = 0; extra < padding; extra++) {
    bytes[bytes.length - 1] |= 128
    bytes.push(0)
  }
  return new Uint8Array(bytes)
}

/** The fields of a valid message without groups. */
function fieldsOf(bytes: Uint8Array): WireField[] {
  const fields: WireField[] = []
  let at = 0
  const next = (): number => {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      scale *= 128
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = next()
    const wireType = tag % 8
    let from = at
    if (wireType === 0) next()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else if (wireType === 2) {
      const length = next()
      from = at
      at += length
    } else at = skipGroup(bytes, at)
    fields.push({ number: Math.floor(tag / 8), wireType, content: bytes.subarray(from, at) })
  }
  return fields
}

/** Past the one kind of group that `unknownField` writes: start, a varint field, end. */
function skipGroup(bytes: Uint8Array, from: number): number {
  let at = from + 1
  while (bytes[at] > 127) at++
  at++
  while (bytes[at] > 127) at++
  return at + 1
}

/** Bytes with something done to them that a network, a bug or an enemy might do. */
export function damage(bytes: Uint8Array, roll: Dice): Uint8Array {
  const broken = Uint8Array.from(bytes)
  switch (roll(6)) {
    case 0:
      return broken.subarray(0, roll(bytes.length + 1))
    case 1:
      return new Uint8Array(roll(64)).map(() => roll(256))
    case 2: {
      const from = roll(bytes.length + 1)
      const until = Math.min(bytes.length, from + roll(20))
      return new Uint8Array(Buffer.concat([bytes.subarray(0, from), bytes.subarray(until)]))
    }
    case 3: {
      const at = roll(bytes.length + 1)
      const inserted = new Uint8Array(1 + roll(8)).map(() => roll(256))
      return new Uint8Array(Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]))
    }
    default:
      for (let flips = 1 + roll(4); flips > 0 && broken.length > 0; flips--) {
        const at = roll(broken.length)
        broken[at] = roll(3) === 0 ? roll(256) : broken[at] ^ (1 << roll(8))
      }
      return broken
  }
}
