// A certificate authority of a day, with certificates for a server at 127.0.0.1 and for a client.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Paths of PEM files. */
export interface Certificates {
  readonly caFile: string
  readonly serverCert: string
  readonly serverKey: string
  readonly clientCert: string
  readonly clientKey: string
}

export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string): string => join(folder, name)
  const ca = { cert: at('ca.crt'), key: at('ca.key') }
  await openssl(['req', '-x509', '-subj', '/CN=test authority', '-days', '1', '-keyout', ca.key, '-out', ca.cert])
  const signed = async (name: string, extension: string): Promise<void> => {
    const request = at(`${name}.csr`)
    const extensions = at(`${name}.ext`)
    await writeFile(extensions, extension)
    await openssl(['req', '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', request])
    const by = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial']
    await run(['x509', '-req', '-in', request, ...by, '-days', '1', '-extfile', extensions, '-out', at(`${name}.crt`)])
  }
  await signed('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  await signed('client', 'extendedKeyUsage=clientAuth\n')
  return {
    caFile: ca.cert,
    serverCert: at('server.crt'),
    serverKey: at('server.key'),
    clientCert: at('client.crt'),
    clientKey: at('client.key'),
  }
}

function openssl(args: readonly string[]): Promise<void> {
  return run([...args, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'])
}

async function run(args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('openssl', args)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code === 'ENOENT' ? 'install openssl, e.g. apt-get install openssl' : message, { cause: error })
  }
}
