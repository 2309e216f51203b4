// Whether everybody was told the same, in order, once; and whether what burns at the end is told to burn.
import type { BurnEventData, CohortEvent, PublishedEvent } from '../../src/model/event.ts'
import { compareEventIds } from '../../src/model/event.ts'
import { isSplitService } from './generate.ts'
import { loses } from './plan.ts'
import { SETTINGS, SLICES } from './settings.ts'
import type { Part } from './traffic.ts'
import type { World } from './world.ts'

export function checkEvents(world: World): string[] {
  return [...wrongOrder(world), ...missed(world), ...wrongLives(world), ...toldTwice(world), ...wrongAlerts(world)]
}

function wrongOrder({ replicas, server }: World): string[] {
  const streams = [
    ...replicas.map(({ stream }, at) => ({ whose: `process ${at}`, stream })),
    { whose: 'the store', stream: server.events },
  ]
  return streams.flatMap(({ whose, stream }) =>
    stream.flatMap(({ id }, at) =>
      at > 0 && compareEventIds(id, stream[at - 1].id) <= 0
        ? [`${whose} tells event ${id} after ${stream[at - 1].id}`]
        : [],
    ),
  )
}

/** Every event of the store is told by every replica that runs, and nothing else, as long as the store has not lost any. */
function missed({ running, server, plan }: World): string[] {
  if (plan.actions.some(loses)) return []
  const stored = new Map(server.events.map(({ id, json }) => [id, json]))
  return running.flatMap(({ stream }, at) => {
    const told = new Map(stream.map(({ id, json }) => [id, json]))
    const lacking = [...stored].filter(([id, json]) => told.get(id) !== json).map(([id]) => id)
    const other = [...told.keys()].filter((id) => !stored.has(id))
    return [
      ...lacking.map((id) => `running replica ${at} did not tell event ${id} of the store`),
      ...other.map((id) => `running replica ${at} told event ${id}, which is not in the store`),
    ]
  })
}

/** An alert fires, perhaps changes, and is resolved before it fires again. */
function wrongLives({ server, running, plan }: World): string[] {
  if (plan.actions.some(loses)) return []
  return [server.events, ...running.map(({ stream }) => stream)].flatMap(livesOf)
}

function livesOf(stream: readonly PublishedEvent[]): string[] {
  const firing = new Set<string>()
  return burnEvents(stream).flatMap(({ id, type, subject, data }) => {
    const name = `${subject} ${(data as BurnEventData).slo}`
    const was = firing.has(name)
    if (type === 'cohortd.burn.resolved') firing.delete(name)
    else firing.add(name)
    const isRight = type === 'cohortd.burn.firing' ? !was : was
    return isRight ? [] : [`event ${id}: ${name} is told ${type} while it ${was ? 'fires' : 'does not fire'}`]
  })
}

function burnEvents(stream: readonly PublishedEvent[]): CohortEvent[] {
  return stream
    .map(({ json }) => JSON.parse(json) as CohortEvent)
    .filter(({ type }) => type.startsWith('cohortd.burn.'))
}

/** Whoever acts on an event when it is known to the world acts once. */
function toldTwice({ replicas }: World): string[] {
  const told = replicas.flatMap((replica) => replica.told)
  return [...Map.groupBy(told, ({ json }) => json)].flatMap(([, same]) =>
    same.length > 1 ? [`event ${same[0].id} was known to the world ${same.length} times`] : [],
  )
}

/** All replicas agree on what fires; what must fires, what cannot does not; and the events say so. */
function wrongAlerts(world: World): string[] {
  const { running, server, plan } = world
  const firing = running.map(({ engine }) =>
    engine
      .firing()
      .map(({ tracked, slo }) => `${[tracked.experiment, tracked.variant, ...tracked.segments].join('/')} ${slo.name}`)
      .sort(),
  )
  const problems: string[] = []
  for (const [at, names] of firing.entries())
    if (names.join() !== firing[0].join())
      problems.push(
        `running replica ${at} says that these fire: ${names.join(', ')}; replica 0: ${firing[0].join(', ')}`,
      )
  if (!plan.actions.some(loses)) {
    const open = openIncidents(server.events)
    if (open.join() !== firing[0].join())
      problems.push(`by the events these fire: ${open.join(', ')}; by the reports: ${firing[0].join(', ')}`)
  }
  const second = running[0].engine.evaluatedMs / 1000
  return [...problems, ...wrongJudgements(firing[0], [...server.state.parts.all()], second)]
}

function openIncidents(stream: readonly PublishedEvent[]): string[] {
  const open = new Set<string>()
  for (const { type, subject, data } of burnEvents(stream)) {
    const name = `${subject} ${(data as BurnEventData).slo}`
    if (type === 'cohortd.burn.resolved') open.delete(name)
    else open.add(name)
  }
  return [...open].sort()
}

function wrongJudgements(firing: readonly string[], parts: readonly Part[], second: number): string[] {
  const cohorts = Map.groupBy(
    parts.filter(({ service }) => !isSplitService(service)),
    ({ experiment, variant, service }) => `${experiment}/${variant}/${service} ${SETTINGS.slos[0].name}`,
  )
  return [...cohorts].flatMap(([name, ofCohort]) => {
    const fires = firing.includes(name)
    if (!fires && mustFire(ofCohort, second)) return [`${name} burns and does not fire`]
    return fires && !mayFire(ofCohort, second) ? [`${name} fires and does not burn`] : []
  })
}

function mustFire(parts: readonly Part[], second: number): boolean {
  const { policy } = SETTINGS.slos[0]
  return policy.rules.some(({ factor, longSeconds, shortSeconds }) => {
    const long = within(parts, longSeconds, second)
    const bad = long.filter(({ good }) => !good[0]).length
    return (
      long.length >= policy.minEvents &&
      bad >= policy.minBad &&
      burnOf(long) >= factor * (1 - 1e-9) &&
      burnOf(within(parts, shortSeconds, second)) >= factor * (1 - 1e-9)
    )
  })
}

function mayFire(parts: readonly Part[], second: number): boolean {
  return SETTINGS.slos[0].policy.rules.some(
    ({ factor, shortSeconds }) => burnOf(within(parts, shortSeconds, second)) >= factor * (1 - 1e-9),
  )
}

function within(parts: readonly Part[], window: number, now: number): Part[] {
  const start = SLICES.windowStart(SLICES.windows.indexOf(window), now)
  return parts.filter(({ second }) => second > start && second <= now)
}

function burnOf(parts: readonly Part[]): number {
  const bad = parts.filter(({ good }) => !good[0]).length
  return parts.length === 0 ? 0 : bad / parts.length / (1 - SETTINGS.slos[0].objective!)
}
