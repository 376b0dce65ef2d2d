/**
 * HTTP/2 beside HTTP/1.1: without TLS on one port, where a connection that begins with HTTP/2's preface (RFC 9113, section 3.4) is served as such; with TLS on
 * another, by ALPN.
 */
import { once } from 'node:events'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:http'
import { constants, createSecureServer, createServer, type Http2SecureServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { watchCertificates } from './certificates.ts'

interface Http2Options {
  /** A session without a request is closed after this time. */
  readonly idleMs: number
  /** A request of which nothing more comes for this time is cancelled. */
  readonly streamMs: number
  /** A connection that says nothing is closed after this time. */
  readonly prefaceMs: number
  readonly headerBytes: number
}

/** PRI: no method of HTTP/1.1 begins so. */
const PREFACE = Buffer.from('PRI')
const STREAMS_A_SESSION = 256

interface Sessions {
  /** Lets requests under way finish. */
  close(): void
  destroy(): void
}

/** Bounds every session of the server, and remembers them. */
function bounded(server: Http2Server | Http2SecureServer, { idleMs, streamMs }: Pick<Http2Options, 'idleMs' | 'streamMs'>): Sessions {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.setTimeout(idleMs, () => session.close())
    session.on('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  server.on('stream', (stream) => {
    stream.setTimeout(streamMs, () => stream.close(constants.NGHTTP2_CANCEL))
    // What was asked may take longer.
    stream.once('end', () => stream.setTimeout(0))
  })
  return {
    close: () => { for (const session of sessions) session.close() },
    destroy: () => { for (const session of sessions) session.destroy() },
  }
}

const settings = (headerBytes: number) => ({ maxConcurrentStreams: STREAMS_A_SESSION, maxHeaderListSize: headerBytes })

export interface TlsConfig {
  /** 0: any free port. */
  readonly port: number
  /** PEM files; read again when they change. */
  readonly certFile: string
  readonly keyFile: string
}

/** A mounted secret is a link that is switched over; asking for the file's times sees that (ms). */
const LOOK_AGAIN_MS = 5000

/** Listens with TLS beside `server`, and serves the same by the same handler. Rejects with a sentence for files that are no certificate and key. */
export async function listenTls(server: Server, host: string, { port, certFile, keyFile }: TlsConfig, options: Http2Options): Promise<Sessions & { readonly port: number, stop(): Promise<void> }> {
  const files = () => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
  let secure: Http2SecureServer
  try {
    secure = createSecureServer({ ...files(), allowHTTP1: true, minVersion: 'TLSv1.2', handshakeTimeout: options.prefaceMs, settings: settings(options.headerBytes), maxSessionMemory: 32 })
  } catch (error) {
    throw new Error(`${certFile} and ${keyFile} are no certificate with its key (${(error as Error).message}).`, { cause: error })
  }
  watchCertificates({ server: () => readFileSync(certFile, 'utf8') })
  for (const handler of server.listeners('request')) secure.on('request', handler as never)
  const sessions = bounded(secure, options)
  const sockets = new Set<Socket>()
  secure.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const renew = (): void => {
    try {
      secure.setSecureContext(files())
    } catch {
      // Half of a change: the other file follows, and until then the certificate before stays valid.
    }
  }
  for (const file of [certFile, keyFile]) watchFile(file, { interval: LOOK_AGAIN_MS, persistent: false }, renew)
  secure.listen(port, host)
  await once(secure, 'listening')
  return {
    ...sessions,
    destroy: () => {
      sessions.destroy()
      for (const socket of sockets) socket.destroy()
    },
    port: (secure.address() as AddressInfo).port,
    stop: async () => {
      for (const file of [certFile, keyFile]) unwatchFile(file, renew)
      const closed = new Promise<void>((resolve) => secure.close(() => resolve()))
      sessions.close()
      for (const socket of sockets) if ((socket as { alpnProtocol?: unknown }).alpnProtocol !== 'h2') socket.end()
      await closed
    },
  }
}

/** Serves what `server` serves, by the same handler. */
export function serveHttp2(server: Server, options: Http2Options): Sessions {
  const { prefaceMs, headerBytes } = options
  const http2 = createServer({ settings: settings(headerBytes), maxSessionMemory: 32 })
  for (const handler of server.listeners('request')) http2.on('request', handler as never)
  const sessions = bounded(http2, options)

  const serveHttp1 = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const ignore = (): void => {}
    socket.on('error', ignore)
    const silent = setTimeout(() => socket.destroy(), prefaceMs)
    const look = (): void => {
      const first: Buffer | null = socket.read(PREFACE.length)
      if (first === null && !socket.readableEnded) return
      clearTimeout(silent)
      socket.off('readable', look)
      socket.off('error', ignore)
      if (first !== null) socket.unshift(first)
      if (first?.equals(PREFACE)) http2.emit('connection', socket)
      else for (const serve of serveHttp1) serve.call(server, socket)
    }
    socket.on('readable', look)
    socket.once('close', () => clearTimeout(silent))
  })
  return sessions
}
