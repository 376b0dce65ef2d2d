/** Opens a connection to a broker. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Broker } from './config.ts'

const DIAL_MS = 10_000

/** Resolves with a connected socket. Rejects with an Error whose message says why there is none. */
export function dial(
  { host, port, tls, caFile, certFile, keyFile }: Broker,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({
          host,
          port,
          servername: /^[\d.]+$|:/.test(host) ? '' : host,
          minVersion: 'TLSv1.2',
          ...(caFile !== undefined && { ca: readFileSync(caFile) }),
          ...(certFile !== undefined && { cert: readFileSync(certFile) }),
          ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
        })
      : connect({ host, port })
    socket.setNoDelay(true)
    const late = AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)])
    const giveUp = (): void => {
      socket.destroy(new Error(`no connection within ${DIAL_MS / 1000} s`))
    }
    late.addEventListener('abort', giveUp)
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      late.removeEventListener('abort', giveUp)
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}
