// Why a port could not be had, with the remedy: the same words for every listener.

/** What cannot listen, and the key of the configuration that says where it does. */
export interface ListenerNames {
  readonly listener: string
  readonly setting: string
}

/** An error that an operator can act upon: the endpoint, the reason and the remedy in one message. */
export function listenError(
  error: NodeJS.ErrnoException,
  address: { readonly host: string; readonly port: number },
  { listener, setting }: ListenerNames,
): Error {
  const endpoint = `${bracketed(address.host)}:${address.port}`
  const remedy = remedyFor(error.code, setting)
  return new Error(`${listener} cannot listen on ${endpoint}: ${error.message}. ${remedy}`, { cause: error })
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
