/**
 * Bounds the memory that connections take. A connection is known once a request on it has shown a valid key.
 * Known and unknown connections have separate bounds of the same size. At its bound, a new unknown connection
 * pushes out the oldest unknown one, and a new known one takes the place of the known one that has been idle
 * the longest.
 */
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /**
   * The most known connections at once, and the most unknown ones. A connection over TLS counts as three.
   * Each concurrent request after the first on an unknown connection counts as one more.
   */
  readonly max: number
  /**
   * A connection that has sent no request is closed after this time. Node does the same once it parses
   * HTTP/1.1.
   */
  readonly firstMs: number
  /** A connection with no request in flight is closed after this time. */
  readonly idleMs: number
}

/**
 * Measured with Node 24: a connection takes 33 KB of resident memory after its first request, 92 KB with TLS.
 */
const TLS_UNITS = 3
/** The part of all known connections that one client may have. */
const CLIENT_PART = 3 / 4
const LOOK_MS = 2000

/**
 * The weight of an unknown connection. HTTP/2 has many requests in flight at once, and each takes as much
 * memory as a connection. On known connections, requests have leases instead.
 */
const weightOf = ({ units, busy }: Connection): number => units + Math.max(0, busy - 1)

export interface Connection {
  readonly units: number
  readonly openedAt: number
  /** The socket that closing the connection destroys: the TLS socket, once there is one. */
  socket: Socket
  /** Whether Node parses HTTP/1.1 on it. */
  parsed: boolean
  /** Undefined while the connection is unknown. */
  client: string | undefined
  /** Requests in flight. */
  busy: number
  /** Requests so far. */
  requests: number
  idleSince: number
}

export class Connections {
  readonly #limits: ConnectionLimits
  /** In the order in which they were opened. */
  readonly #unknown = new Set<Connection>()
  /** In the order in which they became idle. */
  readonly #idle = new Set<Connection>()
  readonly #busy = new Set<Connection>()
  readonly #unitsOf = new Map<string, number>()
  #unknownUnits = 0
  #knownUnits = 0
  readonly #looking = setInterval(() => this.#closeIdle(), LOOK_MS).unref()

  constructor(limits: ConnectionLimits) {
    this.#limits = limits
  }

  get counts(): { readonly known: number; readonly unknown: number } {
    return { known: this.#idle.size + this.#busy.size, unknown: this.#unknown.size }
  }

  open(socket: Socket, tls: boolean): Connection {
    const now = performance.now()
    const connection: Connection = {
      units: tls ? TLS_UNITS : 1,
      openedAt: now,
      socket,
      parsed: false,
      client: undefined,
      busy: 0,
      requests: 0,
      idleSince: now,
    }
    this.#unknown.add(connection)
    this.#unknownUnits += connection.units
    socket.once('close', () => this.#forget(connection))
    this.#pushOut()
    return connection
  }

  begin(connection: Connection): void {
    connection.busy++
    connection.requests++
    if (this.#unknown.has(connection) && connection.busy > 1) {
      this.#unknownUnits++
      this.#pushOut()
    }
    if (connection.client !== undefined && this.#idle.delete(connection)) this.#busy.add(connection)
  }

  end(connection: Connection): void {
    connection.busy--
    if (this.#unknown.has(connection) && connection.busy > 0) this.#unknownUnits--
    connection.idleSince = performance.now()
    if (connection.busy === 0 && this.#busy.delete(connection)) this.#idle.add(connection)
  }

  /**
   * Marks the connection as the client's, after a request on it has shown a valid key. False if there is no
   * room for another connection of this client: close it then.
   */
  identify(connection: Connection, client: string): boolean {
    if (connection.client !== undefined || !this.#unknown.has(connection)) return true
    const { max } = this.#limits
    const { units } = connection
    const mine = this.#unitsOf.get(client) ?? 0
    if (mine + units > max * CLIENT_PART && !this.#makeRoom(units, (one) => one.client === client))
      return false
    if (this.#knownUnits + units > max && !this.#makeRoom(units, () => true)) return false
    this.#unknown.delete(connection)
    this.#unknownUnits -= weightOf(connection)
    connection.client = client
    this.#knownUnits += units
    this.#unitsOf.set(client, (this.#unitsOf.get(client) ?? 0) + units)
    ;(connection.busy > 0 ? this.#busy : this.#idle).add(connection)
    return true
  }

  /** Counts the connection no longer, and leaves it open. */
  leave(connection: Connection): void {
    this.#forget(connection)
  }

  /** Closes all connections. */
  destroy(): void {
    clearInterval(this.#looking)
    for (const connection of [...this.#unknown, ...this.#idle, ...this.#busy]) this.#close(connection)
  }

  #pushOut(): void {
    for (const oldest of this.#unknown) {
      if (this.#unknownUnits <= this.#limits.max) break
      this.#close(oldest)
    }
  }

  #makeRoom(units: number, fits: (connection: Connection) => boolean): boolean {
    let freed = 0
    for (const connection of this.#idle) {
      if (freed >= units) break
      if (!fits(connection)) continue
      freed += connection.units
      this.#close(connection)
    }
    return freed >= units
  }

  #close(connection: Connection): void {
    this.#forget(connection)
    connection.socket.destroy()
  }

  #forget(connection: Connection): void {
    const { units, client } = connection
    if (this.#unknown.delete(connection)) this.#unknownUnits -= weightOf(connection)
    else if (this.#idle.delete(connection) || this.#busy.delete(connection)) {
      this.#knownUnits -= units
      const left = this.#unitsOf.get(client!)! - units
      if (left > 0) this.#unitsOf.set(client!, left)
      else this.#unitsOf.delete(client!)
    }
  }

  #closeIdle(): void {
    const now = performance.now()
    const { firstMs, idleMs } = this.#limits
    for (const connection of this.#unknown) {
      const { requests, busy, parsed, openedAt, idleSince } = connection
      const overdue =
        requests === 0 ? !parsed && now - openedAt > firstMs : busy === 0 && now - idleSince > idleMs
      if (overdue) this.#close(connection)
    }
    for (const connection of this.#idle) {
      if (now - connection.idleSince <= idleMs) break
      this.#close(connection)
    }
  }
}
