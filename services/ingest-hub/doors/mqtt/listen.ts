/** The ports of the MQTT door. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { type Connection, followFile, watchCertificates } from '@weir/service'
import { LIMITS } from './limits.ts'
import type { Origin } from './login.ts'

export interface MqttConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly connections: number
  readonly retained: boolean
  readonly tls: MqttTls | undefined
}

export interface MqttTls {
  /** 0: any free port. */
  readonly port: number
  /** PEM files. They are read again when they change. */
  readonly certFile: string
  readonly keyFile: string
  /** The authorities of client certificates. Without them, clients are not asked for one. */
  readonly caFile: string | undefined
}

export interface Serve {
  /** Gives the connection a place. */
  open(socket: Socket, tls: boolean): Connection
  serve(wire: Duplex, place: Connection, origin: Origin): void
}

const LOOK_AGAIN_MS = 5000
const PLAIN: Origin = { certificate: undefined, mayBeAnonymous: true }

export async function listen(
  { host, port, tls }: MqttConfig,
  { open, serve }: Serve,
): Promise<{ readonly port: number; readonly tlsPort: number | undefined; close(): Promise<unknown> }> {
  const plain = createServer({ noDelay: true }, (socket) => serve(socket, open(socket, false), PLAIN))
  const portOf = await bound(plain, host, port)
  const secure = tls && (await listenTls(host, tls, { open, serve }))
  const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  return {
    port: portOf,
    tlsPort: secure?.port,
    close: () => {
      secure?.unfollow()
      return Promise.all([closed(plain), secure && closed(secure.server)])
    },
  }
}

async function bound(server: Server, host: string, port: number): Promise<number> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} is taken; stop the program that listens there or choose another port.`, {
      cause: error,
    })
  }
  return (server.address() as AddressInfo).port
}

async function listenTls(host: string, { port, certFile, keyFile, caFile }: MqttTls, { open, serve }: Serve) {
  const files = () => ({
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
  })
  const server = createTlsServer({
    ...files(),
    minVersion: 'TLSv1.2',
    handshakeTimeout: LIMITS.connectMs,
    requestCert: caFile !== undefined,
    // A client without a certificate logs in with a key.
    rejectUnauthorized: false,
    noDelay: true,
  })
  if (caFile !== undefined) watchCertificates({ 'mqtt-ca': () => readFileSync(caFile, 'utf8') })
  /** The connections in their TLS handshake, by remote address and port. */
  const shaking = new Map<string, Connection>()
  server.prependListener('connection', (socket: Socket) => {
    const from = endpointOf(socket)
    shaking.set(from, open(socket, true))
    socket.once('close', () => shaking.delete(from))
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  server.on('secureConnection', (socket) => {
    const certificate = subjectOf(socket)
    const place = shaking.get(endpointOf(socket))
    if (certificate === null || place === undefined) return void socket.destroy()
    place.socket = socket
    serve(socket, place, { certificate, mayBeAnonymous: true })
  })
  const renew = (): void => {
    try {
      server.setSecureContext(files())
    } catch {
      // Only one of the files has changed so far. Until the others follow, the previous ones stay in use.
    }
  }
  const followed = [certFile, keyFile, caFile].flatMap((file) =>
    file === undefined ? [] : followFile(file, LOOK_AGAIN_MS, renew),
  )
  return {
    server,
    port: await bound(server, host, port),
    unfollow: () => {
      for (const unfollow of followed) unfollow()
    },
  }
}

const endpointOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** Undefined if the client has shown no certificate; null if it cannot be trusted or names nobody. */
function subjectOf(socket: TLSSocket): string | undefined | null {
  const { subject } = socket.getPeerCertificate()
  if (subject === undefined) return undefined
  const name = subject.CN as string | readonly string[] | undefined
  return socket.authorized && typeof name === 'string' && name !== '' ? name : null
}
