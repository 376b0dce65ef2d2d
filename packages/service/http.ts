/** The HTTP server of a service: its routes, its health and its metrics, with every input bounded. */

import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConfigReader } from '@weir/config'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { fastify, LogController } from 'fastify'
import { Admission } from './admission/admission.ts'
import { Connections } from './admission/connections.ts'
import { admitRequests } from './admission/requests.ts'
import { HttpError, handleErrors, refuseAddress } from './errors.ts'
import type { Readiness } from './health.ts'
import { HEALTH_PATHS, health, serveMetrics } from './health.ts'
import { openListeners, type TlsConfig } from './listeners.ts'
import type { Logger } from './logger.ts'
import { traceFields } from './logger.ts'
import { Gauge, Histogram, metrics } from './metrics.ts'
import type { Resource } from './opening.ts'
import type { TraceContext } from './trace.ts'
import { continueTrace, parseTraceparent } from './trace.ts'

export interface HttpConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Connections at once; 1,024 if it is not given. */
  readonly connections?: number
  /** Serves /metrics on this port instead. */
  readonly metricsPort?: number
  /** Listens with TLS as well. */
  readonly tls?: TlsConfig
}

/** 33 KB resident memory each, and 92 KB with TLS. */
const DEFAULT_CONNECTIONS = 1024

/** What a service with an HTTP server is told by its environment. */
export function httpConfig(reader: ConfigReader, port: number): HttpConfig {
  const metricsPort = reader.port(
    'METRICS_PORT',
    'A port of its own for /metrics, which tells the names of functions and streams; 0: it is served on HTTP_PORT.',
    0,
  )
  return {
    host: reader.string('HTTP_HOST', 'The address to listen at.', '0.0.0.0'),
    port: reader.port('HTTP_PORT', 'The port for everything but TLS.', port),
    connections: reader.integer(
      'HTTP_CONNECTIONS',
      'Connections at once; one over TLS counts as three. Each takes about 33 KB of memory.',
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
   * The service's name, by which containers beside it reach it: its clients without a key may use it as they
   * use localhost.
   */
  readonly name?: string
  /** What this service needs to do its work, by name: /readyz answers 200 while all of them are true. */
  readonly ready: Readiness
  /** Bounds the memory of all requests; 16 MiB if it is not given. */
  readonly admission?: Admission
  /** Adds the service's own routes. */
  readonly routes?: (app: FastifyInstance) => void | Promise<void>
}

export interface HttpServer {
  readonly app: FastifyInstance
  readonly port: number
  readonly url: string
  readonly tlsPort: number | undefined
}

const LIMITS = {
  /** Bytes of a body; a route that takes more says so itself. */
  body: 1 << 20,
  /** Bytes of a request's line and headers together. */
  headers: 16 << 10,
  /** From a request's first byte to its last: a slow client does not hold a place for longer. */
  requestMs: 30_000,
  headersMs: 10_000,
  /** How often Node looks for requests that took longer. */
  lookMs: 5000,
  /**
   * Longer than the idle time-outs of usual load balancers (60 s), so that they close first and never meet a
   * closed connection.
   */
  keepAliveMs: 72_000,
  /** From an answer's beginning to its end, however long it is. */
  answerMs: 60_000,
  /** Bytes of all requests of a service that says nothing else. */
  memory: 16 << 20,
} as const

const durations = new Histogram({
  name: 'weir_http_request_duration_seconds',
  help: "Time from a request's headers to the end of its answer.",
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [metrics],
})

/** Those of the servers that are open. */
const admissions = new Set<Admission>()
new Gauge({
  name: 'weir_request_memory_used_bytes',
  help: 'Requests under way with their bodies and answers, and what was taken over from them and is not stored yet.',
  registers: [metrics],
  collect() {
    this.set([...admissions].reduce((sum, { usedBytes }) => sum + usedBytes, 0))
  },
})

const traces = new WeakMap<IncomingMessage, TraceContext>()

/**
 * The span of this request: a child of the caller's when it sent a valid traceparent, else a trace of its
 * own.
 */
export function traceOf(request: FastifyRequest): TraceContext {
  const trace = traces.get(request.raw)
  if (!trace)
    throw new Error('traceOf was given a request of another server; give it one that openHttp serves.')
  return trace
}

/**
 * Listens with /livez, /readyz and /metrics beside the routes. Stopping ends readiness at once and answers
 * new requests with 503 (where load balancers need time to see that, a preStop pause gives it); requests
 * under way may finish for half the drain time: the other half belongs to what stands behind them.
 */
export async function openHttp(
  config: HttpConfig,
  { log, name = '', ready, routes, admission = new Admission(LIMITS.memory) }: HttpOptions,
): Promise<Resource<HttpServer>> {
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent, _bindings, options, raw) => {
      const trace = continueTrace(parseTraceparent(raw.headers.traceparent as string | undefined))
      traces.set(raw as IncomingMessage, trace)
      return parent.child(traceFields(trace), options)
    },
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
  app.addHook('onResponse', async (request, reply) => {
    durations.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode },
      reply.elapsedTime / 1000,
    )
    request.log.debug(
      { method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime },
      'answered',
    )
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
    name,
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
    value: { app, port, url, tlsPort: tls?.port },
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
      throw new Error(`port ${port} is taken; stop what listens there or choose another port.`, {
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
 * Once `begun`, new requests but those for health are refused; `idle()` resolves when the last request under
 * way is answered or its client is gone.
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
  app.addHook('onRequest', async (request, reply) => {
    underWay++
    reply.raw.once('close', () => {
      if (--underWay === 0) idle()
    })
    if (!drain.begun || HEALTH_PATHS.includes(request.url)) return
    reply.header('connection', 'close')
    throw new HttpError(
      503,
      'stopping',
      'This replica is stopping; repeat the request, another one will take it.',
      { 'retry-after': '1' },
    )
  })
  return drain
}
