// The index against a plain map, over words that collide.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StreamIndex } from '../../src/streams/stream-index.ts'

class Entry {
  readonly word: number
  readonly rest: number

  constructor(word: number, rest: number) {
    this.word = word
    this.rest = rest
  }

  is(stream: Uint32Array): boolean {
    return this.word === (stream[0] | 0) && this.rest === (stream[1] | 0)
  }
}

const id = fc.tuple(fc.oneof(fc.constantFrom(0, 1, 62, 63, 64, -1, 2 ** 31 - 1), fc.integer()), fc.nat(20))

test('finds what a map finds, whatever was added and taken away', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(id, fc.boolean()), { maxLength: 300 }), (steps) => {
      const index = new StreamIndex<Entry>()
      const map = new Map<string, Entry>()
      for (const [[word, rest], isAdded] of steps) {
        const known = map.get(`${word}.${rest}`)
        expect(index.find(Uint32Array.of(word, rest))).toBe(known ?? null)
        if (isAdded && known === undefined) {
          const entry = new Entry(word, rest)
          index.add(entry)
          map.set(`${word}.${rest}`, entry)
        } else if (!isAdded && known !== undefined) {
          index.delete(known)
          map.delete(`${word}.${rest}`)
        }
        expect(index.size).toBe(map.size)
      }
      for (const entry of map.values()) expect(index.find(Uint32Array.of(entry.word, entry.rest))).toBe(entry)
    }),
  )
})

test('tells each once, also where they are taken away meanwhile', () => {
  const index = new StreamIndex<Entry>()
  for (let word = 0; word < 200; word++) index.add(new Entry(word * 64, word))
  const told: number[] = []
  index.forEach((entry) => {
    told.push(entry.rest)
    if (entry.rest % 2 === 0) index.delete(entry)
  })
  expect(told.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, at) => at))
  expect(index.size).toBe(100)
  index.forEach((entry) => expect(entry.rest % 2).toBe(1))
})
