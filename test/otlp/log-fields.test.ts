// One log record at a time, in both encodings: what of it may be told in several places, and what counts as not told.
import { describe, expect, test } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { LogDecoder } from '../../src/otlp/logs.ts'
import { LogJsonDecoder } from '../../src/otlp/logs-json.ts'
import { decodeLogs, type PlainLog } from './plain-logs.ts'
import { requests } from './proto.ts'

const vocabulary = new Vocabulary({ names: ['a'], events: ['control', ''] })
const request = requests.lookupType('ExportLogsServiceRequest')

const asJson = (content: object): Uint8Array => Buffer.from(JSON.stringify(content))
const asProtobuf = (content: object): Uint8Array => request.encode(request.fromObject(content)).finish()
const encodings = [
  { name: 'protobuf', encode: asProtobuf, decoder: new LogDecoder(vocabulary) },
  { name: 'JSON', encode: asJson, decoder: new LogJsonDecoder(vocabulary) },
]

describe.each(encodings)('a log record in $name', ({ encode, decoder }) => {
  const read = (record: object): PlainLog =>
    decodeLogs(decoder, encode({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }), vocabulary)[0]
  const attribute = (value: object) => ({ attributes: [{ key: 'event.name', value }] })
  const body = (stringValue: string) => ({ body: { stringValue } })

  test.each<[string, object, string]>([
    ['the field', { eventName: 'x', ...attribute({ stringValue: 'y' }), ...body('control') }, 'x'],
    ['else the attribute', { ...attribute({ stringValue: 'y' }), ...body('control') }, 'y'],
    ['else a body that is asked for', body('control'), 'control'],
    ['else a body that tells of a flag evaluation', body('feature_flag.evaluation'), 'feature_flag.evaluation'],
    ['the attribute, where the field is empty', { eventName: '', ...attribute({ stringValue: 'y' }) }, 'y'],
    ['the body, where the attribute is empty', { ...attribute({ stringValue: '' }), ...body('control') }, 'control'],
    ['the body, where the attribute is no text', { ...attribute({ intValue: '7' }), ...body('control') }, 'control'],
    ['the body, where the attribute has no value', { ...attribute({}), ...body('control') }, 'control'],
  ])('the name of its event is %s', (_sentence, record, expected) => {
    expect(read(record).eventName).toBe(expected)
  })

  test.each<[string, object]>([
    ['nothing at all', {}],
    ['an empty name', { eventName: '' }],
    ['an attribute that is no text', attribute({ boolValue: true })],
    ['an attribute that is a list', attribute({ arrayValue: { values: [{ stringValue: 'control' }] } })],
    ['an attribute that is bytes', attribute({ bytesValue: 'Y29udHJvbA==' })],
    ['another attribute', { attributes: [{ key: 'event.nam', value: { stringValue: 'control' } }] }],
    ['an attribute without a key', { attributes: [{ value: { stringValue: 'control' } }] }],
    ['another text', body('user 17 logged in')],
    ['a text that begins with a known name', body('control group')],
    ['a text that a known name begins with', body('contro')],
    ['an empty text, though somebody asks for it', body('')],
    ['an empty body', { body: {} }],
    ['a body that is a number', { body: { intValue: '7' } }],
    ['a body that holds a known name', { body: { arrayValue: { values: [{ stringValue: 'control' }] } } }],
    [
      'a body that is a map with a known name',
      { body: { kvlistValue: { values: [{ key: 'event.name', value: { stringValue: 'control' } }] } } },
    ],
  ])('with %s it has no name', (_sentence, record) => {
    expect(read(record).eventName).toBe('')
  })

  test('no name stays from the record before', () => {
    const named = [{ eventName: 'x' }, attribute({ stringValue: 'y' }), body('control')]
    const logRecords = named.flatMap((record) => [record, {}])
    const names = decodeLogs(decoder, encode({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), vocabulary)
    expect(names.map(({ eventName }) => eventName)).toEqual(['x', '', 'y', '', 'control', ''])
  })
})
