// Binding a listener, with an error that an operator can act upon.
import type { Server } from 'node:net'
import type { ListenAddress } from '../model/settings.ts'
import type { ReceiverLog } from './receiver.ts'

/**
 * Binds `server`; resolves with the address really bound, rejects with the endpoint, the reason and the remedy in one message.
 * What goes wrong later (no file descriptor for a connection) goes to the log and ends nothing.
 */
export function listen(
  server: Server,
  address: ListenAddress,
  names: { readonly listener: string; readonly setting: string; readonly log: ReceiverLog | undefined },
): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const endpoint = `${bracketed(address.host)}:${address.port}`
      const remedy = remedyFor(error.code, names.setting)
      reject(new Error(`${names.listener} cannot listen on ${endpoint}: ${error.message}. ${remedy}`, { cause: error }))
    }
    server.once('error', onError)
    server.listen({ host: address.host, port: address.port, backlog: 511 }, () => {
      server.removeListener('error', onError)
      server.on('error', (err) => names.log?.warn({ err }, `${names.listener} failed to take a connection`))
      const bound = server.address()
      if (bound === null || typeof bound === 'string') reject(new Error(`${names.listener} has no network address`))
      else resolve({ host: bound.address, port: bound.port })
    })
  })
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function remedyFor(code: string | undefined, setting: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Another program holds the port: stop it, or set ${setting} to another port (0 for any free one).`
    case 'EACCES':
      return `The port is not allowed to this user: set ${setting} to a port above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `This machine has no such address: set ${setting} to one of its own, such as 127.0.0.1 or 0.0.0.0.`
    default:
      return `Check ${setting}.`
  }
}
