/** What orchestrators and Prometheus ask for: /livez (is the process alive), /readyz (can it do its work), /metrics. */
import type { FastifyInstance } from 'fastify'
import { metrics } from './metrics.ts'

/**
 * Says of each dependency, by its name, whether it can be used now: true, else false, or why not and what to do.
 * Every /readyz asks, so the answer must be at hand.
 */
export type Readiness = Readonly<Record<string, () => boolean | string>>

export const HEALTH_PATHS = ['/livez', '/readyz', '/metrics']

export function health(app: FastifyInstance, ready: Readiness, isStopping: () => boolean): void {
  app.get('/livez', { schema: { hide: true } as object }, async () => ({ alive: true }))
  app.get('/readyz', { schema: { hide: true } as object }, async (_request, reply) => {
    const dependencies = Object.fromEntries(Object.entries(ready).map(([name, check]) => [name, stateOf(check())]))
    const stopping = isStopping()
    const all = !stopping && Object.values(dependencies).every((state) => state === 'ready')
    return reply.code(all ? 200 : 503).send({ ready: all, stopping, dependencies })
  })
  app.get('/metrics', { schema: { hide: true } as object }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}

function stateOf(answer: boolean | string): string {
  if (answer === true) return 'ready'
  return answer === false ? 'not ready' : `not ready: ${answer}`
}
