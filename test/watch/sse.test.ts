import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SseMessage, SseParser } from '../../src/watch/sse.ts'

const encoder = new TextEncoder()

function parse(text: string, ...more: string[]): SseMessage[] {
  const parser = new SseParser()
  return [text, ...more].flatMap((chunk) => parser.push(encoder.encode(chunk)))
}

describe('the event stream parser', () => {
  const cases: Record<string, [string, SseMessage[]]> = {
    'a message ends at the blank line': ['id: 7\ndata: {"a":1}\n\n', [{ id: '7', type: '', data: '{"a":1}' }]],
    'an unfinished message is not given out': ['id: 7\ndata: {"a":1}\n', []],
    'several data lines are joined by newlines': [
      'data: a\ndata:\ndata: b\n\n',
      [{ id: '', type: '', data: 'a\n\nb' }],
    ],
    'only one space after the colon is dropped': ['data:  x\ndata:y\n\n', [{ id: '', type: '', data: ' x\ny' }]],
    'a field without a colon has an empty value': ['data\n\n', [{ id: '', type: '', data: '' }]],
    'comments are skipped': [': heartbeat\n\n:\ndata: x\n: y\n\n', [{ id: '', type: '', data: 'x' }]],
    'lines may end in CRLF': ['id: 1\r\ndata: x\r\n\r\n', [{ id: '1', type: '', data: 'x' }]],
    'lines may end in a lone CR': [
      'id: 1\rdata: x\r\rdata: y\r\r',
      [
        { id: '1', type: '', data: 'x' },
        { id: '1', type: '', data: 'y' },
      ],
    ],
    'the id lasts, the type does not': [
      'event: t\nid: 1\ndata: x\n\ndata: y\n\n',
      [
        { id: '1', type: 't', data: 'x' },
        { id: '1', type: '', data: 'y' },
      ],
    ],
    'a message without data is none, but its id counts': ['id: 3\n\ndata: x\n\n', [{ id: '3', type: '', data: 'x' }]],
    'an id with a NUL is ignored': [
      'id: 1\ndata: x\n\nid: 2\0\ndata: y\n\n',
      [
        { id: '1', type: '', data: 'x' },
        { id: '1', type: '', data: 'y' },
      ],
    ],
    'unknown fields are ignored': ['color: red\ndata: x\n\n', [{ id: '', type: '', data: 'x' }]],
    'a byte order mark at the start is dropped': ['\uFEFFdata: x\n\n', [{ id: '', type: '', data: 'x' }]],
  }
  test.each(Object.entries(cases))('%s', (_name, [text, messages]) => {
    expect(parse(text)).toEqual(messages)
  })

  test('the reconnection delay of the server is kept, nonsense is not', () => {
    const parser = new SseParser()
    parser.push(encoder.encode('retry: soon\n'))
    expect(parser.retryMs).toBeNull()
    parser.push(encoder.encode('retry: 1500\n'))
    expect(parser.retryMs).toBe(1500)
  })

  test('CR at the end of a chunk and LF at the start of the next are one line end', () => {
    expect(parse('data: a\r', '\ndata: b\r', '', '\n\r', '\n')).toEqual([{ id: '', type: '', data: 'a\nb' }])
  })

  test('a message beyond the bound is an error, however it arrives', () => {
    const long = new SseParser({ maxMessageCharacters: 100 })
    expect(() => {
      for (let line = 0; line < 20; line++) long.push(encoder.encode('data: 1234567890\n'))
    }).toThrow(/more than 100 characters/)
    const endless = new SseParser({ maxMessageCharacters: 100 })
    expect(() => endless.push(encoder.encode('x'.repeat(101)))).toThrow(/more than 100 characters/)
  })

  test('the messages do not depend on where the bytes are cut', () => {
    const line = fc.oneof(
      fc.constant(''),
      fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => `data: ${text.replaceAll(/[\r\n]/g, '')}`),
      fc.constantFrom(':c', 'id: 5', 'event: e', 'data', 'data: é😀'),
    )
    const end = fc.constantFrom('\n', '\r\n', '\r')
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end)), fc.array(fc.nat({ max: 400 })), (lines, cuts) => {
        const bytes = encoder.encode(`${lines.flat().join('')}data: end\n\n`)
        const whole = new SseParser().push(bytes)
        const parser = new SseParser()
        const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        )
        const pieces = places.slice(1).flatMap((place, at) => parser.push(bytes.subarray(places[at], place)))
        expect(pieces).toEqual(whole)
        expect(whole.at(-1)?.data.endsWith('end')).toBe(true)
      }),
    )
  })
})
