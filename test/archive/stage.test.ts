import { describe, expect, it } from 'vitest'
import { type Stage, stageOf } from '../../src/archive/stage.ts'

/** "w1@3 w2@1x": writers with the number of their latest flush; x: given up. */
function writers(text: string) {
  return text.split(' ').flatMap((one) => {
    const [, writer, sequence, retired] = /^(\w+)@(\d+)(x?)$/.exec(one) ?? []
    return writer === undefined
      ? []
      : [{ writer, sequence: Number(sequence), sealedMinute: -1, name: null, retired: retired === 'x' }]
  })
}

describe('an archive is', () => {
  it.each<[stage: Stage, sentence: string, archived: string, stored: string]>([
    ['new', 'into a store that has nothing', 'w1@3 w2@1x', ''],
    ['same', 'the account that the store has', 'w1@3 w2@1x', 'w1@3 w2@1x'],
    ['same', 'of no counts at all', '', ''],
    ['known', 'older than a flush of the store', 'w1@3', 'w1@4'],
    ['known', 'older than a writer of the store', 'w1@3', 'w1@3 w2@1'],
    ['known', 'from before a writer was given up', 'w1@3', 'w1@3x'],
    ['known', 'of no counts, beside some', '', 'w1@3'],
    ['same', 'the account that the store has, beside an import', 'w1@3', 'w1@3 i1@0x'],
    ['new', 'into a store that was imported into in vain', 'w1@3', 'i1@0x'],
    ['later', 'with a later flush', 'w1@4 w2@1x', 'w1@3 w2@1x'],
    ['later', 'with a writer more', 'w1@3x w2@1', 'w1@3'],
    ['beside', 'into a store with counts of others', 'w1@3', 'w9@4 w8@1x'],
    ['beside', 'with other flushes, nobody given up', 'w1@4 w2@1', 'w1@3 w3@1'],
    ['beside', 'with other flushes, strangers given up', 'w1@4 w2@1x', 'w1@3 w3@1x'],
    ['forked', 'with a later flush of a writer that the store gave up', 'w1@4', 'w1@3x'],
    ['forked', 'with a later flush of a writer that both gave up', 'w1@4x', 'w1@3x'],
    ['forked', 'with its own heir of a writer, beside another heir', 'w1@3x w2@1', 'w1@3x w3@1'],
    ['forked', 'with an heir of a writer that goes on in the store', 'w1@3x w2@1', 'w1@4'],
  ])('%s: %s', (stage, _sentence, archived, stored) => {
    expect(stageOf(writers(archived), writers(stored))).toBe(stage)
  })
})
