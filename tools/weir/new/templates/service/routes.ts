import { type Access, identify } from '@weir/service'
import type { FastifyInstance } from 'fastify'

export function routes(app: FastifyInstance, access: Access): void {
  app.get('/v1/example-thing', async (request) => {
    const client = identify(access, request)
    return { client: client.name ?? null }
  })
}
