// Which unit of time does a metric have? OpenTelemetry writes units in UCUM (https://ucum.org), Micrometer spells them out.
import { ByteNames } from './names.ts'

const PER_SECOND: Readonly<Record<string, number>> = {
  s: 1,
  ms: 1e3,
  us: 1e6,
  µs: 1e6,
  ns: 1e9,
  min: 1 / 60,
  h: 1 / 3600,
  d: 1 / 86_400,
  seconds: 1,
  milliseconds: 1e3,
  microseconds: 1e6,
  nanoseconds: 1e9,
  minutes: 1 / 60,
  hours: 1 / 3600,
  days: 1 / 86_400,
}
const NAMES = new ByteNames(Object.keys(PER_SECOND))
const FACTORS = Object.values(PER_SECOND)

/** How many of the unit that the bytes in `view` spell are a second; 1 where that is no unit of time. */
export function unitsPerSecond(view: DataView, start: number, end: number): number {
  const index = NAMES.find(view, start, end)
  return index < 0 ? 1 : FACTORS[index]
}
