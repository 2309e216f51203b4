import { describe, expect, it } from 'vitest'
import { ArchiveError } from '../../src/archive/lines.ts'
import { checkArchive } from '../../src/archive/reader.ts'
import { exported, file, fill, imported, memoryStore } from './stores.ts'

const ANOTHER = 'import another copy, or export again'

describe('a file that is no whole archive', async () => {
  const store = await memoryStore()
  await fill(store)
  const lines = (await exported(store)).trimEnd().split('\n')
  const all = (changed: readonly string[]): string => `${changed.join('\n')}\n`
  const at = (type: string): number => lines.findIndex((line) => line.startsWith(`{"type":"${type}"`))
  const replaced = (type: string, from: string | RegExp, to: string): string =>
    all(lines.map((line, index) => (index === at(type) ? line.replace(from, to) : line)))
  const without = (type: string): string => all(lines.filter((_, index) => index !== at(type)))
  const last = lines.length

  it.each<[sentence: string, text: string, message: string]>([
    ['empty', '', 'the file is empty; was the export interrupted? export again'],
    [
      'without its end line',
      all(lines.slice(0, -1)),
      `line ${last - 1}: the file stops here, without an end line: it was cut off; ${ANOTHER}`,
    ],
    [
      'cut off in a line',
      all(lines.slice(0, 6)).slice(0, -9),
      `line 6: the file stops in the middle of it: it was cut off; ${ANOTHER}`,
    ],
    ['with garbage in it', all(lines.toSpliced(4, 1, 'garbage')), `line 5: is not JSON; ${ANOTHER}`],
    ['with a blank line', all(lines.toSpliced(4, 0, '')), `line 5: is not JSON; ${ANOTHER}`],
    [
      'that is something else',
      '{"resourceSpans":[]}\n',
      'line 1: is not the first line of an archive; name a file that `cohortd export` has written',
    ],
    [
      'of a later version',
      replaced('archive', '"version":1,"cohortd":"0.1.0"', '"version":2,"cohortd":"3.0.0","more":1'),
      'line 1: is of version 2 of the format (written by cohortd 3.0.0); this cohortd reads version 1; import it with cohortd 3.0.0, or export it anew with this one',
    ],
    [
      'with an unknown kind of line',
      all(lines.toSpliced(4, 0, '{"type":"secret"}')),
      `line 5: is no line of an archive: type: Invalid discriminator value. Expected 'event' | 'record' | 'experiment' | 'writer' | 'row' | 'alerts' | 'end'; ${ANOTHER}`,
    ],
    [
      'with a value of the wrong kind',
      replaced('row', /"slice":-?\d+/, '"slice":"x"'),
      `line ${at('row') + 1}: is no line of an archive: slice: Invalid input: expected number, received string; ${ANOTHER}`,
    ],
    [
      'with an unknown key',
      replaced('writer', '"retired"', '"tired":1,"retired"'),
      `line ${at('writer') + 1}: is no line of an archive: Unrecognized key: "tired"; ${ANOTHER}`,
    ],
    [
      'with bytes that are no base64',
      replaced('row', /"bytes":"./, '"bytes":"*'),
      `line ${at('row') + 1}: is no line of an archive: bytes: Invalid base64-encoded string; ${ANOTHER}`,
    ],
    [
      'with a state that is no JSON',
      replaced('experiment', /"state":"./, '"state":"['),
      `line ${at('experiment') + 1}: is no line of an archive: state: is not JSON text; ${ANOTHER}`,
    ],
    [
      'with a missing line',
      without('alerts'),
      `line ${last - 1}: tells of 1 alerts, the file has 0: lines are missing; ${ANOTHER}`,
    ],
    [
      'with a changed line',
      replaced('row', /"newest_second":\d/, '"newest_second":2'),
      `line ${last}: the checksum is not that of the lines above: something in them was changed; ${ANOTHER}`,
    ],
    [
      'with something behind the end',
      all([...lines, ...lines]),
      `line ${last + 1}: stands after the end line; one file holds one archive; import each by itself`,
    ],
    [
      'with a row of an unknown writer',
      without('writer'),
      `line ${at('row')}: is a row of writer gone, whose own line is missing; ${ANOTHER}`,
    ],
    [
      'with a row of another experiment',
      replaced('row', '"experiment":"checkout"', '"experiment":"search"'),
      `line ${at('row') + 1}: is of experiment search, but stands below checkout; ${ANOTHER}`,
    ],
    [
      'with an event twice',
      all(lines.toSpliced(2, 0, lines[1])),
      `line 3: event ${JSON.parse(lines[1]).id} is not newer than the one above it; ${ANOTHER}`,
    ],
    [
      'with a row twice',
      all(lines.toSpliced(at('row'), 0, lines[at('row')])),
      `line ${at('row') + 2}: repeats an earlier line (${rowKey(lines[at('row')])}); ${ANOTHER}`,
    ],
    [
      'with an experiment twice',
      all(lines.toSpliced(at('experiment'), 0, lines[at('experiment')])),
      `line ${at('experiment') + 2}: experiment checkout is there twice; ${ANOTHER}`,
    ],
    [
      'with an event below an experiment',
      all(lines.toSpliced(at('experiment') + 1, 0, lines[1])),
      `line ${at('experiment') + 2}: event lines stand before the experiments; ${ANOTHER}`,
    ],
  ])('%s is refused with its place, and nothing is written', async (_sentence, text, message) => {
    await expect(checkArchive(file(text))).rejects.toThrow(new ArchiveError(message))
    const to = await memoryStore()
    await expect(imported(to, text)).rejects.toThrow(ArchiveError)
    expect([await to.experiments(), await to.newestEvents(1), await to.records('silence')]).toEqual([[], [], []])
  })

  it('but may end without a line feed', async () => {
    expect(await checkArchive(file(lines.join('\n')))).toEqual({
      counts: { events: 4, records: 3, experiments: 2, writers: 4, rows: 5, alerts: 1 },
      experiments: ['checkout', 'search'],
    })
  })
})

function rowKey(line: string): string {
  const { writer, variant, segment_key, slice } = JSON.parse(line) as Record<string, unknown>
  return JSON.stringify([writer, variant, segment_key, slice])
}
