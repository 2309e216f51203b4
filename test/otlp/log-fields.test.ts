// One log record at a time, in both encodings: what of it may be told in several places, and what counts as not told.
import { describe, expect, test, vi } from 'vitest'
import { Vocabulary } from '../../src/model/vocabulary.ts'
import { DecodeError } from '../../src/otlp/cursor.ts'
import { LogDecoder } from '../../src/otlp/logs.ts'
import { LogJsonDecoder } from '../../src/otlp/logs-json.ts'
import { MAX_SEVERITY_TEXT, severityOfText } from '../../src/otlp/severity.ts'
import { StringTable } from '../../src/otlp/strings.ts'
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

  test.each([-(2 ** 31), -17, -1, 0, 25, 255, 17 + 256, 2 ** 31 - 1])(
    'the severity number %i is none, and a known text decides',
    (severityNumber) => {
      expect(read({ severityNumber }).severity).toBe(0)
      expect(read({ severityNumber, severityText: 'whatever' }).severity).toBe(0)
      expect(read({ severityNumber, severityText: 'ERROR2' }).severity).toBe(18)
    },
  )

  test('every other number counts, whatever the text', () => {
    for (let severityNumber = 1; severityNumber <= 24; severityNumber++)
      expect(read({ severityNumber, severityText: 'FATAL4' }).severity).toBe(severityNumber)
  })

  test('a severity text longer than any known one is not decoded', () => {
    const decoded = vi.spyOn(StringTable.prototype, 'text')
    try {
      expect(read({ severityText: 'INFORMATION4' }).severity).toBe(12)
      expect(decoded).toHaveBeenCalled()
      decoded.mockClear()
      for (const severityText of [
        'INFORMATION44',
        'ERROR'.padEnd(MAX_SEVERITY_TEXT + 1),
        'ü'.repeat(MAX_SEVERITY_TEXT),
      ])
        expect(read({ severityText }).severity).toBe(0)
      expect(decoded).not.toHaveBeenCalled()
    } finally {
      decoded.mockRestore()
    }
  })

  test('no severity stays from the record before', () => {
    const logRecords = [{ severityNumber: 17 }, {}, { severityText: 'ERROR' }, {}, { severityText: 'ERROR'.repeat(9) }]
    const logs = decodeLogs(decoder, encode({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), vocabulary)
    expect(logs.map(({ severity }) => severity)).toEqual([17, 0, 17, 0, 0])
  })
})

describe('the severity of a text', () => {
  test.each([
    ['ERROR', 17],
    ['error', 17],
    ['ERROR3', 19],
    ['Warning', 13],
    ['CRITICAL', 21],
    ['FATAL4', 24],
    ['ERROR5', 0],
    ['', 0],
    ['whatever', 0],
  ])('%s is %i', (given, expected) => {
    expect(severityOfText(given)).toBe(expected)
  })
})

describe('a log record in JSON, as only JSON can tell it', () => {
  const decoder = new LogJsonDecoder(vocabulary)
  const read = (members: string): PlainLog =>
    decodeLogs(decoder, Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${members}}]}]}]}`), vocabulary)[0]

  test.each([
    ['17', 17],
    ['17.0', 17],
    ['1.7e1', 17],
    ['null', 9],
    ['-0', 9],
    ['4294967313', 9],
    ['9007199254740993', 9],
    ['-9223372036854775808', 9],
    ['1e18', 9],
  ])('the severity number %s beside the text "info" is %i', (source, expected) => {
    expect(read(`"severityNumber":${source},"severityText":"info"`).severity).toBe(expected)
    expect(read(`"severityText":"info","severityNumber":${source}`).severity).toBe(expected)
  })

  test.each([
    ['"SEVERITY_NUMBER_ERROR"', 'expected a number'],
    ['"ERROR"', 'expected a number'],
    ['"17"', 'expected a number'],
    ['true', 'expected a number'],
    ['{}', 'expected a number'],
    ['17.5', 'expected a 64-bit integer'],
    ['1e300', 'expected a 64-bit integer'],
  ])('the severity number %s is refused: no error may pass for none', (source, reason) => {
    expect(() => read(`"severityNumber":${source}`)).toThrow(DecodeError)
    expect(() => read(`"severityNumber":${source}`)).toThrow(
      `${reason} at resourceLogs[0].scopeLogs[0].logRecords[0].severityNumber,`,
    )
  })

  test('null is the default, everywhere', () => {
    const members = [
      'timeUnixNano',
      'observedTimeUnixNano',
      'severityNumber',
      'severityText',
      'body',
      'attributes',
      'traceId',
      'eventName',
    ]
    expect(read(members.map((member) => `"${member}":null`).join())).toEqual(read(''))
    expect(read('"body":{"stringValue":null},"attributes":[{"key":null,"value":null}]')).toEqual(read(''))
    expect(read('"body":{"stringValue":"control","intValue":null}').eventName).toBe('control')
  })

  test('texts with escapes in them are what they spell', () => {
    expect(read('"severityText":"\\u0045RROR"').severity).toBe(17)
    expect(read('"body":{"stringValue":"contro\\u006c"}').eventName).toBe('control')
    expect(read('"attributes":[{"key":"event\\u002ename","value":{"stringValue":"x"}}]').eventName).toBe('x')
  })
})
