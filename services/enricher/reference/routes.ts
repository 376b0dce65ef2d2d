import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KafkaError } from '@weir/kafka'
import { identify, mayWrite, type Access } from '@weir/service'
import { TOPIC, type Reference } from './reference.ts'

const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/
const params = {
  type: 'object',
  properties: { table: { type: 'string', pattern: NAME.source }, id: { type: 'string', pattern: NAME.source } },
}

/**
 * The reference tables over HTTP: read whole by every client with a key, changed one entry at a time by those that may write to the tables' topic.
 * A PUT that returned is stored; replicas follow within a second.
 */
export function referenceRoutes(reference: Reference, access: Access) {
  const reads = async (request: FastifyRequest): Promise<void> => void identify(access, request)
  const writes = async (request: FastifyRequest): Promise<void> => mayWrite(identify(access, request), TOPIC)
  return (app: FastifyInstance): void => {
    app.get<{ Params: { table: string } }>('/v1/reference/:table', { schema: { params }, onRequest: reads }, async ({ params: { table } }) =>
      Object.fromEntries(await reference.entries(table)))

    app.put<{ Params: { table: string, id: string } }>('/v1/reference/:table/:id', { schema: { params }, onRequest: writes, bodyLimit: 256 * 1024 }, async (request, reply) => {
      if (typeof request.body !== 'object' || request.body === null) {
        return reply.code(400).send({ code: 'not-an-object', message: 'Send the entry as a JSON object.' })
      }
      return store(reply, reference.put(request.params.table, request.params.id, request.body))
    })

    app.delete<{ Params: { table: string, id: string } }>('/v1/reference/:table/:id', { schema: { params }, onRequest: writes }, async (request, reply) =>
      store(reply, reference.put(request.params.table, request.params.id, null)))
  }
}

async function store(reply: FastifyReply, done: Promise<void>): Promise<FastifyReply> {
  try {
    await done
    return await reply.code(204).send()
  } catch (error) {
    if (!(error instanceof KafkaError) || !error.retriable) throw error
    return reply.code(503).header('retry-after', '1').send({ code: error.code, message: error.message })
  }
}
