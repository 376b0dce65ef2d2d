/** What orchestrators and Prometheus ask for: /livez (is the process alive), /readyz (can it do its work), /metrics. */
import type { FastifyInstance } from 'fastify'
import { stalls } from './groups.ts'
import { metrics } from './metrics.ts'

/** By name, whether each dependency can be used now. Asked on every /readyz, so the answer must be at hand. */
export type Readiness = Readonly<Record<string, () => boolean>>

export const HEALTH_PATHS = ['/livez', '/readyz', '/metrics']

export function health(app: FastifyInstance, ready: Readiness, isStopping: () => boolean): void {
  app.get('/livez', { schema: { hide: true } as object }, async () => ({ alive: true }))
  app.get('/readyz', { schema: { hide: true } as object }, async (_request, reply) => {
    const dependencies = Object.fromEntries(Object.entries(ready).map(([name, check]) => [name, check() ? 'ready' : 'not ready']))
    const stopping = isStopping()
    const stalled = stalls().map(({ sinceMs, ...stall }) => ({ ...stall, since: new Date(sinceMs).toISOString() }))
    const all = !stopping && stalled.length === 0 && Object.values(dependencies).every((state) => state === 'ready')
    const body = { ready: all, stopping, dependencies, ...(stalled.length > 0 && { stalled }) }
    return reply.code(all ? 200 : 503).send(body)
  })
  app.get('/metrics', { schema: { hide: true } as object }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}
