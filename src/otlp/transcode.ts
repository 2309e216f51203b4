// OTLP protobuf to OTLP/JSON, complete, for recordings. Hides the JSON mapping (OTLP specification, "JSON Protobuf
// Encoding"); driven by the tables in schema.ts, in no hurry.
import type { Signal } from '../model/signal.ts'
import { Cursor, FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './cursor.ts'
import { type Field, isMessageName, type Message, messageOf, requestOf, type ScalarKind } from './schema.ts'

/** Messages nested deeper than this are refused; protobuf's own limit. */
export const MAX_MESSAGE_DEPTH = 100

type Json = string | number | boolean | Json[] | JsonObject
interface JsonObject {
  [name: string]: Json
}

const WIRE_TYPES: Readonly<Record<ScalarKind, number>> = {
  string: LENGTH_DELIMITED,
  bytes: LENGTH_DELIMITED,
  hex: LENGTH_DELIMITED,
  bool: VARINT,
  int32: VARINT,
  uint32: VARINT,
  sint32: VARINT,
  int64: VARINT,
  uint64: VARINT,
  fixed32: FIXED32,
  fixed64: FIXED64,
  sfixed64: FIXED64,
  double: FIXED64,
}

/**
 * An export request in protobuf as OTLP/JSON, in one line. Unknown fields are left out; whatever else stood in the
 * bytes is in the text. Throws DecodeError where the bytes are no such request, in any depth.
 */
export function toJson(signal: Signal, body: Uint8Array): string {
  const cursor = new Cursor()
  cursor.open(body)
  const request: JsonObject = {}
  readMessage(cursor, messageOf(requestOf(signal)), { into: request, depth: 1 })
  return JSON.stringify(request)
}

/** Adds what stands up to the cursor's end to an object: a message may come in pieces. */
function readMessage(cursor: Cursor, message: Message, target: { into: JsonObject; depth: number }): void {
  if (target.depth > MAX_MESSAGE_DEPTH) cursor.fail('messages are nested too deeply')
  while (cursor.position < cursor.end) {
    const tag = cursor.tag()
    const field = message.get(tag >>> 3)
    if (field === undefined || !readField(cursor, field, { tag, message, ...target })) cursor.skip(tag)
  }
}

interface Place {
  readonly tag: number
  readonly message: Message
  readonly into: JsonObject
  readonly depth: number
}

/** False, with nothing read, where the wire type is not the field's. */
function readField(cursor: Cursor, field: Field, place: Place): boolean {
  const { kind, name, repeated } = field
  const { into } = place
  const wireType = place.tag & 7
  if (isMessageName(kind)) {
    if (wireType !== LENGTH_DELIMITED) return false
    if (field.oneOf) clearOthers(place.message, name, into)
    const before = into[name]
    const inner = repeated || before === undefined ? {} : (before as JsonObject)
    const outer = cursor.enter()
    readMessage(cursor, messageOf(kind), { into: inner, depth: place.depth + 1 })
    cursor.leave(outer)
    if (repeated) listOf(into, name).push(inner)
    else into[name] = inner
    return true
  }
  if (wireType === WIRE_TYPES[kind]) {
    if (field.oneOf) clearOthers(place.message, name, into)
    if (repeated) listOf(into, name).push(readScalar(cursor, kind))
    else into[name] = readScalar(cursor, kind)
    return true
  }
  if (!repeated || wireType !== LENGTH_DELIMITED) return false
  const outer = cursor.enter()
  const list = listOf(into, name)
  while (cursor.position < cursor.end) list.push(readScalar(cursor, kind))
  cursor.leave(outer)
  return true
}

function listOf(into: JsonObject, name: string): Json[] {
  const list = (into[name] ?? []) as Json[]
  into[name] = list
  return list
}

function clearOthers(message: Message, name: string, into: JsonObject): void {
  for (const other of message.values()) if (other.oneOf && other.name !== name) delete into[other.name]
}

function readScalar(cursor: Cursor, kind: ScalarKind): Json {
  switch (kind) {
    case 'string':
      return readBytes(cursor, 'utf8')
    case 'bytes':
      return readBytes(cursor, 'base64')
    case 'hex':
      return readBytes(cursor, 'hex')
    case 'bool':
      cursor.varint()
      return (cursor.low | cursor.high) !== 0
    case 'int32':
      return cursor.int32()
    case 'uint32':
      return cursor.int32() >>> 0
    case 'sint32': {
      const zigzag = cursor.int32()
      return (zigzag >>> 1) ^ -(zigzag & 1)
    }
    case 'fixed32':
      return cursor.fixed32() >>> 0
    case 'double':
      return readDouble(cursor)
    case 'int64':
    case 'uint64':
      cursor.varint()
      return integer64(cursor, kind === 'int64')
    case 'fixed64':
    case 'sfixed64':
      cursor.fixed64()
      return integer64(cursor, kind === 'sfixed64')
  }
}

function readBytes(cursor: Cursor, encoding: BufferEncoding): string {
  const length = cursor.length()
  const start = cursor.position
  cursor.position = start + length
  return Buffer.from(cursor.bytes.subarray(start, start + length)).toString(encoding)
}

function readDouble(cursor: Cursor): number | string {
  const at = cursor.position
  cursor.fixed64()
  const value = cursor.view.getFloat64(at, true)
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

/** The cursor's two words as decimal text: JSON numbers would be rounded by most readers. */
function integer64(cursor: Cursor, signed: boolean): string {
  const bits = (BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0)
  return String(signed ? bits : BigInt.asUintN(64, bits))
}
