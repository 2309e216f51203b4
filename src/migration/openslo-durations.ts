// Durations of OpenSLO: a whole number and one letter, months among them.

const MINUTE = 60
const DAY = 1440 * MINUTE
const SECONDS: Readonly<Record<string, number>> = {
  m: MINUTE,
  h: 60 * MINUTE,
  d: DAY,
  w: 7 * DAY,
  M: 30 * DAY,
  Q: 90 * DAY,
  Y: 365 * DAY,
}
/** The longest window of cohortd. */
export const LONGEST_SECONDS = 30 * DAY

/** Seconds of `1h`, `4w` or `1M` (a month is 30 days, a quarter 90, a year 365); null where it is none, or zero. */
export function durationSeconds(text: string): number | null {
  const parts = /^(\d{1,9})([mhdwMQY])$/.exec(text)
  const seconds = parts === null ? 0 : Number(parts[1]) * SECONDS[parts[2]]
  return seconds > 0 ? seconds : null
}
