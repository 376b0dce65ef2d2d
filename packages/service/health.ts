/** What orchestrators and Prometheus ask for: /livez (is the process alive), /readyz (can it do its work), /metrics. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { metrics } from './metrics.ts'

/** By name, whether each dependency can be used now. Asked on every /readyz, so the answer must be at hand. */
export type Readiness = Readonly<Record<string, () => boolean>>

export const HEALTH_PATHS = ['/livez', '/readyz', '/metrics']

/** @param withMetrics false if /metrics has a port of its own */
export function health(app: FastifyInstance, ready: Readiness, isStopping: () => boolean, withMetrics: boolean): void {
  app.get('/livez', { schema: { hide: true } as object }, async () => ({ alive: true }))
  app.get('/readyz', { schema: { hide: true } as object }, async (_request, reply) => {
    const dependencies = Object.fromEntries(Object.entries(ready).map(([name, check]) => [name, check() ? 'ready' : 'not ready']))
    const stopping = isStopping()
    const all = !stopping && Object.values(dependencies).every((state) => state === 'ready')
    return reply.code(all ? 200 : 503).send({ ready: all, stopping, dependencies })
  })
  if (withMetrics) app.get('/metrics', { schema: { hide: true } as object }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}

/** Serves /metrics alone, for a port that only those who watch the service can reach. */
export async function serveMetrics(host: string, port: number): Promise<Server> {
  const server = createServer({ maxHeaderSize: 4096, requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 72_000 }, (request, response) => {
    const known = request.method === 'GET' && request.url === '/metrics'
    if (!known) return void response.writeHead(404).end()
    void metrics.metrics().then((text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text), () => response.writeHead(500).end())
  })
  server.maxConnections = 64
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
