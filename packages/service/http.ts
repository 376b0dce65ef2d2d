/** The HTTP server of a service: its routes, its health and its metrics, with every input bounded. */

import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConfigReader } from '@weir/config'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { fastify, LogController } from 'fastify'
import { Admission } from './admission/admission.ts'
import { Connections } from './admission/connections.ts'
import { admitRequests } from './admission/requests.ts'
import { HttpError, handleErrors, refuseAddress } from './errors.ts'
import type { Readiness } from './health.ts'
import { HEALTH_PATHS, health, serveMetrics } from './health.ts'
import { openListeners, type TlsConfig } from './listeners.ts'
import { type Logger, traceFields } from './logger.ts'
import { Gauge, Histogram, metrics } from './metrics.ts'
import type { Resource } from './opening.ts'
import { requestLog } from './request-log.ts'
import type { TraceContext } from './trace.ts'
import { continueTrace, parseTraceparent } from './trace.ts'

export interface HttpConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** The most connections at once; 1,024 if not given. */
  readonly connections?: number
  /** Serves /metrics on this port instead of the main one. */
  readonly metricsPort?: number
  /** Also listens with TLS. */
  readonly tls?: TlsConfig
}

/** Each connection takes 33 KB of resident memory, 92 KB with TLS. */
const DEFAULT_CONNECTIONS = 1024

/** Reads the configuration of an HTTP server from the environment. */
export function httpConfig(reader: ConfigReader, port: number): HttpConfig {
  const metricsPort = reader.port(
    'METRICS_PORT',
    'A separate port for /metrics, which reveals the names of functions and streams. 0: /metrics is served on HTTP_PORT.',
    0,
  )
  return {
    host: reader.string('HTTP_HOST', 'The address to listen on.', '0.0.0.0'),
    port: reader.port('HTTP_PORT', 'The port for plain HTTP.', port),
    connections: reader.integer(
      'HTTP_CONNECTIONS',
      'Maximum number of open connections; one over TLS counts as three. Each takes about 33 KB of memory.',
      DEFAULT_CONNECTIONS,
      64,
      100_000,
    ),
    ...(metricsPort > 0 && { metricsPort }),
  }
}

export interface HttpOptions {
  readonly log: Logger
  /**
   * The names by which neighbouring containers reach the service. Clients without a key may use them as they
   * use localhost.
   */
  readonly names?: readonly string[]
  /** The dependencies of this service, by name. /readyz answers 200 while all of them are ready. */
  readonly ready: Readiness
  /** Bounds the memory of all requests; 16 MiB if not given. */
  readonly admission?: Admission
  /** Adds the service's own routes. */
  readonly routes?: (app: FastifyInstance) => void | Promise<void>
}

export interface HttpServer {
  readonly app: FastifyInstance
  readonly port: number
  readonly url: string
  readonly tlsPort: number | undefined
  /**
   * Counts the connection of this request no longer, because it speaks another protocol now. The caller bounds it
   * from here on.
   */
  handOver(request: IncomingMessage): void
}

const LIMITS = {
  /** Bytes of a body. A route that accepts more sets its own limit. */
  body: 1 << 20,
  /** Bytes of a request's line and headers together. */
  headers: 16 << 10,
  /** The time from a request's first byte to its last. A slow client holds its place no longer than this. */
  requestMs: 30_000,
  headersMs: 10_000,
  /** How often Node checks for requests that took longer. */
  lookMs: 5000,
  /**
   * Longer than the idle timeouts of common load balancers (60 s), so that they close first and never reuse a
   * closed connection.
   */
  keepAliveMs: 72_000,
  /** The time from the first byte of an answer to its last, however long the answer is. */
  answerMs: 60_000,
  /** Bytes of all requests together, unless the service sets its own bound. */
  memory: 16 << 20,
} as const

const durations = new Histogram({
  name: 'weir_http_request_duration_seconds',
  help: "Time from a request's headers to the end of its answer.",
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [metrics],
})

/** The admissions of the open servers. */
const admissions = new Set<Admission>()
new Gauge({
  name: 'weir_request_memory_used_bytes',
  help: 'Requests in progress with their bodies and answers, and records taken from them that are not stored yet.',
  registers: [metrics],
  collect() {
    this.set([...admissions].reduce((sum, { usedBytes }) => sum + usedBytes, 0))
  },
})

/**
 * Kept on the request itself, once somebody asks: young collections keep all values of a WeakMap alive, and
 * most requests are answered without it.
 */
const TRACE = Symbol('trace')
type Traced = IncomingMessage & { [TRACE]?: TraceContext }

/**
 * Returns the span of this request: a child of the caller's if the request has a valid traceparent, otherwise
 * a trace of its own.
 */
