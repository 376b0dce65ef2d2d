/** An authority and a certificate for 127.0.0.1, valid for two days, by openssl. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Certificates {
  readonly ca: string
  readonly caFile: string
  /** PEM: the server's private key and then its certificate. */
  readonly keyFile: string
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: string[]): Promise<unknown> => promisify(execFile)('openssl', args, { cwd: folder })
  writeFileSync(join(folder, 'names.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  await openssl('req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=Weir test authority')
  await openssl('req', ...NEW_KEY, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  await openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.crt', '-days', '2', '-extfile', 'names.cnf')
  const keyFile = join(folder, 'server.pem')
  writeFileSync(keyFile, readFileSync(join(folder, 'server.key'), 'utf8') + readFileSync(join(folder, 'server.crt'), 'utf8'), { mode: 0o600 })
  const caFile = join(folder, 'ca.crt')
  return { ca: readFileSync(caFile, 'utf8'), caFile, keyFile }
}
