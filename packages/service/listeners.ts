/**
 * Serves HTTP/1.1 and HTTP/2 with one handler and within the same bounds, in plaintext on one port and with
 * TLS on another. A connection that begins with HTTP/2's preface (RFC 9113, section 3.4) is served as HTTP/2.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import {
  constants,
  createServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { Connection, Connections } from './admission/connections.ts'
import { watchCertificates } from './certificates.ts'
import { followFile } from './followed-file.ts'

export interface ListenerBounds {
  readonly connections: Connections
  /**
   * A request that has not ended after this time is cancelled. For HTTP/1.1, Node's `requestTimeout` does the
   * same.
   */
  readonly requestMs: number
  readonly handshakeMs: number
  readonly headerBytes: number
}

export interface Listeners {
  /** The connection that brought the request. */
  connectionOf(request: IncomingMessage): Connection
  /** Serves the same with TLS. Rejects with one sentence if the files are not a certificate and its key. */
  listenTls(host: string, config: TlsConfig): Promise<TlsListener>
  /** Closes HTTP/2 sessions once their requests in flight have finished. */
  closeSessions(): void
}

export interface TlsListener {
  readonly port: number
  /** Accepts no more connections. Resolves when all are closed. */
  stop(): Promise<void>
}

export interface TlsConfig {
  /** 0: any free port. */
  readonly port: number
  /** PEM files. They are read again when they change. */
  readonly certFile: string
  readonly keyFile: string
}

/** No method of HTTP/1.1 begins with PRI. */
const PREFACE = Buffer.from('PRI')
const STREAMS_A_SESSION = 256
/** The most memory that nghttp2 may keep for one session, MB. */
const SESSION_MEMORY = 32
const LOOK_AGAIN_MS = 5000

/** Takes over the connections of `server`. */
export function openListeners(
  server: Server,
  { connections, requestMs, handshakeMs, headerBytes }: ListenerBounds,
): Listeners {
  const settings = { maxConcurrentStreams: STREAMS_A_SESSION, maxHeaderListSize: headerBytes }
  const http2 = createServer({ settings, maxSessionMemory: SESSION_MEMORY })
  for (const handler of server.listeners('request')) {
    http2.on('request', (request, response) => {
      // A stream that is already reset would never report that its answer is closed.
      if (response.stream !== undefined && !response.stream.destroyed) handler.call(server, request, response)
    })
  }
  const sockets = new WeakMap<Socket, Connection>()
  const sessions = new Set<ServerHttp2Session>()
  const streams = new WeakMap<ServerHttp2Stream, Connection>()
  /**
   * The connection whose session is being opened. Node refuses some sessions without an event, such as one
   * over TLS whose client has asked for HTTP/1.1.
   */
  let beginning: Connection | undefined
  http2.on('session', (session: ServerHttp2Session) => {
    const connection = beginning!
    sessions.add(session)
    // This listener must run first: a stream that is reset at once forgets its session.
    session.prependListener('stream', (stream: ServerHttp2Stream) => bound(stream, connection))
    session.on('close', () => sessions.delete(session))
    session.on('error', () => session.destroy())
  })
  const bound = (stream: ServerHttp2Stream, connection: Connection): void => {
    streams.set(stream, connection)
    if (stream.destroyed) return
    const limit = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestMs)
    stream.once('end', () => clearTimeout(limit))
    // A client that has the whole answer need not send the rest of its request (RFC 9113, section 8.1), nor
    // keep its place.
    stream.once('finish', () => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR)
    })
    stream.once('close', () => {
      clearTimeout(limit)
      connections.end(connection)
    })
    connections.begin(connection)
  }

  const serveHttp1 = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => serve(socket, connections.open(socket, false)))

  function serve(socket: Socket, connection: Connection): void {
    sockets.set(socket, connection)
    const ignore = (): void => {}
    socket.on('error', ignore)
    const look = (): void => {
      const first: Buffer | null = socket.read(PREFACE.length)
      if (first === null && !socket.readableEnded) return
      socket.off('readable', look)
      socket.off('error', ignore)
      if (first !== null) socket.unshift(first)
      if (first?.equals(PREFACE)) serveHttp2(socket, connection)
      else {
        connection.parsed = true
        for (const begin of serveHttp1) begin.call(server, socket)
      }
    }
    socket.on('readable', look)
  }

  function serveHttp2(socket: Socket, connection: Connection): void {
    // An HTTP/2 client that ends its side is gone. An HTTP/1.1 server leaves the other side open.
    socket.allowHalfOpen = false
    beginning = connection
    http2.emit('connection', socket)
    beginning = undefined
  }

  async function listenTls(host: string, { port, certFile, keyFile }: TlsConfig): Promise<TlsListener> {
    const files = () => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
    let secure: TlsServer
    try {
      secure = createTlsServer({
        ...files(),
        ALPNProtocols: ['h2', 'http/1.1'],
        minVersion: 'TLSv1.2',
        handshakeTimeout: handshakeMs,
      })
    } catch (error) {
      throw new Error(
        `${certFile} and ${keyFile} are not a certificate and its key (${(error as Error).message}).`,
        { cause: error },
      )
    }
    watchCertificates({ server: () => readFileSync(certFile, 'utf8') })
    /** The connections that are in their TLS handshake, by remote address and port. */
    const shaking = new Map<string, Connection>()
    secure.prependListener('connection', (socket: Socket) => {
      const from = endpointOf(socket)
      shaking.set(from, connections.open(socket, true))
      socket.once('close', () => shaking.delete(from))
    })
    secure.on('secureConnection', (socket) => {
      const connection = shaking.get(endpointOf(socket))
      if (connection === undefined) return socket.destroy()
      connection.socket = socket
      serve(socket, connection)
    })
    secure.on('tlsClientError', (_error, socket) => socket.destroy())
    const renew = (): void => {
      try {
        secure.setSecureContext(files())
      } catch {
        // Only one of the two files has changed so far. Until the other one follows, the previous certificate
        // stays in use.
      }
    }
    const follows = [certFile, keyFile].map((file) => followFile(file, LOOK_AGAIN_MS, renew))
    secure.listen(port, host)
    await once(secure, 'listening')
    return {
      port: (secure.address() as AddressInfo).port,
      stop: () => {
        for (const unfollow of follows) unfollow()
        return new Promise((resolve) => secure.close(() => resolve()))
      },
    }
  }

  return {
    connectionOf(request) {
      const { stream, socket } = request as unknown as Http2ServerRequest
      return (request.httpVersionMajor === 2 ? streams.get(stream) : sockets.get(socket as Socket))!
    },
    listenTls,
    closeSessions: () => {
      for (const session of sessions) session.close()
    },
  }
}

const endpointOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
