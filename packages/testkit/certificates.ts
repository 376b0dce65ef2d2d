/**
 * A certificate authority, made with openssl: certificates for this machine and for clients, valid for two
 * days.
 */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Certificates {
  readonly ca: string
  readonly caFile: string
  /** PEM: the private key and then the certificate of 127.0.0.1, whose common name is `broker`. */
  readonly keyFile: string
  /** Creates a certificate for a client with that common name; returns PEM texts. */
  client(commonName: string): Promise<{ cert: string; key: string }>
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: string[]): Promise<unknown> =>
    promisify(execFile)('openssl', args, { cwd: folder })
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const sign = async (name: string): Promise<{ cert: string; key: string }> => {
    await openssl('req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    await openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.crt`,
      '-days',
      '2',
      '-extfile',
      'names.cnf',
    )
    return { cert: read(`${name}.crt`), key: read(`${name}.key`) }
  }
  writeFileSync(join(folder, 'names.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  await openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=Weir test authority',
  )
  const server = await sign('broker')
  const keyFile = join(folder, 'server.pem')
  writeFileSync(keyFile, server.key + server.cert, { mode: 0o600 })
  return { ca: read('ca.crt'), caFile: join(folder, 'ca.crt'), keyFile, client: sign }
}
