/** The connections to all receivers, and the requests that wait for one. */
import type { Resolver } from 'node:dns'
import type { EgressConfig } from './config.ts'
import { Connection, type Endpoint } from './connection.ts'
import { EgressError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { Addresses } from './lookup.ts'
import type { Target } from './target.ts'

export interface PoolLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerOrigin: number
  readonly maxWaiting: number
  readonly maxWaitingPerOrigin: number
}

/** A connection takes some 25 KiB of memory, or 85 KiB with TLS, as measured with 2,000 of them. */
export const DEFAULT_LIMITS: PoolLimits = {
  maxConnections: 4096,
  maxConnectionsPerOrigin: 32,
  maxWaiting: 16_384,
  maxWaitingPerOrigin: 1024,
}

/** An origin exists while it has connections or waiting requests. */
export interface Origin extends Endpoint {
  readonly connections: Set<Connection>
  /** The one used last is at the end, and is used again first. */
  readonly idle: Connection[]
  readonly waiting: Set<Exchange>
}

export class Pool {
  readonly #config: EgressConfig
  readonly #resolver: Resolver
  readonly #limits: PoolLimits
  readonly #origins = new Map<string, Origin>()
  #connections = 0
  #waiting = 0
  /** Idle connections of all origins; the first one has been idle for the longest time. */
  readonly #idle = new Set<Connection>()
  /** Origins that have waiting requests but no connection, since there are as many as there may be. */
  readonly #starved = new Set<Origin>()
  #isStopped = false

  constructor(config: EgressConfig, resolver: Resolver, limits: PoolLimits) {
    this.#config = config
    this.#resolver = resolver
    this.#limits = limits
  }

  /** Starts the request as soon as there is a connection for it. Throws an EgressError if too many wait. */
  submit(exchange: Exchange): void {
    if (this.#isStopped) throw stopped()
    const origin = this.#origins.get(exchange.target.origin) ?? this.#add(exchange.target)
    const idle = origin.idle.pop()
    if (idle !== undefined) {
      this.#idle.delete(idle)
      exchange.start(idle)
    } else if (this.#starved.size === 0 && this.#mayOpen(origin)) {
      this.#open(origin, exchange)
    } else {
      this.#enqueue(origin, exchange)
    }
  }

  /** The connection's response has ended. */
  release(connection: Connection): void {
    const origin = connection.endpoint as Origin
    connection.exchange = undefined
    if (!origin.connections.has(connection)) return
    if (this.#starved.size > 0) {
      this.close(connection)
    } else if (origin.waiting.size > 0) {
      this.#next(origin).start(connection)
    } else {
      origin.idle.push(connection)
      this.#idle.add(connection)
    }
  }

  /** Closes the connection, and gives its place to a waiting request. */
  close(connection: Connection): void {
    const origin = connection.endpoint as Origin
    if (!origin.connections.has(connection)) return
    this.#remove(connection)
    // Later, since requests that wait often time out together with the one that had the connection.
    if (origin.waiting.size > 0 || this.#starved.size > 0) setImmediate(this.#refill, origin)
  }

  /** The request does not wait any longer. */
  leave(origin: Origin, exchange: Exchange): void {
    if (!origin.waiting.delete(exchange)) return
    this.#waiting -= 1
    this.#forget(origin)
  }

  /** Closes all connections, and rejects all requests. */
  stop(): void {
    this.#isStopped = true
    for (const origin of this.#origins.values()) {
      for (const exchange of origin.waiting) exchange.fail(stopped())
      for (const connection of origin.connections) {
        connection.exchange?.fail(stopped())
        this.close(connection)
      }
    }
  }

  #add(target: Target): Origin {
    const origin: Origin = {
      target,
      addresses: new Addresses(target, this.#config, this.#resolver),
      tlsSession: undefined,
      connections: new Set(),
      idle: [],
      waiting: new Set(),
    }
    this.#origins.set(target.origin, origin)
    return origin
  }

  /**
   * Any free connection can be the first one of an origin. Further ones are taken from one half of all, and
   * the fewer that half has left, the fewer an origin may have. Receivers that hang thus leave the other half
   * to the others, and share what they have.
   */
  #mayOpen({ connections: { size } }: Origin): boolean {
    const { maxConnections, maxConnectionsPerOrigin } = this.#limits
    const free = maxConnections - this.#connections + this.#idle.size
    if (size === 0) return free > 0
    return size < maxConnectionsPerOrigin && free - maxConnections / 2 > size * maxConnectionsPerOrigin
  }

  #open(origin: Origin, exchange: Exchange): void {
    const [idleLongest] = this.#idle
    if (this.#connections >= this.#limits.maxConnections) this.#remove(idleLongest!)
    const connection = new Connection(origin, this.#disconnected)
    origin.connections.add(connection)
    this.#connections += 1
    this.#starved.delete(origin)
    exchange.start(connection)
  }

  /** Gives a free place to the origin that has waited for one for the longest time, or to this one. */
  readonly #refill = (origin: Origin): void => {
    if (this.#isStopped) return
    if (origin.waiting.size > 0 && origin.connections.size === 0) this.#starved.add(origin)
    const [longest = origin] = this.#starved
    if (longest.waiting.size > 0 && this.#mayOpen(longest)) this.#open(longest, this.#next(longest))
  }

  #remove(connection: Connection): void {
    const origin = connection.endpoint as Origin
    origin.connections.delete(connection)
    this.#connections -= 1
    if (this.#idle.delete(connection)) origin.idle.splice(origin.idle.indexOf(connection), 1)
    connection.close()
    this.#forget(origin)
  }

  readonly #disconnected = (connection: Connection): void => {
    if (connection.exchange === undefined) this.close(connection)
  }

  #enqueue(origin: Origin, exchange: Exchange): void {
    const { maxWaiting, maxWaitingPerOrigin } = this.#limits
    if (origin.waiting.size >= maxWaitingPerOrigin || this.#waiting >= maxWaiting) {
      this.#forget(origin)
      throw new EgressError(
        'overloaded',
        `Too many requests wait for a connection to ${origin.target.origin}.`,
      )
    }
    origin.waiting.add(exchange)
    this.#waiting += 1
    exchange.wait(origin)
    if (origin.connections.size === 0) this.#starved.add(origin)
  }

  /** Takes the request that has waited for the longest time. */
  #next(origin: Origin): Exchange {
    const [exchange] = origin.waiting
    origin.waiting.delete(exchange!)
    this.#waiting -= 1
    return exchange!
  }

  #forget(origin: Origin): void {
    if (origin.connections.size > 0 || origin.waiting.size > 0) return
    this.#origins.delete(origin.target.origin)
    this.#starved.delete(origin)
  }
}

const stopped = (): EgressError => new EgressError('stopped', 'Outgoing requests have been stopped.')
