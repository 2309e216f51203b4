// Whether everything was counted that had to be, once, and every replica knows.
import { countNaively, countsOf, differences, splitCountsOf } from './counts.ts'
import { loses } from './plan.ts'
import { SETTINGS } from './settings.ts'
import { identityOf, isTimely, type Part, partsOf } from './traffic.ts'
import type { CountingAct, World } from './world.ts'

/** How long a writer is taken for alive, and how long what it has sent may be on its way. */
const HEARD_OF_MS = 10_000 + 8000
const NOTHING: ReadonlySet<string> = new Set()

export function checkCounts(world: World): string[] {
  return [
    ...unanswered(world),
    ...notHandedOver(world),
    ...wrongReports(world),
    ...(world.plan.ack === 'durable' ? notOnce(world) : neverCounted(world)),
    ...wrongSplits(world),
    ...unbooked(world),
  ]
}

function unanswered({ clients }: World): string[] {
  return clients.flatMap(({ request, acknowledged, attempts, lastAnswer }) =>
    acknowledged === null
      ? [`request ${request.number} was not acknowledged in ${attempts} attempts; the last answer was ${lastAnswer}`]
      : [],
  )
}

/** What a replica counted and did not take back is in the store. */
function notHandedOver({ running, accounts, books, server }: World): string[] {
  return running.flatMap((replica) => {
    const { writer } = accounts.get(replica)!
    return replica.engine.experimentIds.flatMap((experiment) => {
      const held = books.get(writer)!.holds(experiment)
      const stored = server.state.parts.of(writer, experiment)
      const missing = held.difference(stored).size
      const extra = stored.difference(held).size
      return missing + extra === 0
        ? []
        : [
            `of ${experiment} the store lacks ${missing} items that ${writer} counted, and has ${extra} that it took back`,
          ]
    })
  })
}

function wrongReports({ running, server }: World): string[] {
  return running.flatMap(({ engine }, at) => {
    const expected = countNaively(server.state.parts.all(), engine.evaluatedMs / 1000)
    return differences(expected, countsOf(engine.experiments()), `running replica ${at}`)
  })
}

/** Durably acknowledged: every item exactly once. */
function notOnce(world: World): string[] {
  const { clients, server, plan } = world
  const isLossy = plan.actions.some(loses)
  const stored = Map.groupBy(server.state.parts.all(), nameOf)
  const acts = Map.groupBy(world.acts, ({ request }) => request)
  return clients.flatMap(({ request }) => {
    const times = (acts.get(request.number) ?? []).map(({ nowMs }) => nowMs)
    const possible = times.map((nowMs) => new Map(partsOf(request, nowMs, NOTHING).map((part) => [nameOf(part), part])))
    const names = new Set(possible.flatMap((one) => [...one.keys()]))
    return [...names].flatMap((name) => {
      const count = stored.get(name)?.length ?? 0
      const isCertain = possible.every((one) => one.has(name))
      if (count === 1 || (count === 0 && !isCertain) || isLossy) return []
      return [`${name} was acknowledged and counted ${count} times`]
    })
  })
}

function nameOf({ request, span, experiment, variant }: Part): string {
  return `span ${span} of request ${request} in ${experiment}/${variant}`
}

/** Acknowledged in memory: counted by somebody at least, whatever was lost with him. */
function neverCounted({ clients, acts }: World): string[] {
  return clients.flatMap(({ request, acknowledged }) =>
    acknowledged === null || acts.some((act) => act.request === request.number)
      ? []
      : [`request ${request.number} was acknowledged and never counted`],
  )
}

/** Spans that waited for another request of their trace. */
function wrongSplits(world: World): string[] {
  const { running, requests, plan } = world
  const counts = running.map(({ engine }) => splitCountsOf(engine.experiments()))
  const waiting = [...requests.values()].filter(({ spans }) => spans[0].service.startsWith('split-'))
  return waiting.flatMap((request) => {
    const told = counts.map((ofReplica) => ofReplica.get(request.spans[0].service) ?? 0)
    const telling = requests.get(identityOf({ number: request.number + 1 }))
    const acts = world.acts.filter((act) => act.request === request.number)
    const tellingActs = world.acts.filter((act) => act.request === telling?.number)
    const most = plan.ack === 'durable' ? 1 : acts.length
    const isDue = mustInherit(world, acts, tellingActs)
    const what = `the span of request ${request.number}, whose trace request ${request.number + 1} tells,`
    if (new Set(told).size > 1) return [`${what} was counted ${told.join(', ')} times, depending on who is asked`]
    if (plan.actions.some(loses)) return []
    if (told[0] > most) return [`${what} was counted ${told[0]} times`]
    return isDue && told[0] < 1 ? [`${what} was not counted`] : []
  })
}

/** Whether both were received once, in time, the one acknowledged before the other came, and what came of it is in nobody's memory alone. */
function mustInherit(world: World, acts: readonly CountingAct[], tellingActs: readonly CountingAct[]): boolean {
  const { clients, requests, running, accounts, plan } = world
  if (acts.length !== 1 || tellingActs.length !== 1) return false
  const [first, second] = [acts[0], tellingActs[0]]
  const acknowledged = clients.find(({ request }) => request.number === first.request)?.acknowledged
  const waitedMs = second.nowMs - first.nowMs
  if (!acknowledged || acknowledged.atMs > second.atMs || waitedMs < 0 || waitedMs > SETTINGS.inheritMs) return false
  const isTaken = ({ request, nowMs }: CountingAct): boolean => {
    const planned = requests.get(identityOf({ number: request }))!
    return isTimely(planned, planned.spans[0], nowMs)
  }
  if (!isTaken(first) || !isTaken(second)) return false
  const survives = running.some((replica) => accounts.get(replica)!.writer === second.writer)
  // A shared store takes a writer for alive for a while after its last word, and hands its journal to nobody.
  const shortestMs = plan.store === 'shared' ? HEARD_OF_MS : 0
  if (world.shortestAbsenceMs(first.slot, first.incarnation, second.incarnation) < shortestMs) return false
  return (
    plan.ack === 'durable' || (first.incarnation === second.incarnation && first.writer === second.writer && survives)
  )
}

/** Received = counted + refused, to the item. */
function unbooked({ running, accounts }: World): string[] {
  return running.flatMap((replica, at) => {
    const report = replica.engine.items().traces
    if (!('received' in report)) return []
    const { received, attributed, unattributed, pending, duplicate, refused } = report
    const sum = attributed + unattributed + pending + duplicate + Object.values(refused).reduce((a, b) => a + b, 0)
    const given = accounts.get(replica)!.received
    return received === sum && received >= given
      ? []
      : [`running replica ${at} was given ${given} spans, and books ${received} received, of which ${sum} somewhere`]
  })
}
