// The bytes of a partial: what one writer knows of one SLI of one cohort. It names its slices by granularity and number, so a
// series with another plan can take it. Layout, version 1 (numbers are varints unless they are called doubles):
//   byte     version
//   byte     1 when there are weights, 2 when there are corrected sums, 3 when there are both, else 0
//   last recorded second; items since the beginning: good, bad; [doubles: extra good, extra bad]
//   groups of slices: how many, then for each
//     granularity, how many slices, then for each slice, ascending
//       number: the first as it is, the others as the distance to the one before
//       good items, bad items; [doubles: extra good, extra bad]
//   digests: granularity, how many, then for each its number (as above), [double: the correction of its sum], and itself (sketch/tdigest-codec.ts)
// Slice n of granularity g covers the seconds (n g, (n + 1) g]. Extra is weighted count minus items; it stands in brackets
// because only series that have seen a weight other than 1 have it. Sums are corrected of values that came in buckets.
import { ByteReader, ByteWriter, MalformedBytesError } from '../sketch/bytes.ts'
import type { TDigest } from '../sketch/tdigest.ts'
import { readDigest, writeDigest } from '../sketch/tdigest-codec.ts'

const VERSION = 1
const WEIGHTED = 1
const CORRECTED = 2

/** The bytes are no partial that this version can read. */
export class PartialError extends Error {
  override readonly name = 'PartialError'
}

/** Slices of one granularity, five numbers each: number, good items, bad items, extra good, extra bad; ascending by number. */
export interface SliceGroup {
  readonly granularity: number
  readonly slices: readonly number[]
}
export const SLICE_NUMBERS = 5

export interface Partial {
  readonly lastRecordedSecond: number
  readonly weighted: boolean
  /** Since the beginning: good items, bad items, extra good, extra bad. */
  readonly totals: readonly [number, number, number, number]
  readonly groups: readonly SliceGroup[]
  readonly digestGranularity: number
  readonly digests: readonly (readonly [number: number, digest: TDigest])[]
}

export function encodePartial(partial: Partial): Uint8Array {
  const writer = new ByteWriter()
  writer.byte(VERSION)
  const isCorrected = partial.digests.some(([, { sumCorrection }]) => sumCorrection !== 0)
  writer.byte((partial.weighted ? WEIGHTED : 0) + (isCorrected ? CORRECTED : 0))
  writer.varint(partial.lastRecordedSecond)
  writeCounts(writer, partial.totals, 0, partial.weighted)
  writer.varint(partial.groups.length)
  for (const group of partial.groups) writeGroup(writer, group, partial.weighted)
  writer.varint(partial.digestGranularity)
  writer.varint(partial.digests.length)
  let before = 0
  for (const [number, digest] of partial.digests) {
    writer.varint(number - before)
    before = number
    if (isCorrected) writer.double(digest.sumCorrection)
    writeDigest(writer, digest)
  }
  return writer.finish()
}

/** Throws PartialError where the bytes are not a whole and valid partial. */
export function decodePartial(bytes: Uint8Array): Partial {
  try {
    return readPartial(new ByteReader(bytes))
  } catch (error) {
    if (error instanceof MalformedBytesError)
      throw new PartialError(`not a partial: ${error.message}`, { cause: error })
    throw error
  }
}

function readPartial(reader: ByteReader): Partial {
  const version = reader.byte()
  if (version !== VERSION) throw new MalformedBytesError(`version ${version} is unknown`)
  const flags = reader.byte()
  if (flags > WEIGHTED + CORRECTED) throw new MalformedBytesError('unknown flags')
  const weighted = (flags & WEIGHTED) !== 0
  const lastRecordedSecond = reader.varint()
  const totals: [number, number, number, number] = [0, 0, 0, 0]
  totals[0] = reader.varint()
  totals[1] = reader.varint()
  if (weighted) {
    totals[2] = amount(reader)
    totals[3] = amount(reader)
  }
  const groups: SliceGroup[] = []
  for (let count = reader.countOf(2); count > 0; count--) groups.push(readGroup(reader, weighted))
  const digestGranularity = granularityOf(reader)
  const digests: [number, TDigest][] = []
  let number = 0
  for (let count = reader.countOf(2), first = true; count > 0; count--, first = false) {
    number = nextNumber(reader, number, first, digestGranularity)
    const correction = (flags & CORRECTED) === 0 ? 0 : amount(reader)
    const digest = readDigest(reader)
    digest.correctSum(correction)
    digests.push([number, digest])
  }
  reader.end()
  return { lastRecordedSecond, weighted, totals, groups, digestGranularity, digests }
}

function writeGroup(writer: ByteWriter, group: SliceGroup, weighted: boolean): void {
  writer.varint(group.granularity)
  writer.varint(group.slices.length / SLICE_NUMBERS)
  let before = 0
  for (let at = 0; at < group.slices.length; at += SLICE_NUMBERS) {
    writer.varint(group.slices[at] - before)
    before = group.slices[at]
    writeCounts(writer, group.slices, at + 1, weighted)
  }
}

function readGroup(reader: ByteReader, weighted: boolean): SliceGroup {
  const granularity = granularityOf(reader)
  const slices: number[] = []
  let number = 0
  for (let count = reader.countOf(3), first = true; count > 0; count--, first = false) {
    number = nextNumber(reader, number, first, granularity)
    const good = reader.varint()
    const bad = reader.varint()
    if (good + bad === 0) throw new MalformedBytesError('a slice is empty')
    slices.push(number, good, bad, weighted ? amount(reader) : 0, weighted ? amount(reader) : 0)
  }
  return { granularity, slices }
}

function writeCounts(writer: ByteWriter, counts: readonly number[], at: number, weighted: boolean): void {
  writer.varint(counts[at])
  writer.varint(counts[at + 1])
  if (!weighted) return
  writer.double(counts[at + 2])
  writer.double(counts[at + 3])
}

function granularityOf(reader: ByteReader): number {
  const granularity = reader.varint()
  if (granularity === 0) throw new MalformedBytesError('a granularity is 0')
  return granularity
}

function nextNumber(reader: ByteReader, before: number, first: boolean, granularity: number): number {
  const distance = reader.varint()
  if (distance === 0 && !first) throw new MalformedBytesError('two slices have the same number')
  const number = before + distance
  if ((number + 1) * granularity > Number.MAX_SAFE_INTEGER)
    throw new MalformedBytesError('a slice lies beyond all time')
  return number
}

/** Extra weight is negative where weights were below 1. */
function amount(reader: ByteReader): number {
  const value = reader.double()
  if (value - value !== 0) throw new MalformedBytesError('an amount is not finite')
  return value
}
