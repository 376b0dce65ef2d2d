/** One connection to a receiver: it carries one request at a time, and is closed when it is idle. */
import { isIP, connect as openSocket, type Socket } from 'node:net'
import { connect as openTlsSocket } from 'node:tls'
import { type buildConnector, Client } from 'undici'
import type { Exchange } from './exchange.ts'
import type { Addresses } from './lookup.ts'
import type { Target } from './target.ts'

/** How far the connection is: what a request that fails or times out was waiting for. */
export type Stage = 'connect' | 'tls' | 'response'

/** Servers that say for how long they keep an idle connection are believed, up to the second number. */
const IDLE_MS = 4000
const MAX_IDLE_MS = 30_000
/** All headers of a response together. Node's own clients and servers have the same limit. */
const MAX_HEADER_BYTES = 16 << 10

/**
 * After this time without an answer, the next address of a name is tried instead. Node's default, 250 ms, is
 * less than a round trip to some places takes.
 */
const NEXT_ADDRESS_MS = 1000

/** The state that connections to the same origin share. */
export interface Endpoint {
  readonly target: Target
  readonly addresses: Addresses
  /** The newest TLS session, which saves the next connection a part of the handshake. */
  tlsSession: Buffer | undefined
}

export class Connection {
  readonly endpoint: Endpoint
  /** The request that it carries; undefined while it is idle. */
  exchange: Exchange | undefined
  stage: Stage = 'connect'
  remoteAddress = ''
  readonly #client: Client
  #socket: Socket | undefined

  /** @param closed called when the receiver or the time of an idle connection ends it, possibly repeatedly */
  constructor(endpoint: Endpoint, closed: (connection: Connection) => void) {
    this.endpoint = endpoint
    this.#client = new Client(endpoint.target.origin, {
      connect: (_options, callback) => this.#open(callback),
      pipelining: 1,
      // The timer of each request covers all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: MAX_IDLE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    })
    this.#client.on('disconnect', () => closed(this))
  }

  /** If the receiver has closed the connection since its last request, another one is opened. */
  send(exchange: Exchange): void {
    this.exchange = exchange
    this.#client.dispatch(exchange.options, exchange)
  }

  /** Closes it at once, together with the request that it carries. */
  close(): void {
    this.#socket?.destroy()
    this.#client.destroy(() => {})
  }

  /** undici calls this for each new connection, so that each of them is checked. */
  #open(callback: buildConnector.Callback): void {
    const { target, addresses, tlsSession } = this.endpoint
    this.stage = 'connect'
    let socket: Socket
    try {
      const host = addresses.host()
      const options = {
        host,
        port: target.port,
        lookup: addresses.lookup,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      }
      socket = target.isSecure
        ? openTlsSocket({
            ...options,
            servername: isIP(host) === 0 ? host : '',
            ALPNProtocols: ['http/1.1'],
            session: tlsSession,
          }).on('session', (session) => (this.endpoint.tlsSession = session))
        : openSocket(options)
    } catch (error) {
      callback(error as Error, null)
      return
    }
    this.#socket = socket
    if (target.isSecure) socket.once('connect', () => (this.stage = 'tls'))
    // Afterwards, undici handles errors of the socket.
    const failed = (error: Error): void => callback(error, null)
    socket
      .setNoDelay(true)
      .once('error', failed)
      .once(target.isSecure ? 'secureConnect' : 'connect', () => {
        this.stage = 'response'
        this.remoteAddress = socket.remoteAddress ?? ''
        callback(null, socket)
      })
  }
}