export function traceOf({ raw }: { readonly raw: Traced }): TraceContext {
  return (raw[TRACE] ??= continueTrace(parseTraceparent(raw.headers.traceparent as string | undefined)))
}

/**
 * Serves /livez, /readyz and /metrics next to the routes. Stopping ends readiness at once and answers new
 * requests with 503; if load balancers need time to notice, a preStop pause gives it to them. Requests in
 * flight have half the drain time to finish; the other half is for the parts behind them.
 */
export async function openHttp(
  config: HttpConfig,
  { log, names = [], ready, routes, admission = new Admission(LIMITS.memory) }: HttpOptions,
): Promise<Resource<HttpServer>> {
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent, _bindings, options, raw) =>
      requestLog(parent, () => traceFields(traceOf({ raw: raw as IncomingMessage })), options),
    frameworkErrors: refuseAddress as never,
    bodyLimit: LIMITS.body,
    requestTimeout: LIMITS.requestMs,
    keepAliveTimeout: LIMITS.keepAliveMs,
    http: {
      maxHeaderSize: LIMITS.headers,
      headersTimeout: LIMITS.headersMs,
      connectionsCheckingInterval: LIMITS.lookMs,
    },
    routerOptions: { maxParamLength: 256 },
  })
  app.server.maxHeadersCount = 100
  const isDebugging = log.isLevelEnabled('debug')
  app.addHook('onResponse', (request, reply, done) => {
    durations.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode },
      reply.elapsedTime / 1000,
    )
    if (isDebugging)
      request.log.debug(
        { method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime },
        'answered',
      )
    done()
  })
  handleErrors(app)
  const connections = new Connections({
    max: config.connections ?? DEFAULT_CONNECTIONS,
    firstMs: LIMITS.headersMs,
    idleMs: LIMITS.keepAliveMs,
  })
  const listeners = openListeners(app.server, {
    connections,
    requestMs: LIMITS.requestMs,
    handshakeMs: LIMITS.headersMs,
    headerBytes: LIMITS.headers,
  })
  admitRequests(app, {
    admission,
    connections,
    connectionOf: listeners.connectionOf,
    answerMs: LIMITS.answerMs,
    names,
  })
  const drain = draining(app)
  health(app, ready, () => drain.begun, config.metricsPort === undefined)
  await routes?.(app)
  await listen(app, config)
  const tls = config.tls && (await listeners.listenTls(config.host, config.tls))
  const metricsServer =
    config.metricsPort === undefined ? undefined : await serveMetrics(config.host, config.metricsPort)
  if (tls !== undefined) log.info(`listening with TLS at port ${tls.port}`)
  admissions.add(admission)
  const { port } = app.server.address() as AddressInfo
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
  return {
    value: {
      app,
      port,
      url,
      tlsPort: tls?.port,
      handOver: (request) => connections.leave(listeners.connectionOf(request)),
    },
    stopping: () => {
      drain.begun = true
    },
    stop: async (drainMs) => {
      const cut = setTimeout(() => connections.destroy(), drainMs / 2)
      await drain.idle()
      listeners.closeSessions()
      admissions.delete(admission)
      metricsServer?.close()
      await Promise.all([tls?.stop(), app.close()])
      clearTimeout(cut)
      connections.destroy()
    },
  }
}

async function listen(app: FastifyInstance, { host, port }: HttpConfig): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new Error(`port ${port} is taken; stop the program that listens there or choose another port.`, {
        cause: error,
      })
    if (code === 'EACCES')
      throw new Error(`port ${port} needs rights that this process does not have; choose one above 1023.`, {
        cause: error,
      })
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new Error(`${host} is not an address of this machine; listen on 0.0.0.0 or 127.0.0.1.`, {
        cause: error,
      })
    throw error
  }
}

/**
 * Once `begun` is set, refuses new requests except those for health. `idle()` resolves when the last request
 * in flight is answered or its client has disconnected.
 */
function draining(app: FastifyInstance): { begun: boolean; idle(): Promise<void> } {
  let underWay = 0
  let idle = (): void => {}
  const drain = {
    begun: false,
    idle: () =>
      new Promise<void>((resolve) => {
        idle = resolve
        if (underWay === 0) resolve()
      }),
  }
  app.addHook('onRequest', (request, reply, done) => {
    underWay++
    reply.raw.on('close', () => {
      if (--underWay === 0) idle()
    })
    if (!drain.begun || HEALTH_PATHS.includes(request.url)) return done()
    reply.header('connection', 'close')
    done(
      new HttpError(
        503,
        'stopping',
        'This replica is stopping; repeat the request, and another replica will take it.',
        { 'retry-after': '1' },
      ),
    )
  })
  return drain
}
