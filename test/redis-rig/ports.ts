// Ports for servers that are killed and come back on the same one: below the range from which the system gives ports to outgoing connections,
// so that none of those sits on it meanwhile; and with room for the bus of a Cluster node, 10,000 above.
import { createServer } from 'node:net'

const FIRST = 17_000
const COUNT = 5000
const BUS_OFFSET = 10_000

/** Begins anywhere, so that test runs beside each other seldom try the same ports. */
let next = Math.floor(Math.random() * COUNT)

/** A port that is free now, its bus port too, and given to nobody else by this process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < COUNT; attempt++) {
    const port = FIRST + (next++ % COUNT)
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port
  }
  throw new Error(`no free port from ${FIRST} to ${FIRST + COUNT - 1}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
