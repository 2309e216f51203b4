// Binding a listener, with an error that an operator can act upon.
import type { Server } from 'node:net'
import type { ListenAddress } from '../model/settings.ts'
import { type ListenerNames, listenError } from '../runtime/listen-error.ts'
import type { ReceiverLog } from './receiver.ts'

/**
 * Binds `server`; resolves with the address really bound, rejects with the endpoint, the reason and the remedy in one message.
 * What goes wrong later (no file descriptor for a connection) goes to the log and ends nothing.
 */
export function listen(
  server: Server,
  address: ListenAddress,
  names: ListenerNames & { readonly log: ReceiverLog | undefined },
): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, address, names))
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
