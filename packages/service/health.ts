/**
 * The endpoints for orchestrators and Prometheus: /livez (is the process alive), /readyz (can it do its
 * work), /metrics.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { stalls } from './groups.ts'
import { metrics } from './metrics.ts'

/**
 * Checks by the dependency's name. Each returns true if the dependency can be used now, otherwise false, or
 * why not and what to do. Every /readyz calls them all, so they must answer at once.
 */
export type Readiness = Readonly<Record<string, () => boolean | string>>

export const HEALTH_PATHS = ['/livez', '/readyz', '/metrics']

/** @param withMetrics false if /metrics has a port of its own */
export function health(
  app: FastifyInstance,
  ready: Readiness,
  isStopping: () => boolean,
  withMetrics: boolean,
): void {
  app.get('/livez', { schema: { hide: true } as object }, async () => ({ alive: true }))
  app.get('/readyz', { schema: { hide: true } as object }, async (_request, reply) => {
    const dependencies = Object.fromEntries(
      Object.entries(ready).map(([name, check]) => [name, stateOf(check())]),
    )
    const stopping = isStopping()
    const standing = stalls()
    const stalled = standing.map(({ sinceMs, tolerated, ...stall }) => ({
      ...stall,
      since: new Date(sinceMs).toISOString(),
    }))
    const all =
      !stopping &&
      standing.every(({ tolerated }) => tolerated) &&
      Object.values(dependencies).every((state) => state === 'ready')
    const body = { ready: all, stopping, dependencies, ...(stalled.length > 0 && { stalled }) }
    return reply.code(all ? 200 : 503).send(body)
  })
  if (withMetrics)
    app.get('/metrics', { schema: { hide: true } as object }, async (_request, reply) =>
      reply.type(metrics.contentType).send(await metrics.metrics()),
    )
}

/** Serves only /metrics, for a port that only monitoring can reach. */
export async function serveMetrics(host: string, port: number): Promise<Server> {
  const server = createServer(
    { maxHeaderSize: 4096, requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 72_000 },
    (request, response) => {
      const known = request.method === 'GET' && request.url === '/metrics'
      if (!known) return void response.writeHead(404).end()
      void metrics.metrics().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      )
    },
  )
  server.maxConnections = 64
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

function stateOf(answer: boolean | string): string {
  if (answer === true) return 'ready'
  return answer === false ? 'not ready' : `not ready: ${answer}`
}
